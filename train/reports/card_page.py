"""All model cards as one readable page, ``docs/MODEL_CARD.md``: made from the cards alone, held to them by a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.networks.card import ModelCard, load_card
from train.reports.tables import flat, group, number

TITLES = {
    "use": "Intended use", "not_for": "Not for", "limits": "Limits", "groups": "Groups of people", "law": "Law",
}  # fmt: skip
INPUTS = {
    "proposals": "parts of a shrunk gray frame on a tile of any size (multiples of 4), int8; faces of 12 to 26 pixels",
}
"""Inputs that are no crop of a box."""
HEAD = """# Model cards

Made from the cards beside the models by `python -m train cards`; edit `train/reports/cards.py` for the texts, and let
`python -m train evaluate --update-card` write the figures. *Validation* is data the recipe was chosen on, so expect
less elsewhere."""


def render(paths: Sequence[Path]) -> str:
    """All cards as one Markdown page.

    Raises:
        ModelError: A card is missing or damaged.
    """
    return "\n\n".join([HEAD, *(_card(path, load_card(path, None)) for path in paths)]) + "\n"


def _card(path: Path, card: ModelCard) -> str:
    m = card.metrics
    size = m.get("size_bytes", path.stat().st_size)
    turned = ", turned upright" if card.crop_align else ""
    turned += f", contrast evened to {card.crop_contrast:g} gray levels" if card.crop_contrast else ""
    per = " for a tile of 56×56 pixels" if card.name in INPUTS else ""
    facts = [
        ("file", f"`{path.name}`, {number(size, 0)} bytes, sha256 `{card.sha256[:16]}…`"),
        ("input", INPUTS[card.name])
        if card.name in INPUTS
        else (
            "input",
            f"one gray crop, {card.input_side}×{card.input_side}, int8; a box widened by {card.crop_margin:g} of its "
            f"side and moved down by {card.crop_shift_y:g}{turned}",
        ),
        ("outputs", f"{len(card.labels)}: {', '.join(card.labels)}"),
        ("cost", f"{m.get('mmac', '?')} million multiply-adds{per}, {number(m.get('parameters'), 0)} parameters"),
        ("temperature", f"{card.temperature:g}"),
    ]
    words = [f"**{TITLES.get(key, key)}.** {text}" for key, text in card.notes.items()]
    data = [f"**{key.capitalize()}.** {text}" for key, text in card.data.items()]
    figures = _figures(card)
    parts = [f"## {card.name}, version {card.version}", _table(("", ""), facts), *words]
    return "\n\n".join([*parts, "### Data and terms", *data, "### Figures", *figures, "### Training", _training(card)])


def _figures(card: ModelCard) -> list[str]:
    try:
        return FIGURES.get(card.name, _any_figures)(card)
    except (KeyError, TypeError, ValueError, AttributeError):
        return _any_figures(card)  # written by hand: whatever it tells


def _expression(card: ModelCard) -> list[str]:
    m, v = card.metrics, card.metrics["validation"]
    interval = v.get("accuracy_ci95")
    between = f" (95 %: {100 * interval[0]:.1f} to {100 * interval[1]:.1f})" if interval else ""
    rows: list[tuple[str, str, int]] = [
        ("accuracy, int8", f"{100 * v['accuracy']:.2f} %{between}", v["n"]),
        ("accuracy, float", _percent(m.get("float_accuracy")), v["n"]),
        *bias_rows(m.get("biases"), v["n"]),
        ("int8 agrees with float", _percent(m.get("int8_agreement")), v["n"]),
        ("mean recall", number(v["mean_recall"], 3), v["n"]),
        ("NLL; KL to the votes", f"{v['nll']:.3f}; {v['kl_to_votes']:.3f}", v["n"]),
        ("ECE after temperature", number(v["ece"], 4), v["n"]),
    ]
    crossed, eight = v.get("ece_cross_fitted"), v.get("eight_class") or {}
    if crossed is not None:
        rows.append(("ECE with the temperature of the other half of the rows", number(crossed, 4), v["n"]))
    if eight.get("n"):
        what = f"8-class rule: {eight['note']} (N = {eight['contempt_n']})"
        rows.append((what, _percent(eight["accuracy"]), eight["n"]))
    classes = [
        (name, row["n"], *(number(row[key], 2) for key in ("recall", "precision", "f1")))
        for name, row in v["per_class"].items()
    ]
    parts = [
        "Validation, 7 classes.",
        _table(("", "", "N"), rows),
        _table(("class", "N", "recall", "precision", "F1"), classes),
    ]
    return parts + (_robustness(v["corruptions"], v["consistency"]) if "corruptions" in v else [])


def bias_rows(biases: Any, n: int) -> list[tuple[str, str, int]]:
    """What the biases in the last layer are worth (``train.tasks.expression.export``); older cards tell of none."""
    names = (
        ("without", "float, without the biases fitted on these rows"),
        ("cross_fitted", "float, with those of other rows"),
    )
    rows = []
    for key, what in names:
        own = biases.get(key) if isinstance(biases, Mapping) else None
        if isinstance(own, Mapping) and {"accuracy", "mean_recall"} <= own.keys():
            rows.append((f"{what}; mean recall", f"{_percent(own['accuracy'])}; {number(own['mean_recall'], 3)}", n))
    return rows


def _robustness(corruptions: Mapping[str, Any], jitter: Mapping[str, Any]) -> list[str]:
    rows = [
        (name, f"{100 * kind['accuracy']:.1f}", f"{kind['lost']:.1f}", f"{kind['readings']:,}")
        for name, kind in corruptions["kinds"].items()
    ]
    rows.append(("mean", "", f"{corruptions['mean_lost']:.1f}", ""))
    return [
        f"Disturbed crops (`train/tasks/expression/robustness.py`), N = {corruptions['n']:,}:",
        _table(("disturbance", "accuracy %", "points lost", "readings"), rows),
        f"Box 5 % off (shifted in eight directions, too large, too small; N = {jitter['n']:,}, {jitter['boxes']} boxes "
        f"each): the same label in {_percent(jitter['same'])} of the readings, in all of them for "
        f"{_percent(jitter['always'])} of the faces.",
    ]


def _keypoints(card: ModelCard) -> list[str]:
    v = card.metrics["validation"]
    false = f"{_percent(v['false'])}; {_percent(v['false_accepted'])}"
    rows = [
        ("mean point error over the distance of the irises, yaw up to 30°", _percent(v["frontal"]), v["frontal_n"]),
        ("beyond", _percent(v["turned"]), v["turned_n"]),
        *_held(group(v, "held")),
        ("yaw, mean error", f"{number(v['yaw_error'], 1)}°", v["found_n"]),
        ("faces found", _percent(v["found"]), v["found_n"]),
        ("windows without a face taken for one; accepted by two looks", false, v["false_n"]),
        ("surely, without a cascade: faces", _percent(v.get("sure")), v["converged_n"]),
        ("the same, windows without a face", _percent(v.get("false_sure")), v["false_n"]),
        ("from a box 25 % off, within 10 % after two looks", _percent(v["converged"]), v["converged_n"]),
    ]
    parts = ["Validation, two looks from a box 5 % off.", _table(("", "", "N"), rows)]
    for title, key in (("source", "by_source"), ("yaw", "by_yaw"), ("point", "by_point")):
        if key in v:
            groups = [(name, _percent(row["error"]), row["n"]) for name, row in v[key].items()]
            parts.append(_table((title, "error", "N"), groups))
    return parts


def _held(v: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Rows of labels that their own maker does not contradict (``train.data.doubts``); none in older cards."""
    if not v:
        return []
    return [
        ("… labels that their own maker does not contradict, up to 30°", _percent(v["frontal"]), v["frontal_n"]),
        ("… beyond", _percent(v["turned"]), v["turned_n"]),
    ]


def _any_figures(card: ModelCard) -> list[str]:
    shown = {key: value for key, value in card.metrics.items() if key != "float"}
    return [_table(("figure", ""), flat(shown))]


FIGURES = {"emotion": _expression, "keypoints": _keypoints}


def _training(card: ModelCard) -> str:
    made = card.training
    network = group(group(made, "recipe"), "network")
    return (
        f"{made.get('epochs', '?')} epochs, {made.get('minutes', '?')} minutes on two cores; channels "
        f"{network.get('channels', '?')}, blocks {network.get('blocks', '?')}; the whole recipe stands in the card."
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        lines.append(f"| {' | '.join(_cell(value) for value in row)} |")
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")
