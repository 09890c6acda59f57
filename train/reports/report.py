"""One HTML page per run: its training, its model's figures and worst mistakes, and other exported models.

The page shows pictures of the data set, which must not be published; by default it is written into the run's folder,
which git ignores.
"""

from __future__ import annotations

import json
import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, load_card
from monitor.settings import reader as settings
from monitor.system.wholefile import replace_text
from train.engine import recipe
from train.engine.recipe import Recipe
from train.engine.task import Score, Task
from train.reports import candidates, html, plots
from train.reports.candidates import Candidate
from train.reports.tables import group, number
from train.system import resources

log = logging.getLogger("train")


@dataclass(frozen=True, slots=True)
class Order:
    """The arguments of ``emotion-train report``.

    Attributes:
        run: Folder of the run, with ``recipe.yaml`` and ``history.json``.
        model: The .tflite exported from it.
        data: The data set to measure it on.
        split: The split.
        folders: Folders with other exported models to compare with.
        out: The page.
    """

    run: Path
    model: Path
    data: Path
    split: str
    folders: Sequence[Path]
    out: Path


def write(order: Order, task: Task[Any]) -> None:
    """Writes the page of a run.

    Args:
        order: Run, model, data and place.
        task: The run's task.

    Raises:
        ConfigError: No such run, no epoch finished, or the page cannot be written.
        ModelError: The model cannot be used.
    """
    run, model = order.run, order.model
    check(run)
    resources.make_folder(order.out.parent)
    trained = settings.load(recipe.Recipe, run / "recipe.yaml")
    history, card = _history(run), load_card(model, None)
    parts = [html.note(_machine(card)), *_belongs(trained, card, model)]
    minutes = sum(entry.get("seconds", 0) for entry in history) / 60
    parts += [
        html.heading(f"Training: {len(history)} of {trained.epochs} epochs, {minutes:.0f} minutes"),
        _curves(history, task),
        html.folded("the recipe", (run / "recipe.yaml").read_text()),
    ]
    measured = task.sections(model, order.data, order.split)
    parts += measured if measured is not None else [
        html.heading("Figures of the card"), html.listed(dict(group(card.metrics, "validation"))),
    ]  # fmt: skip
    parts += _compared(model, card, order.folders, task)
    text = html.page(f"Run {run.name}: {model.name} {card.version}", parts)
    with resources.writing(order.out):
        replace_text(order.out, text)
    warning = "" if measured is None else "; it shows pictures of the data set, which must not be published"
    log.info("%s: %.1f MB%s", order.out, len(text) / 1e6, warning)


def _curves(history: list[dict[str, Any]], task: Task[Any]) -> str:
    figure = plots.curves(history, task.curves)
    if figure is None:
        return html.note("No curves: this run was recovered from a model (emotion-train recover).")
    return html.chart(plots.as_uri(figure), "training curves")


def check(run: Path) -> None:
    """Refuses a folder that is not a run.

    Raises:
        ConfigError: It holds no recipe.
    """
    if not (run / "recipe.yaml").exists():
        raise ConfigError(f"{run}: is not a training run; make one with: emotion-train fit --out {run}")


def _history(run: Path) -> list[dict[str, Any]]:
    path = run / "history.json"
    try:
        history = json.loads(path.read_text())
    except (OSError, ValueError):
        history = None
    if not isinstance(history, list) or not history:
        raise ConfigError(f"{path}: holds no finished epoch; train first: emotion-train fit --out {run} --resume")
    return history


def _machine(card: ModelCard) -> str:
    cpu = platform.processor() or platform.machine()
    return (
        f"Model {card.name} {card.version}, sha256 {card.sha256[:12]}…; measured through the app's int8 path on "
        f"{platform.system()} {cpu}, {os.cpu_count()} cores, one thread."
    )


def _belongs(trained: Recipe, card: ModelCard, model: Path) -> list[str]:
    """A warning if the model's card has another recipe than the run."""
    made = card.training.get("recipe")
    if not isinstance(made, dict):
        return [html.note(f"The card of {model.name} does not name the recipe it was trained by.", warn=True)]
    now = settings.as_dict(trained)
    other = sorted(key for key in made if key in now and not _same(made[key], now[key]))
    if not other:
        return []
    text = f"{model.name} was trained by another recipe than this run (they differ in {', '.join(other)})"
    log.warning("%s; give the run's own export with --model", text)
    return [html.note(f"{text}: curves and figures do not belong together.", warn=True)]


def _same(made: Any, now: Any) -> bool:
    """Whether a card's recipe equals a run's; fields that one of them lacks do not count."""
    if isinstance(made, dict) and isinstance(now, dict):
        return all(_same(value, now[key]) for key, value in made.items() if key in now)
    return bool(made == now)


def _compared(model: Path, card: ModelCard, folders: Sequence[Path], task: Task[Any]) -> list[str]:
    paths = candidates.find([model.parent, *folders], card.labels)
    if all(load_card(path, None).sha256 != card.sha256 for path in paths):
        paths.insert(0, model)  # its file has another suffix
    found = candidates.measure(paths)
    found.sort(key=lambda c: c.ms)
    marked = next((n for n, c in enumerate(found) if c.card.sha256 == card.sha256), -1)
    rows = [_row(c, task.score) for c in found]
    heads = ("model", "version", task.score.title, "N", "kB", "MMAC", "parameters", "ms")
    scores = [_scored(c.card, task.score)[0] for c in found]
    points = [
        (c.name, c.ms, score, n == marked)
        for n, (c, score) in enumerate(zip(found, scores, strict=True))
        if score is not None
    ]
    ms = "ms per call, median, one thread"
    parts = [
        html.heading("All exported candidates"),
        html.note(
            "Scores are those of each model's own export, on validation. Milliseconds: median of "
            f"{candidates.ROUNDS * candidates.CALLS} calls on one thread, measured now; other work on the machine "
            "increases them."
        ),
        html.table(heads, rows, marked),
    ]
    if points:
        chart = plots.scatter(points, ms, task.score.title)
        parts.append(html.chart(plots.as_uri(chart), "score against ms"))
    return parts


def _row(candidate: Candidate, by: Score) -> list[str]:
    score, n = _scored(candidate.card, by)
    metrics = candidate.card.metrics
    return [
        candidate.name, candidate.card.version, number(score, 2), number(n, 0),
        f"{candidate.size / 1e3:,.0f}", number(metrics.get("mmac"), 1),
        number(metrics.get("parameters"), 0), f"{candidate.ms:.3f}",
    ]  # fmt: skip


def _scored(card: ModelCard, by: Score) -> tuple[float | None, int | None]:
    """A card's score in percent, and its N; None if the card has no such figure."""
    figures = group(card.metrics, "validation")
    value = figures.get(by.figure)
    return (100 * value if isinstance(value, (int, float)) else None), figures.get(by.count)
