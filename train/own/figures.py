"""Figures of a model with a user's classes, and the least that it must have learnt."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from train.data.datasets import Dataset
from train.own.order import Order
from train.reports import metrics


class NotLearnt(ModelError):
    """The model is hardly better than always predicting the largest class; nothing was written."""


def counts(data: Dataset, split: str, labels: tuple[str, ...]) -> str:
    """The name of a set and the pictures of each class in one part, as the card states them."""
    numbers = np.bincount(data.truth[data.split == split], minlength=len(labels))
    return f"{data.name}: " + ", ".join(f"{n} {label}" for n, label in zip(numbers.tolist(), labels, strict=True))


def held_out(
    logits: NDArray[np.float32], truth: NDArray[np.int64], labels: tuple[str, ...], temperature: float
) -> dict[str, Any]:
    """Figures on held-out pictures.

    Args:
        logits: (N, K) of the int8 model.
        truth: (N,) classes.
        labels: Their names.
        temperature: The card's.
    """
    table, recall = metrics.confusion(logits, truth), metrics.recalls(logits, truth)
    right, n = int(table.diagonal().sum()), len(truth)
    counts = np.bincount(truth, minlength=len(labels))
    return {
        "n": n,
        "accuracy": round(right / n, 4),
        "accuracy_ci95": [round(v, 4) for v in metrics.wilson(right / n, n)],
        "largest_class": {"label": labels[int(counts.argmax())], "share": round(float(counts.max()) / n, 4)},
        "mean_recall": round(metrics.mean_recall(logits, truth), 4),
        "ece": round(metrics.expected_calibration_error(metrics.softmax(logits, temperature), truth), 4),
        "recall": {label: round(float(r), 4) for label, r in zip(labels, recall, strict=True)},
        "confusion": table.tolist(),
    }


def require_learnt(order: Order, figures: dict[str, Any]) -> None:
    """Refuses a model whose accuracy is not significantly above that of always predicting the largest class.

    Raises:
        NotLearnt: The lower end of the accuracy's 95 % interval is not above the largest class's share.
    """
    low, largest = figures["accuracy_ci95"][0], figures["largest_class"]
    if low <= largest["share"]:
        raise NotLearnt(
            f"{order.name}: {figures['accuracy']:.0%} of {figures['n']} held-out pictures are right (surely over "
            f"{low:.0%}), always saying {largest['label']} would give {largest['share']:.0%}; no model was written, "
            "give more or clearer pictures of each class"
        )
