"""Figures of merit for a classifier that returns a distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32] | NDArray[np.float64]


def softmax(logits: Array, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, K) of logits divided by ``temperature``."""
    z = np.asarray(logits, dtype=np.float64) / temperature
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def accuracy(scores: Array, truth: NDArray[np.int64]) -> float:
    """Share of rows whose top score is the true class."""
    return float((scores.argmax(axis=1) == truth).mean())


def confusion(scores: Array, truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """(K, K) counts; rows are true classes, columns predicted ones."""
    k = scores.shape[1]
    return np.bincount(truth * k + scores.argmax(axis=1), minlength=k * k).reshape(k, k).astype(np.int64)


def recalls(scores: Array, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) recall of each class; NaN for a class without rows."""
    table = confusion(scores, truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(table.diagonal() / table.sum(axis=1))


def mean_recall(scores: Array, truth: NDArray[np.int64]) -> float:
    """Mean of ``recalls`` over the classes that occur."""
    return float(np.nanmean(recalls(scores, truth)))


def nll(probs: Array, truth: NDArray[np.int64], weights: Array | None = None) -> float:
    """Mean negative log-likelihood of the true class, in nats; rows are weighted by the (N,) weights if given."""
    each = -np.log(np.maximum(probs[np.arange(len(truth)), truth], 1e-12))
    return float(each.mean() if weights is None else (each * weights).sum() / weights.sum())


def kl_to_votes(probs: Array, votes: Array) -> float:
    """Mean Kullback-Leibler divergence from the crowd's to the predicted distribution, in nats."""
    p = np.asarray(votes, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / np.maximum(probs, 1e-12)), 0.0)
    return float(terms.sum(axis=1).mean())


@dataclass(frozen=True, slots=True)
class Bin:
    """The readings in one range of confidence.

    Attributes:
        low: Its lower end, 0..1.
        high: Its upper end.
        n: Number of readings.
        confidence: Their mean confidence; NaN if there are none.
        accuracy: Their accuracy; NaN if there are none.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(probs: Array, truth: NDArray[np.int64], bins: int = 15) -> list[Bin]:
    """Accuracy by confidence in bins of equal width: the bars of a reliability diagram."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    out = []
    for b in range(bins):
        own = which == b
        means = (float(confidence[own].mean()), float(right[own].mean())) if own.any() else (np.nan, np.nan)
        out.append(Bin(b / bins, (b + 1) / bins, int(own.sum()), *means))
    return out


def expected_calibration_error(probs: Array, truth: NDArray[np.int64], bins: int = 15) -> float:
    """ECE over equal-width confidence bins (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    full = [b for b in reliability(probs, truth, bins) if b.n]
    return float(sum(abs(b.accuracy - b.confidence) * b.n for b in full) / max(1, len(truth)))


Answer = Callable[[NDArray[Any], NDArray[Any], NDArray[np.int64]], Array]


def _crossed(logits: Array, truth: NDArray[np.int64], folds: int, answer: Answer) -> NDArray[np.float64]:
    """The result of ``answer`` for each fold's logits, given logits and truth of all other folds.

    Row n is in fold n modulo ``folds``.
    """
    out = np.empty(logits.shape, np.float64)
    for fold in range(min(folds, len(truth))):
        own = np.arange(len(truth)) % folds == fold
        out[own] = answer(logits[own], logits[~own], truth[~own])
    return out


def cross_fitted_probs(logits: Array, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities (N, K) of each half of the rows with the temperature fitted on the other half.

    It shows the calibration on rows that were not used to fit the temperature. The halves are even and odd rows.
    """
    return _crossed(logits, truth, 2, lambda own, others, known: softmax(own, fit_temperature(others, known)))


PRIOR = 1.0
"""Standard deviation in nats of the prior on biases, so that few rows change them little."""
STEPS = 50
LEAST_SCALE = 1 / 8
"""Inverse temperature below which logits contain almost no information and biases would dominate them."""


