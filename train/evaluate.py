"""Measuring a model with the app's own int8 path."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from monitor.faces.crop import int8_table
from monitor.inference.emotion import EmotionNet
from monitor.inference.runtime import Int8Model
from monitor.labels import EMOTIONS
from train import metrics
from train.datasets import Dataset


def int8_logits(content: bytes, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (N, 7) of a .tflite's content on (N, 48, 48) uint8 crops, through the app's runtime and table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        model = Int8Model(path, threads=1)
        table = int8_table(model.input.scale, model.input.zero_point)
        return np.stack([model.run(table[image][None, :, :, None])[0][0] for image in images])


def evaluate_logits(logits: NDArray[np.float32], data: Dataset, temperature: float) -> dict[str, Any]:
    """All figures on rows with a clear answer.

    Args:
        logits: (N, 7), uncalibrated.
        data: The same N rows, ``truth`` at least 0.
        temperature: The card's.
    """
    probs = metrics.softmax(logits, temperature)
    table = metrics.confusion(logits, data.truth)
    recall = metrics.recalls(logits, data.truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = table.diagonal() / table.sum(axis=0)
        f1 = 2 * precision * recall / (precision + recall)
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


def evaluate(model: Path, data: Dataset, split: str) -> dict[str, Any]:
    """All figures of a .tflite with a card on one split."""
    net = EmotionNet(model)
    rows = data.part(split)
    rows = rows.take(rows.truth >= 0)
    logits = np.stack([net.logits(image) for image in rows.images])
    return {"model": net.card.version, "data": data.name, "split": split} | evaluate_logits(
        logits, rows, net.card.temperature
    )


def print_report(report: dict[str, Any]) -> None:
    """The figures as tables."""
    console = Console()
    console.print(
        f"{report['data']} {report['split']}, majority rule, 7 classes, N = {report['n']}: accuracy "
        f"{report['accuracy']:.4f}, mean recall {report['mean_recall']:.4f}, ECE {report['ece']:.4f}, "
        f"NLL {report['nll']:.4f}, KL to votes {report['kl_to_votes']:.4f}"
    )
    table = Table(box=None, padding=(0, 1), title="rows: the crowd's label; columns: the model's", title_justify="left")
    for title in ("", "N", "rec", "prec", "F1", *(name[:3] for name in EMOTIONS)):
        table.add_column(title, justify="right", no_wrap=True)
    for i, name in enumerate(EMOTIONS):
        row = report["per_class"][name]
        cells = [f"{row[k]:.2f}" if row[k] is not None else "-" for k in ("recall", "precision", "f1")]
        table.add_row(name, str(row["n"]), *cells, *(str(n) for n in report["confusion"][i]))
    console.print(table)


def _round(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
