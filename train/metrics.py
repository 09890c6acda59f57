"""Figures of merit for a classifier whose answer is a distribution."""

from __future__ import annotations

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
    """(K, K) counts, true classes down, read classes across."""
    k = scores.shape[1]
    return np.bincount(truth * k + scores.argmax(axis=1), minlength=k * k).reshape(k, k).astype(np.int64)


def recalls(scores: Array, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(K,) share of each class's rows that were read right; NaN for a class without rows."""
    table = confusion(scores, truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(table.diagonal() / table.sum(axis=1))


def mean_recall(scores: Array, truth: NDArray[np.int64]) -> float:
    """Mean of ``recalls`` over the classes that occur."""
    return float(np.nanmean(recalls(scores, truth)))


def nll(probs: Array, truth: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood of the true class, in nats."""
    return float(-np.log(np.maximum(probs[np.arange(len(truth)), truth], 1e-12)).mean())


def kl_to_votes(probs: Array, votes: Array) -> float:
    """Mean Kullback-Leibler divergence from the crowd's distribution to the reading, in nats."""
    p = np.asarray(votes, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / np.maximum(probs, 1e-12)), 0.0)
    return float(terms.sum(axis=1).mean())


def expected_calibration_error(probs: Array, truth: NDArray[np.int64], bins: int = 15) -> float:
    """ECE over equal-width confidence bins (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[which == b].mean() - confidence[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def fit_temperature(logits: Array, truth: NDArray[np.int64]) -> float:
    """The temperature in [0.25, 8] with the smallest negative log-likelihood (Guo et al. 2017).

    A golden-section search on its logarithm, in which the likelihood has one minimum.
    """
    ratio = (np.sqrt(5) - 1) / 2
    low, high = np.log(0.25), np.log(8.0)
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if nll(softmax(logits, np.exp(a)), truth) < nll(softmax(logits, np.exp(b)), truth):
            high = b
        else:
            low = a
    return float(np.exp((low + high) / 2))
