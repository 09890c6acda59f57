"""Figures by source: a model is compared by the mean over all measured sets, not by one set's accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from train.reports import metrics


def by_source(
    logits: metrics.Array, probs: metrics.Array, truth: NDArray[np.int64], source: NDArray[np.str_]
) -> dict[str, Any]:
    """Figures of each source and the mean of their mean recalls.

    Args:
        logits: (N, 7) logits that decide the label.
        probs: (N, 7) calibrated probabilities of the same rows.
        truth: (N,) classes.
        source: (N,) names of the sources.

    Returns:
        ``mean_recall``: the mean over the sources of the mean recall over the classes, ``least_neutral`` and
        ``least_angry``: the smallest recall over the sources, and ``each``: for each source n, accuracy, mean_recall,
        ece and the recall of each class (None where it has no rows).
    """
    each: dict[str, Any] = {}
    for name in sorted(set(source.tolist())):
        own = source == name
        recall = metrics.recalls(logits[own], truth[own])
        each[name] = {
            "n": int(own.sum()),
            "accuracy": round(metrics.accuracy(logits[own], truth[own]), 4),
            "mean_recall": round(float(np.nanmean(recall)), 4),
            "ece": round(metrics.expected_calibration_error(probs[own], truth[own]), 4),
            "recall": {
                label: round(float(r), 4) if np.isfinite(r) else None for label, r in zip(EMOTIONS, recall, strict=True)
            },
        }
    return {
        "mean_recall": round(float(np.mean([row["mean_recall"] for row in each.values()])), 4),
        "least_neutral": _least(each, "neutral"),
        "least_angry": _least(each, "angry"),
        "each": each,
    }


def _least(each: dict[str, Any], label: str) -> float | None:
    known = [row["recall"][label] for row in each.values() if row["recall"][label] is not None]
    return min(known, default=None)
