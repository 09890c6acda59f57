"""FER+ crowd votes: from the votes of ten people to training targets and to the label used for testing.

Source: E. Barsoum et al., "Training Deep Networks for Facial Expression Recognition with
Crowd-Sourced Label Distribution", ICMI 2016 (FER+), and its published reference code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
TO_EMOTIONS = (4, 5, 6, 1, 3, 2, 0)
"""Vote columns in the order of ``monitor.core.labels.EMOTIONS``."""
CONTEMPT, UNKNOWN, NO_FACE = 7, 8, 9


def without_outliers(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Votes (N, 10) with single votes set to 0, as in the FER+ reference code."""
    return np.where(votes <= 1, 0, votes)


def majority(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels by the FER+ majority rule.

    Single votes are dropped. The top answer must have more than half of the remaining votes, and rows whose top answer
    is unknown, no face or contempt do not count.

    Args:
        votes: (N, 10) counts in the order of ``VOTE_COLUMNS``.

    Returns:
        (N,) class index in the order of ``EMOTIONS``, or -1 if the row does not count.
    """
    kept = without_outliers(votes)
    top = kept.argmax(axis=1)
    clear = kept.max(axis=1) > 0.5 * kept.sum(axis=1)
    to_label = np.full(len(VOTE_COLUMNS), -1)
    to_label[list(TO_EMOTIONS)] = np.arange(len(TO_EMOTIONS))
    return np.where(clear, to_label[top], -1)


def contempt(votes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows (N,) whose label by the same rule is contempt; they count only among eight classes."""
    kept = without_outliers(votes)
    return np.asarray((kept.argmax(axis=1) == CONTEMPT) & (kept.max(axis=1) > 0.5 * kept.sum(axis=1)))


def targets(votes: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Vote distributions over the seven classes, and the rows used for training.

    "Unknown" votes are spread evenly over the classes. Rows that most people called unknown, no face or contempt are
    not used.

    Args:
        votes: (N, 10) counts in the order of ``VOTE_COLUMNS``.

    Returns:
        (N, 7) float32 rows that sum to 1, and (N,) bool.
    """
    kept = without_outliers(votes)
    kept = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, votes)
    emotions = kept[:, list(TO_EMOTIONS)].astype(np.float32)
    known = emotions.sum(axis=1)
    usable = (known > 0) & (known > 0.5 * kept.sum(axis=1))
    spread = emotions + (kept[:, UNKNOWN] / emotions.shape[1])[:, None]
    total = np.maximum(spread.sum(axis=1, keepdims=True), 1e-6)
    return (spread / total).astype(np.float32), usable
