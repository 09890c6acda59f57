"""Figures of an exported expression model, measured through the app's int8 path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.networks.card import ModelCard
from monitor.networks.emotion import BALANCED, EmotionNet
from train.data.crops import fitted
from train.data.datasets import Dataset
from train.reports import metrics
from train.reports.sources import by_source
from train.system.progress import track
from train.tasks.expression import robustness


def evaluate_logits(logits: NDArray[np.float32], data: Dataset, temperature: float) -> dict[str, Any]:
    """All figures of logits on rows with a clear answer.

    Args:
        logits: (N, 7), uncalibrated.
        data: The same N rows, all with ``truth`` at least 0.
        temperature: The card's temperature.
    """
    probs = metrics.softmax(logits, temperature)
    table = metrics.confusion(logits, data.truth)
    recall = metrics.recalls(logits, data.truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = table.diagonal() / table.sum(axis=0)
        # Not computed from recall and precision: it is 0, not unknown, for a class that occurs but is never predicted.
        f1 = 2 * table.diagonal() / (table.sum(axis=0) + table.sum(axis=1))
    per_class = {
        name: {
            "n": int(table[i].sum()),
            "recall": _round(recall[i]),
            "precision": _round(precision[i]),
            "f1": _round(f1[i]),
        }
        for i, name in enumerate(EMOTIONS)
    }
    return {
        "n": len(data),
        "accuracy": _round(metrics.accuracy(logits, data.truth)),
        "mean_recall": _round(metrics.mean_recall(logits, data.truth)),
        "ece": _round(metrics.expected_calibration_error(probs, data.truth)),
        "nll": _round(metrics.nll(probs, data.truth)),
        "kl_to_votes": _round(metrics.kl_to_votes(probs, data.targets)),
        "per_class": per_class,
        "confusion": table.tolist(),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured model.

    Attributes:
        report: All figures, ready for JSON.
        card: The model's card.
        rows: The N rows it was measured on.
        logits: (N, 7) float32 under the prior measured, uncalibrated.
        temperature: That prior's.
    """

    report: dict[str, Any]
    card: ModelCard
    rows: Dataset
    logits: NDArray[np.float32]
    temperature: float

    @property
    def probs(self) -> NDArray[np.float64]:
        """(N, 7) calibrated."""
        return metrics.softmax(self.logits, self.temperature)


def measure(model: Path, data: Dataset, split: str, *, robust: bool = True, prior: str = BALANCED) -> Measured:
    """Measures a .tflite with a card on one split.

    Args:
        model: The .tflite.
        data: Any data set.
        split: "train", "validation" or "test".
        robust: Whether to measure disturbed crops and shifted boxes too, which takes 27 times as long.
        prior: One of the card's priors.

    Raises:
        ConfigError: The split does not exist, or none of its rows has a clear answer.
        ModelError: The model or its card cannot be used.
    """
    net = EmotionNet(model, prior=prior)
    rows = data.part(split)
    contempt = int(rows.contempt.sum()) if len(rows.contempt) else None
    rows = rows.take(rows.truth >= 0)
    if not len(rows):
        raise ConfigError(f"{data.name}: no row of the split {split!r} has a clear answer; nothing to measure")

    def read(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        return net.logits(net.prepared(fitted(image, net.card.input_side)))

    logits = np.stack([read(image) for image in track(rows.images, "reading")])
    figures = evaluate_logits(logits, rows, net.temperature)
    clean = logits.argmax(axis=1)
    right = int((clean == rows.truth).sum())
    report: dict[str, Any] = {"model": net.card.version, "data": data.name, "split": split, "prior": prior} | figures
    if len(rows.sources) > 1:
        report["sources"] = by_source(logits, metrics.softmax(logits, net.temperature), rows.truth, rows.source)
    report["accuracy_ci95"] = [round(v, 4) for v in metrics.wilson(right / len(rows), len(rows))]
    report["ece_cross_fitted"] = _cross_fitted_ece(logits, rows.truth)
    report["eight_class"] = eight_class(right, len(rows), contempt)
    report["int8_agreement"] = net.card.metrics.get("int8_agreement")
    report["skipped"] = data.skipped
    if robust:
        report["corruptions"] = robustness.corruption_table(read, rows.images, rows.truth, clean)
        report["consistency"] = robustness.consistency(read, rows.images, clean)
    return Measured(report, net.card, rows, logits, net.temperature)


def evaluate(model: Path, data: Dataset, split: str) -> dict[str, Any]:
    """Figures on undisturbed crops only; see ``measure``."""
    return measure(model, data, split, robust=False).report


def eight_class(right: int, n: int, contempt: int | None) -> dict[str, Any]:
    """Accuracy by FER+'s rule with contempt as an eighth class, which the network does not have.

    Args:
        right: Correct rows of the seven classes.
        n: Rows of the seven classes.
        contempt: Rows of contempt, which all count as wrong; None = unknown.
    """
    if contempt is None:
        note = "this prepared file does not say which rows show contempt; run prepare again"
        return {"accuracy": None, "n": None, "contempt_n": None, "note": note}
    note = "the network has no class for contempt, so every such row counts as wrong"
    return {
        "accuracy": round(right / (n + contempt), 4), "n": n + contempt, "contempt_n": contempt, "note": note,
    }  # fmt: skip


def _cross_fitted_ece(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float | None:
    if len(truth) < 2:
        return None
    return _round(metrics.expected_calibration_error(metrics.cross_fitted_probs(logits, truth), truth))


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
