"""Files written by ``evaluate`` and ``predict``: pictures, report.json, figures in the card."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import card_path, load_card
from monitor.system.wholefile import replace_text
from train.engine.task import Evaluate
from train.reports import plots
from train.reports.predict import Reading
from train.system import resources

log = logging.getLogger("train")

GRID_COLUMNS = 4


def plain(order: Evaluate, figures: dict[str, Any]) -> dict[str, Any]:
    """Writes figures without pictures as ``report.json``, with model, data and split."""
    head = {"model": load_card(order.model, None).version, "data": order.data[0].name, "split": order.split}
    return written(head | figures, {}, order.out)


def written(report: dict[str, Any], pictures: dict[str, Figure], out: Path) -> dict[str, Any]:
    """Writes pictures and ``report.json`` into a folder and adds the pictures' paths to the report.

    Raises:
        ConfigError: A file cannot be written.
    """
    for name, figure in pictures.items():
        plots.save(figure, out / f"{name}.png")
    report["pictures"] = {name: str(out / f"{name}.png") for name in pictures}
    with resources.writing(out / "report.json"):
        replace_text(out / "report.json", json.dumps(report, indent=1) + "\n")
    log.info("%s: %s", out, ", ".join([*(f"{name}.png" for name in pictures), "report.json"]))
    return report


def update_card(model: Path, report: dict[str, Any], split: str) -> None:
    """Writes a report's figures into the card; model, sha256 and version are kept.

    Figures that the report lacks (disturbed crops, if they were not measured) keep their earlier values.

    Raises:
        ConfigError: The figures are of another split or another data set than the card's.
    """
    if split != "validation":
        raise ConfigError(f"--update-card: a card holds the figures of the split validation (got {split})")
    card = load_card(model, None)
    left_out = ("model", "split", "pictures", "reliability", "int8_agreement", "data", "skipped")
    spoken_of = str(card.data.get("validation", ""))
    if sorted(card.labels) == sorted(EMOTIONS) and not spoken_of.startswith(f"{report['data']}:"):
        raise ConfigError(
            f"--update-card: the card of {model.name} holds the figures of {spoken_of.partition(':')[0] or 'no set'}, "
            f"these are of {report['data']}; leave --update-card out, or give --data"
        )
    figures = {k: v for k, v in report.items() if k not in left_out}
    own = card.metrics | {"validation": {**card.metrics.get("validation", {}), **figures}}
    with resources.writing(card_path(model)):
        replace(card, metrics=own).save(card_path(model))
    log.info("%s: figures updated", card_path(model))


def save_grid(readings: Sequence[Reading], path: Path) -> None:
    """Draws the faces, each with the bars of its probabilities, into a PNG."""
    titles = []
    for r in readings:
        verdict = f"\nknown: {r.truth} ({'right' if r.truth == r.label else 'WRONG'})" if r.truth else ""
        titles.append(r.short + verdict)
    columns = min(GRID_COLUMNS, len(readings))
    shown = {r.labels for r in readings}.pop()
    bars = np.stack([r.probs for r in readings])
    plots.save(plots.readings([r.crop for r in readings], bars, titles, columns, shown), path)
    log.info("%s: %d faces", path, len(readings))
