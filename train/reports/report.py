"""One HTML page per run: how it was trained, how its model reads, where it fails, what it costs.

The page shows pictures of the data set, which must not be passed on: it is written into the run's
folder, which git ignores, unless told otherwise.
"""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, load_card
from monitor.settings import reader as settings
from monitor.system.wholefile import replace_text
from train.engine import recipe, resources
from train.engine.recipe import Recipe
from train.reports import candidates, html, plots
from train.reports import parts as report_parts
from train.reports.candidates import Candidate
from train.reports.tables import group, number

log = logging.getLogger("train")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a report of one task needs.

    Attributes:
        curves: History keys that share a chart.
        measure: From model, data and split to the sections about it, or None where only its card speaks.
        score: From a card to what candidates are compared by, and its N.
        score_name: What that is, for people.
    """

    curves: tuple[tuple[str, ...], ...]
    measure: Callable[[Path, Path, str], list[str]] | None
    score: Callable[[ModelCard], tuple[float | None, int | None]]
    score_name: str


def _hundredfold(value: Any) -> float | None:
    """A share in percent; None where a card has none, or no number."""
    return 100 * value if isinstance(value, (int, float)) else None


def _accuracy(card: ModelCard) -> tuple[float | None, int | None]:
    figures = group(card.metrics, "validation")
    value = figures.get("accuracy")
    return _hundredfold(value), figures.get("n")


def _eyes(card: ModelCard) -> tuple[float | None, int | None]:
    figures = group(card.metrics, "validation")
    value = figures.get("mrl")
    return _hundredfold(value), figures.get("mrl_n")


def _point_error(card: ModelCard) -> tuple[float | None, int | None]:
    figures = group(card.metrics, "validation")
    value = figures.get("frontal")
    return _hundredfold(value), figures.get("frontal_n")


def _found(card: ModelCard) -> tuple[float | None, int | None]:
    figures = group(card.metrics, "validation")
    value = figures.get("found")
    return _hundredfold(value), figures.get("found_n")


KINDS = {
    "expression": Kind(
        (("loss",), ("validation_accuracy", "validation_mean_recall")),
        report_parts.expression, _accuracy, "accuracy %",
    ),
    "keypoints": Kind(
        (("loss",), ("error", "error_turned", "eye_error", "mouth_error"), ("yaw_error",), ("false",)),
        report_parts.keypoint_sections, _point_error, "point error %, frontal",
    ),
    "eyes": Kind(
        (("loss",), ("mrl", "cew", "faces", "driver", "fer", "visible"), ("ghosts",)),
        None, _eyes, "accuracy %, MRL's held-out persons",
    ),
    "proposals": Kind(
        (("loss",), ("found",), ("false",), ("place", "size")),
        None, _found, "faces found %, disturbed scenes",
    ),
}  # fmt: skip


def write(run: Path, model: Path, data: Path, split: str, folders: Sequence[Path], out: Path) -> None:
    """Writes the page of a run.

    Args:
        run: Folder of the run, with ``recipe.yaml`` and ``history.json``.
        model: The .tflite exported from it.
        data: What to measure it on.
        split: Which split.
        folders: Where to look for other exported models to compare with.
        out: The page.

    Raises:
        ConfigError: No such run, no epoch finished, or the page cannot be written.
        ModelError: The model cannot be used.
    """
    check(run)
    resources.make_folder(out.parent)
    trained = settings.load(recipe.Recipe, run / "recipe.yaml")
    kind, history, card = KINDS[trained.task], _history(run), load_card(model, None)
    parts = [html.note(_machine(card)), *_belongs(trained, card, model)]
    minutes = sum(entry.get("seconds", 0) for entry in history) / 60
    parts += [
        html.heading(f"Training: {len(history)} of {trained.epochs} epochs, {minutes:.0f} minutes"),
        _curves(history, kind),
        html.folded("the recipe", (run / "recipe.yaml").read_text()),
    ]
    if kind.measure is not None:
        parts += kind.measure(model, data, split)
    else:
        parts += [html.heading("Figures of the card"), report_parts.listed(dict(group(card.metrics, "validation")))]
    parts += _compared(model, card, folders, kind)
    text = html.page(f"Run {run.name}: {model.name} {card.version}", parts)
    with resources.writing(out):
        replace_text(out, text)
    warning = "" if kind.measure is None else "; it shows pictures of the data set, which must not be passed on"
    log.info("%s: %.1f MB%s", out, len(text) / 1e6, warning)


def _curves(history: list[dict[str, Any]], kind: Kind) -> str:
    figure = plots.curves(history, kind.curves)
    if figure is None:
        return html.note("No curves: this run was made anew from a model (train recover).")
    return html.chart(plots.as_uri(figure), "training curves")


def check(run: Path) -> None:
    """Refuses a folder that is no run.

    Raises:
        ConfigError: It holds no recipe.
    """
    if not (run / "recipe.yaml").exists():
        raise ConfigError(f"{run}: is no training run; make one with: python -m train fit --out {run}")


def _history(run: Path) -> list[dict[str, Any]]:
    path = run / "history.json"
    try:
        history = json.loads(path.read_text())
    except (OSError, ValueError):
        history = None
    if not isinstance(history, list) or not history:
        raise ConfigError(f"{path}: holds no finished epoch; train first: python -m train fit --out {run} --resume")
    return history


def _machine(card: ModelCard) -> str:
    cpu = platform.processor() or platform.machine()
    return (
        f"Model {card.name} {card.version}, sha256 {card.sha256[:12]}…; measured through the app's int8 path on "
        f"{platform.system()} {cpu}, {os.cpu_count()} cores, one thread."
    )


def _belongs(trained: Recipe, card: ModelCard, model: Path) -> list[str]:
    """A warning where the model's card names another recipe than the run's."""
    made = card.training.get("recipe")
    if not isinstance(made, dict):
        return [html.note(f"The card of {model.name} does not say by which recipe it was made.", warn=True)]
    now = settings.as_dict(trained)
    other = sorted(key for key in made if key in now and not _same(made[key], now[key]))
    if not other:
        return []
    text = f"{model.name} was made by another recipe than this run's (they differ in {', '.join(other)})"
    log.warning("%s; name the run's own export with --model", text)
    return [html.note(f"{text}: curves and figures do not belong together.", warn=True)]


def _same(made: Any, now: Any) -> bool:
    """Whether what an older card tells of a recipe is still so; fields that came later are none of it."""
    if isinstance(made, dict) and isinstance(now, dict):
        return all(_same(value, now[key]) for key, value in made.items() if key in now)
    return bool(made == now)


def _compared(model: Path, card: ModelCard, folders: Sequence[Path], kind: Kind) -> list[str]:
    paths = candidates.find([model.parent, *folders], card.labels)
    if all(load_card(path, None).sha256 != card.sha256 for path in paths):
        paths.insert(0, model)  # its name does not end like the others'
    found = candidates.measure(paths)
    found.sort(key=lambda c: c.ms)
    marked = next((n for n, c in enumerate(found) if c.card.sha256 == card.sha256), -1)
    rows = [_row(c, kind) for c in found]
    heads = ("model", "version", kind.score_name, "N", "kB", "MMAC", "parameters", "ms")
    scores = [kind.score(c.card)[0] for c in found]
    points = [
        (c.name, c.ms, score, n == marked)
        for n, (c, score) in enumerate(zip(found, scores, strict=True))
        if score is not None
    ]
    ms = "ms per call, median, one thread"
    parts = [
        html.heading("All exported candidates"),
        html.note(
            f"Scores are those of each one's own export, on validation. Milliseconds: median of "
            f"{candidates.ROUNDS * candidates.CALLS} "
            "calls on one thread, measured now; other work on the machine lengthens them."
        ),
        html.table(heads, rows, marked),
    ]
    if points:
        chart = plots.scatter(points, ms, kind.score_name)
        parts.append(html.chart(plots.as_uri(chart), "score against ms"))
    return parts


def _row(candidate: Candidate, kind: Kind) -> list[str]:
    score, n = kind.score(candidate.card)
    metrics = candidate.card.metrics
    return [
        candidate.name, candidate.card.version, number(score, 2), number(n, 0),
        f"{candidate.size / 1e3:,.0f}", number(metrics.get("mmac"), 1),
        number(metrics.get("parameters"), 0), f"{candidate.ms:.3f}",
    ]  # fmt: skip
