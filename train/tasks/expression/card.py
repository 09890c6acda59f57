"""Texts and figures of the expression network's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.networks.card import ModelCard
from train.reports.cards import LAW
from train.reports.markdown import percent, table
from train.reports.tables import group, number

NOTES = {
    "use": "Names the expression that a face shows in a near-frontal gray crop, as a distribution over seven words; "
    "not what the person feels. For research, accessibility, art, and self-observation with consent.",
    "not_for": "Decisions about people: hiring, grading, policing, credit, diagnosis, lie detection. Watching people "
    "who do not know about it. Taking a single frame as a fact: a scowl often means concentration.",
    "limits": "Trained on web photographs, many of them posed, labelled by annotators. Disgust and "
    "fear are read worst. The data sets disagree on where neutral ends, so figures differ by source (table). There is "
    "no class for contempt. Compression, blur, small faces and overexposure cost most (table of disturbed crops). Not "
    "measured: yaw beyond about 30 degrees, infra-red light, masks. The program itself reads no expression beyond 45 "
    "degrees.",
    "groups": "Accuracy by age, sex and skin group is not measured: the data sets have no such labels. Expect it to be "
    "unequal; measure it on your own people before you rely on it.",
    "law": LAW,
}
OTHER = NOTES | {
    "limits": "The limits of its training data are not known to this program: read the figures of each class and the "
    "table of disturbed crops. Compression, blur, small faces and overexposure cost most in the networks measured so "
    "far. The program reads no expression beyond 45 degrees of yaw.",
    "groups": "Accuracy by age, sex and skin group is not measured. Expect it to be unequal; measure it on your own "
    "people before you rely on it.",
}
"""Texts for a network trained on data other than FER2013."""


def is_fer(name: str) -> bool:
    """Whether a data set is FER2013, judged by its name."""
    return name.lower().startswith("fer2013")


SOURCES = {"rafdb": "RAF-DB", "affectnet": "AffectNet", "expw": "ExpW"}
"""Sources for non-commercial research only, by their names in a joined set."""


def terms(name: str, *, voted: bool, sources: Sequence[str] = ()) -> str:
    """Terms of use of a data set of expressions.

    Args:
        name: The data set's name.
        voted: Whether its labels are a crowd's votes.
        sources: The sources of a joined set.
    """
    if voted or is_fer(name):
        votes = " FER+ votes: MIT licence (Microsoft)." if voted else ""
        own = f"FER2013: Kaggle challenge data, research use.{votes}"
    else:
        own = f"{name}: under its publisher's terms, which this program does not know."
    research = ", ".join(SOURCES[source] for source in sources if source in SOURCES)
    if not research:
        return own
    return f"{own} {research}: for non-commercial research only, which also applies to networks trained on them."


def current_notes(card: ModelCard) -> Mapping[str, str] | None:
    """The current texts; None for a card of other data, which may have its author's own texts."""
    return NOTES if is_fer(str(card.data.get("training", ""))) else None


