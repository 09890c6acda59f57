"""Figures of the eye network; TensorFlow is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.eyes import EyeNet
from train.data.eyeset import OPEN, SHUT, EyeSet, middle
from train.reports.metrics import fit_temperature

CLEAR_SHUT, CLEAR_OPEN = 0.12, 0.25
"""Lid distances over eye width up to which, and from which, an eye counts as clearly shut or open."""
SOURCES = ("mrl", "cew", "kaggle", "faces", "driver", "fer", "none")
"""Sources of eyes; "none" shows other parts of faces."""


def figures(logits: NDArray[np.float32], data: EyeSet, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy of shut against open by source, and of eyes against other places.

    Args:
        logits: (N, 2) of openness and visibility.
        data: The set.
        rows: (N,) the row in the set of each logit.

    Returns:
        ``cew``: accuracy over all its eyes. ``mrl``: mean accuracy over its subjects. ``kaggle``, ``faces``,
        ``driver``, ``fer``: mean of the accuracies among shut and among open eyes, for the last three without eyes
        whose reference openness is unclear. ``visible`` and ``ghosts``: share of eyes, and of other places, taken for
        an eye. N of each.
    """
    opened, source, person = data.opened[rows], data.source[rows], data.person[rows]
    seen = data.visible[rows] > 0.5
    truth = opened >= 0.5
    right = (logits[:, 0] > 0) == truth
    report: dict[str, Any] = {}
    subjects = {}
    clear = (opened <= (CLEAR_SHUT - SHUT) / (OPEN - SHUT)) | (opened >= (CLEAR_OPEN - SHUT) / (OPEN - SHUT))
    for name in SOURCES:
        mine = seen & (source == name) & clear
        if not mine.any():
            continue
        if name == "mrl":
            subjects = {str(p): _share(right[mine & (person == p)]) for p in sorted(set(person[mine]))}
            report["mrl"] = round(float(np.mean(list(subjects.values()))), 4)
            report["mrl_subjects"] = subjects
        elif name == "cew":
            report["cew"] = _share(right[mine])
        else:
            halves = [right[mine & half] for half in (truth, ~truth)]
            report[name] = round(float(np.mean([h.mean() for h in halves if len(h)])), 4)
            report[f"{name}_shut_n"] = len(halves[1])
        report[f"{name}_n"] = int(mine.sum())
    report["visible"], report["visible_n"] = _share(logits[seen, 1] > 0), int(seen.sum())
    report["ghosts"], report["ghosts_n"] = _share(logits[~seen, 1] > 0), int((~seen).sum())
    return report


def _share(values: NDArray[np.bool_]) -> float:
    return round(float(values.mean()), 4) if len(values) else float("nan")


def temperature(logits: NDArray[np.float32], data: EyeSet, rows: NDArray[np.int64]) -> float:
    """Temperature of the openness logit (``metrics.fit_temperature`` of shut against open)."""
    seen = data.visible[rows] > 0.5
    two = np.stack([np.zeros(int(seen.sum()), np.float32), logits[seen, 0]], axis=1)
    return fit_temperature(two, (data.opened[rows][seen] >= 0.5).astype(np.int64))


def evaluate(model: Path, data: EyeSet, split: str) -> dict[str, Any]:
    """``figures`` of a .tflite with a card, through the app's runtime.

    Raises:
        ConfigError: The split has no eyes.
        ModelError: The model or its card cannot be used.
    """
    net = EyeNet(model)
    rows = np.flatnonzero(data.split == split)
    if not len(rows):
        raise ConfigError(f"{data.name}: has no eyes in the split {split!r}")
    logits = np.stack([net.logits(c) for c in middle(data.images[rows])])
    return figures(logits, data, rows)