def fit_biases(logits: Array, truth: NDArray[np.int64], weights: Array | None = None) -> NDArray[np.float32]:
    """The biases on the logits that make the true classes most likely, with the best temperature for them.

    Bias-corrected temperature scaling (Alexandari et al. 2020, "Maximum Likelihood with Bias-Corrected Calibration is
    Hard-To-Beat at Label Shift Adaptation") with a Gaussian prior on the biases: Newton's steps down a convex function.

    Args:
        logits: (N, K).
        truth: (N,) true classes.
        weights: (N,) weight of each row; None = equal weights.

    Returns:
        (K,) float32 with a mean of 0; 0 for a class that does not occur. All 0 if the logits contain so little
        information that the best temperature would exceed 8, the upper limit of ``fit_temperature``.
    """
    given = np.asarray(logits, np.float64)
    rows, classes = len(given), int(given.shape[1])
    counts = np.bincount(truth, minlength=classes)
    free = np.flatnonzero(np.concatenate([[1], counts]))  # the first is the inverse temperature
    wanted = np.eye(classes)[truth]
    share = (
        np.ones((rows, 1))
        if weights is None
        else np.asarray(weights, np.float64)[:, None] * (rows / float(np.sum(weights)))
    )
    at = np.concatenate([[1.0], np.zeros(classes)])
    prior = np.concatenate([[0.0], np.full(classes, 1 / PRIOR**2)])

    def loss(point: NDArray[np.float64]) -> float:
        probs = softmax(point[0] * given + point[1:])
        return rows * nll(probs, truth, share[:, 0]) + float(prior @ point**2) / 2

    for _ in range(STEPS):
        probs = softmax(at[0] * given + at[1:])
        off, mean = share * (probs - wanted), (probs * given).sum(axis=1, keepdims=True)
        counted = share * probs
        slope = np.concatenate([[(off * given).sum()], off.sum(axis=0)]) + prior * at
        curve = np.empty((classes + 1, classes + 1))
        curve[1:, 1:] = np.diag(counted.sum(axis=0)) - counted.T @ probs
        curve[0, 0] = (counted * (given - mean) ** 2).sum()
        curve[0, 1:] = curve[1:, 0] = (counted * (given - mean)).sum(axis=0)
        curve += np.diag(prior + 1e-9)
        step = np.zeros(classes + 1)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        while loss(at - step) > loss(at) and np.abs(step).max() > 1e-6:
            step /= 2
        at = at - step
        if np.abs(step).max() < 1e-6:
            break
    if not at[0] >= LEAST_SCALE:
        return np.zeros(classes, np.float32)
    biases = np.where(counts > 0, at[1:] - at[1:][counts > 0].mean(), 0) / at[0]
    return np.asarray(biases, np.float32)


def cross_fitted_biases(logits: Array, truth: NDArray[np.int64], folds: int = 10) -> NDArray[np.float64]:
    """Logits (N, K) with biases fitted on other rows, which shows their effect on unseen pictures.

    Row n is in fold n modulo ``folds``; a row alone gets no biases.
    """
    return _crossed(
        logits, truth, folds, lambda own, others, known: own + fit_biases(others, known) if len(known) else own
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share of ``n`` (Wilson 1927); (0, 1) if n is 0."""
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return float(centre - reach), float(centre + reach)


def fit_temperature(logits: Array, truth: NDArray[np.int64], weights: Array | None = None) -> float:
    """The temperature in [0.25, 8] with the smallest negative log-likelihood (Guo et al. 2017).

    A golden-section search on its logarithm, where the function has one minimum.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.25), np.log(8.0)
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if nll(softmax(logits, np.exp(a)), truth, weights) < nll(softmax(logits, np.exp(b)), truth, weights):
            high = b
        else:
            low = a
    return float(np.exp((low + high) / 2))
