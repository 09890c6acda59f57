"""What the looking commands leave behind: pictures, report.json, figures in the card."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import card_path, load_card
from monitor.system.wholefile import replace_text
from train.data import keypoints
from train.data.datasets import Dataset
from train.engine import resources
from train.reports import evaluate, metrics, plots
from train.reports.predict import Reading
from train.tasks.keypoints import figures as keypoint_figures

log = logging.getLogger("train")

GRID_COLUMNS = 4


def evaluate_expression(
    model: Path, data: Dataset, split: str, out: Path, *, robust: bool, prior: str
) -> dict[str, Any]:
    """Measures an expression model and writes ``confusion.png``, ``reliability.png`` and ``report.json``.

    Returns:
        The report; its ``pictures`` name the files.
    """
    measured = evaluate.measure(model, data, split, robust=robust, prior=prior)
    report = measured.report
    name = f"{report['model']}, {report['data']} {split}, N = {report['n']}"
    bins = metrics.reliability(measured.probs, measured.rows.truth)
    pictures = {
        "confusion": plots.confusion(report["confusion"], f"{name}\naccuracy {100 * report['accuracy']:.2f} %"),
        "reliability": plots.reliability(bins, f"{name}\nECE {report['ece']:.4f}"),
    }
    if robust:
        pictures["corruptions"] = plots.corruptions(report["corruptions"], report["accuracy"])
    report["reliability"] = [asdict(b) for b in bins if b.n]
    return _written(report, pictures, out)


def evaluate_keypoints(model: Path, data: Path, split: str, out: Path) -> dict[str, Any]:
    """Measures a keypoint model and writes ``by_yaw.png``, ``by_point.png`` and ``report.json``."""
    report = keypoint_figures.measure(model, keypoints.load(data), split).report
    name = f"{report['model']}, {report['data']} {split}"
    pictures = {key: plots.errors(report[key], f"{name}\n{key.replace('_', ' ')}") for key in ("by_yaw", "by_point")}
    return _written(report, pictures, out)


def evaluate_proposals(model: Path, data: Path, split: str, out: Path) -> dict[str, Any]:
    """Measures a proposal model and writes ``report.json``."""
    from train.tasks.proposals import task as proposals  # needs TensorFlow, which the others do not

    head = {"model": load_card(model, None).version, "data": data.name, "split": split}
    return _written(head | proposals.evaluate(model, keypoints.load(data), split), {}, out)


def evaluate_eyes(model: Path, data: Path, split: str, out: Path) -> dict[str, Any]:
    """Measures an eye model and writes ``report.json``."""
    from train.data import eyeset  # needs TensorFlow, which the others do not
    from train.tasks.eyes import task as eyes  # needs TensorFlow, which the others do not

    head = {"model": load_card(model, None).version, "data": data.name, "split": split}
    return _written(head | eyes.evaluate(model, eyeset.load(data), split), {}, out)


def _written(report: dict[str, Any], pictures: dict[str, Figure], out: Path) -> dict[str, Any]:
    for name, figure in pictures.items():
        plots.save(figure, out / f"{name}.png")
    report["pictures"] = {name: str(out / f"{name}.png") for name in pictures}
    with resources.writing(out / "report.json"):
        replace_text(out / "report.json", json.dumps(report, indent=1) + "\n")
    log.info("%s: %s", out, ", ".join([*(f"{name}.png" for name in pictures), "report.json"]))
    return report


def update_card(model: Path, report: dict[str, Any], split: str) -> None:
    """Writes a report's figures into the card; the model, its sha256 and its version stay as they are.

    What the report leaves out (disturbed crops, where they were not asked for) stays as it was measured before.

    Raises:
        ConfigError: The figures are of another split or another data set than the one the card speaks of.
    """
    if split != "validation":
        raise ConfigError(f"--update-card: a card has the figures of the split validation (got {split})")
    card = load_card(model, None)
    left_out = ("model", "split", "pictures", "reliability", "int8_agreement", "data", "skipped")
    spoken_of = str(card.data.get("validation", ""))
    if sorted(card.labels) == sorted(EMOTIONS) and not spoken_of.startswith(f"{report['data']}:"):
        raise ConfigError(
            f"--update-card: the card of {model.name} has the figures of {spoken_of.partition(':')[0] or 'no set'}, "
            f"these are of {report['data']}; leave --update-card out, or give --data"
        )
    figures = {k: v for k, v in report.items() if k not in left_out}
    own = card.metrics | {"validation": {**card.metrics.get("validation", {}), **figures}}
    with resources.writing(card_path(model)):
        replace(card, metrics=own).save(card_path(model))
    log.info("%s: figures written", card_path(model))


def save_grid(readings: Sequence[Reading], path: Path) -> None:
    """Draws each face with its seven bars into a PNG."""
    titles = []
    for r in readings:
        verdict = f"\nknown: {r.truth} ({'right' if r.truth == r.label else 'WRONG'})" if r.truth else ""
        titles.append(r.short + verdict)
    columns = min(GRID_COLUMNS, len(readings))
    plots.save(plots.readings([r.crop for r in readings], np.stack([r.probs for r in readings]), titles, columns), path)
    log.info("%s: %d faces", path, len(readings))
