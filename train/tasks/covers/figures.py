"""Figures of the cover network; TensorFlow is not needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.numeric import sigmoid
from monitor.networks.covers import COVERED_FROM, HALVES, CoverNet
from train.data.faceset import FaceSet
from train.reports.metrics import fit_temperature
from train.tasks.covers.coverings import Covering, check_coverings
from train.tasks.covers.drawing import COVERS
from train.tasks.keypoints.regions import CHECK_LIGHT

CHECKED = 400
"""Validation crops of each kind of cover; five times as many without one."""
BINS = 10


def figures(logits: NDArray[np.float32], made: list[Covering], temperature: float) -> dict[str, float | int]:
    """Figures of the detection of covers.

    Args:
        logits: (N, 2) of the halves.
        made: Their inputs.
        temperature: Divides the logits.

    Returns:
        For each kind the share of covered faces that are detected as covered in the covered half, for ``none`` the
        share of clear faces taken for covered in either half; ``ece`` over all halves with a label; N of each.
    """
    probability = np.vectorize(sigmoid)(logits / temperature)
    truth, kinds = np.stack([c.target for c in made]), np.array([c.kind for c in made])
    told = probability >= COVERED_FROM
    report: dict[str, float | int] = {}
    clear = (kinds == "none") & (truth == 0).all(axis=1)
    if clear.any():
        report["false"], report["false_n"] = round(float(told[clear].any(axis=1).mean()), 4), int(clear.sum())
    for kind in COVERS:
        mine = (kinds == kind)[:, None] & (truth == 1)
        if mine.any():
            report[kind], report[f"{kind}_n"] = round(float(told[mine].mean()), 4), int(mine.sum())
    counts = truth >= 0
    report["ece"], report["ece_n"] = round(calibration_error(probability[counts], truth[counts]), 4), int(counts.sum())
    return report


def calibration_error(probability: NDArray[np.float64], truth: NDArray[np.float32]) -> float:
    """Expected calibration error of binary answers over ``BINS`` equal bins of the probability."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [abs(float(probability[bins == b].sum() - truth[bins == b].sum())) for b in range(BINS)]
    return sum(gaps) / len(truth)


def temperature(logits: NDArray[np.float32], made: list[Covering]) -> float:
    """The temperature of both logits (``metrics.fit_temperature`` of covered against clear)."""
    truth = np.stack([c.target for c in made])
    counts = truth >= 0
    two = np.stack([np.zeros(int(counts.sum()), np.float32), logits[counts]], axis=1)
    return fit_temperature(two, (truth[counts] > 0.5).astype(np.int64))


def evaluate(model: Path, data: FaceSet, split: str) -> dict[str, float | int]:
    """``figures`` of a .tflite with a card, through the app's runtime.

    Raises:
        ConfigError: The split has no faces.
        ModelError: The model or its card cannot be used.
    """
    net = CoverNet(model)
    if not (data.split == split).any():
        raise ConfigError(f"{data.name}: has no faces in the split {split!r}")
    made = check_coverings(data, split, CHECKED, CHECK_LIGHT)
    logits = np.stack([net.logits(c.image) for c in made])
    assert logits.shape[1] == len(HALVES)
    return figures(logits, made, net.card.temperature)