def figures(card: ModelCard) -> list[str]:
    """The card's figures as Markdown blocks.

    Raises:
        KeyError, TypeError: The card has other figures.
    """
    m, v = card.metrics, card.metrics["validation"]
    interval = v.get("accuracy_ci95")
    between = f" (95 %: {100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else ""
    rows: list[tuple[str, str, int]] = [
        ("accuracy, int8", f"{100 * v['accuracy']:.2f} %{between}", v["n"]),
        ("accuracy, float", percent(m.get("float_accuracy")), v["n"]),
        *bias_rows(m.get("biases"), v["n"]),
        ("int8 agrees with float", percent(m.get("int8_agreement")), v["n"]),
        ("mean recall", number(v["mean_recall"], 3), v["n"]),
        ("NLL; KL to the votes", f"{v['nll']:.3f}; {v['kl_to_votes']:.3f}", v["n"]),
        ("ECE with the temperature", number(v["ece"], 4), v["n"]),
    ]
    crossed, eight = v.get("ece_cross_fitted"), v.get("eight_class") or {}
    if crossed is not None:
        rows.append(("ECE with the temperature fitted on the other half of the rows", number(crossed, 4), v["n"]))
    if eight.get("n"):
        what = f"8-class rule: {eight['note']} (N = {eight['contempt_n']})"
        rows.append((what, percent(eight["accuracy"]), eight["n"]))
    classes = [
        (name, row["n"], *(number(row[key], 2) for key in ("recall", "precision", "f1")))
        for name, row in v["per_class"].items()
    ]
    together = "Validation, 7 classes, all sources together, prior *balanced*."
    parts = [
        *([CROSSED] if "priors" in m else []),
        *_by_prior(group(m, "priors")),
        together if "priors" in m else "Validation, 7 classes.",
        table(("", "", "N"), rows),
        table(("class", "N", "recall", "precision", "F1"), classes),
    ]
    return parts + (_robustness(v["corruptions"], v["consistency"]) if "corruptions" in v else [])


CROSSED = "Tables by source: biases and temperature of other rows; the columns of the classes are recalls."
PRIORS = {
    "balanced": "Prior *balanced*, the default: all expressions equally frequent, neutral favoured until it is "
    "recognised often enough on the sources that the prior is fitted on.",
    "web": "Prior *web* (`emotion.prior: web`): expressions as frequent as in FER2013.",
}


def _by_prior(priors: Mapping[str, Any]) -> list[str]:
    """For each prior a table by source, with biases and temperature fitted on other rows."""
    parts = []
    for name, told in priors.items():
        crossed, fitted = told["cross_fitted"], told["figures"]
        rows = [
            (source, row["n"], percent(row["accuracy"]), number(row["mean_recall"], 3), number(row["ece"], 3),
             *(number(recall, 2) for recall in row["recall"].values()))
            for source, row in crossed["each"].items()
        ]  # fmt: skip
        labels = next(iter(crossed["each"].values()))["recall"]
        parts += [
            f"{PRIORS.get(name, f'Prior *{name}*.')} Mean over the sources of the mean recall: "
            f"**{number(crossed['mean_recall'], 3)}** with biases fitted on other rows, "
            f"{number(fitted['mean_recall'], 3)} on the rows they were fitted on.",
            table(("source", "N", "accuracy", "mean recall", "ECE", *labels), rows),
        ]
    return parts


def bias_rows(biases: Any, n: int) -> list[tuple[str, str, int]]:
    """Effect of the biases of the last layer (``train.tasks.expression.export``); empty for older cards."""
    names = (
        ("without", "float, without the biases fitted on these rows"),
        ("cross_fitted", "float, with biases fitted on other rows"),
    )
    rows = []
    for key, what in names:
        own = biases.get(key) if isinstance(biases, Mapping) else None
        if isinstance(own, Mapping) and {"accuracy", "mean_recall"} <= own.keys():
            rows.append((f"{what}; mean recall", f"{percent(own['accuracy'])}; {number(own['mean_recall'], 3)}", n))
    return rows


def _robustness(corruptions: Mapping[str, Any], jitter: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, f"{100 * kind['accuracy']:.1f}", f"{kind['lost']:.1f}", f"{kind['readings']:,}")
        for name, kind in corruptions["kinds"].items()
    ]
    rows.append(("mean", "", f"{corruptions['mean_lost']:.1f}", ""))
    return [
        f"Disturbed crops (`train/tasks/expression/robustness.py`), N = {corruptions['n']:,}:",
        table(("disturbance", "accuracy %", "points lost", "readings"), rows),
        f"Box 5 % off (shifted in eight directions, too large, too small; N = {jitter['n']:,} faces, {jitter['boxes']} "
        f"boxes each): the label is the same in {percent(jitter['same'])} of the readings, and in all of them for "
        f"{percent(jitter['always'])} of the faces.",
    ]
