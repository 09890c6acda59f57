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
STRENGTH = 1.5
"""Inverse regularisation strength of the logistic regression, divided by the number of rows: the fewer rows to the many
features, the less must it be held back to learn anything."""
PASSES = (0.15, 0.20)
"""Shares of the most suspicious rows on which the second and the third regression are not fitted."""
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

    The regressions are fitted three times, the second and third time without the rows that the time before found most
    suspicious, so that wrong labels do not teach them.

    Args:
        given: (N, F) features.
        labels: (N,) class of each row, 0..K-1.

    Returns:
        Verdicts; no label is judged if fewer than two classes have ``LEAST`` rows.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    counts = np.bincount(labels)
    rows = np.flatnonzero(counts[labels] >= LEAST)
    wrong, suspicion, suggestion = np.zeros(len(labels), bool), np.zeros(len(labels)), labels.copy()
    classes = np.unique(labels[rows])
    if len(classes) < 2:
        return Judged(wrong, suspicion, suggestion)
    own = np.searchsorted(classes, labels[rows])
    probs = _crossed(given[rows], own, np.ones(len(own), bool), 0)
    for number, share in enumerate(PASSES, 1):
        probs = _crossed(given[rows], own, _trusted(probs, own, share), number)
    wrong[rows] = find_label_issues(own, probs, filter_by="low_self_confidence", n_jobs=1)
    suspicion[rows] = 1 - get_label_quality_scores(own, probs, method="self_confidence")
    suggestion[rows] = classes[probs.argmax(axis=1)]
    return Judged(wrong, suspicion, suggestion)


def _crossed(
    given: NDArray[np.float32], labels: NDArray[np.int64], used: NDArray[np.bool_], seed: int
) -> NDArray[np.float64]:
    """Cross-validated probabilities (N, K) of all rows, by regressions that are fitted on the used ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probs = np.zeros((len(labels), int(labels.max()) + 1))
    for fitted, others in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(given, labels):
        kept = fitted[used[fitted]]
        model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH / len(labels), max_iter=400))
        probs[others] = model.fit(given[kept], labels[kept]).predict_proba(given[others])
    return probs


def _trusted(probs: NDArray[np.float64], labels: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """The rows but for the most suspicious share; at least half of each class."""
    suspicion = 1 - probs[np.arange(len(labels)), labels]
    limits = np.full(probs.shape[1], np.quantile(suspicion, 1 - share))
    for label in range(len(limits)):
        limits[label] = max(limits[label], np.median(suspicion[labels == label]))
    return np.asarray(suspicion <= limits[labels])
