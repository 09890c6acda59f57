"""Wrong labels by confident learning (Northcutt et al. 2021, the library cleanlab) on cross-validated predictions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import int8_table
from monitor.networks.emotion import EmotionNet

DENSE = "FULLY_CONNECTED"
"""The runtime's name of a dense layer."""
FOLDS = 5
STRENGTH = 0.001
"""Inverse regularisation strength of the logistic regression: there are many features and few rows."""
LEAST = 2 * FOLDS
"""Rows of a class below which its labels are not judged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdicts on N labels.

    Attributes:
        wrong: (N,) bool.
        suspicion: (N,) 0..1: 1 minus the cross-validated probability of the given label.
        suggestion: (N,) index of the most probable class.
    """

    wrong: NDArray[np.bool_]
    suspicion: NDArray[np.float64]
    suggestion: NDArray[np.int64]


def features(model: Path, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pooled features of an expression model, and its logits, for (N, 48, 48) crops, (N, F) float32.

    They are the means over each crop and its mirror image.
    """
    net = EmotionNet(model)
    inside = _Inside(model, net)
    rows = []
    for crop in crops:
        both = [net.prepared(view) for view in (crop, np.ascontiguousarray(crop[:, ::-1]))]
        rows.append(np.mean([np.concatenate([inside.pooled(seen), net.logits(seen)]) for seen in both], axis=0))
    return np.stack(rows)


class _Inside:
    """The input of a model's last dense layer, read from an interpreter that keeps all tensors."""

    def __init__(self, model: Path, net: EmotionNet) -> None:
        runtime: Any = net._model.runtime
        self._net = net
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the memory of all tensors, which is small here
            self._interpreter = runtime.interpreter(model_path=str(model), experimental_preserve_all_tensors=True)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        dense = [op for op in self._interpreter._get_ops_details() if op["op_name"] == DENSE][-1]
        details = {entry["index"]: entry for entry in self._interpreter.get_tensor_details()}
        self._pooled = details[int(dense["inputs"][0])]

    def pooled(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (F,) of a prepared (48, 48) crop."""
        scale, zero = self._input["quantization"]
        self._interpreter.set_tensor(self._input["index"], int8_table(scale, zero)[crop][None, :, :, None])
        self._interpreter.invoke()
        scale, zero = self._pooled["quantization"]
        values = self._interpreter.get_tensor(self._pooled["index"]).astype(np.float32)
        return np.asarray((values.ravel() - zero) * scale, np.float32)


def judge(given: NDArray[np.float32], labels: NDArray[np.int64]) -> Judged:
    """Finds labels that cross-validated predictions contradict.

    Args:
        given: (N, F) features.
        labels: (N,) class of each row, 0..K-1.

    Returns:
        Verdicts; no label is judged if fewer than two classes have ``LEAST`` rows.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    counts = np.bincount(labels)
    rows = np.flatnonzero(counts[labels] >= LEAST)
    wrong, suspicion, suggestion = np.zeros(len(labels), bool), np.zeros(len(labels)), labels.copy()
    classes = np.unique(labels[rows])
    if len(classes) < 2:
        return Judged(wrong, suspicion, suggestion)
    own = np.searchsorted(classes, labels[rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=400))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    probs = cross_val_predict(model, given[rows], own, cv=folds, method="predict_proba")
    wrong[rows] = find_label_issues(own, probs, filter_by="low_self_confidence", n_jobs=1)
    suspicion[rows] = 1 - get_label_quality_scores(own, probs, method="self_confidence")
    suggestion[rows] = classes[probs.argmax(axis=1)]
    return Judged(wrong, suspicion, suggestion)
