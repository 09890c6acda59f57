"""Figures of the proposal network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.proposals import ProposalNet, decode
from monitor.networks.runtime import Int8Model
from train.data.faceset import FaceSet
from train.engine.inference import int8_outputs, predict_all
from train.tasks.proposals import scenes as checked_scenes
from train.tasks.proposals.scenes import Scene

POINT = 0.8
"""Recall at which false proposals are also counted, because the threshold of one half is not comparable between
trainings."""
Answers = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits (N, CELLS, CELLS) and boxes (N, CELLS, CELLS, 3)."""


def float_answers(model: Any, images: NDArray[np.uint8]) -> Answers:
    """Answers of a float network to scenes."""
    logits, boxes = predict_all(model, images)
    return logits[..., 0], boxes


def int8_answers(model: Int8Model, images: NDArray[np.uint8]) -> Answers:
    """Answers of an int8 model to scenes, through the app's runtime."""
    channels = [port.shape[3] for port in model.outputs]
    outputs = int8_outputs(model, images)
    logits, boxes = (outputs[channels.index(count)] for count in (1, 3))
    return logits[..., 0], boxes


def evaluate(model: Path, data: FaceSet, split: str) -> dict[str, float | int]:
    """``figures`` of a .tflite with a card, through the app's runtime.

    Raises:
        ConfigError: The split has no faces.
        ModelError: The model or its card cannot be used.
    """
    ProposalNet(model)  # raises if model and card do not fit
    if not (data.split == split).any():
        raise ConfigError(f"{data.name}: has no faces in the split {split!r}")
    scenes = checked_scenes.check_scenes(data, split, checked_scenes.CHECKED)
    answers = int8_answers(Int8Model(model, threads=1), np.stack([scene.image for scene in scenes]))
    return figures(*answers, scenes)


def figures(logits: NDArray[np.float32], boxes: NDArray[np.float32], scenes: list[Scene]) -> dict[str, float | int]:
    """Figures of proposals: recall, false proposals and errors of boxes.

    Args:
        logits: (N, CELLS, CELLS).
        boxes: (N, CELLS, CELLS, 3).
        scenes: Their inputs.

    Returns:
        ``found``: share of the faces of the network's sides whose best cell has a logit above 0 and a box with
        an IoU of 0.4 and more. ``false``: share of scenes without a face with a logit above 0; ``other``: of scenes
        with a face too small, too large or too far from the middle. ``false_at_80``: the first at the threshold that
        ``POINT`` of the faces pass, left out where fewer are found. ``place`` and ``size``: median error of
        centre and side, in sides. N of each.
    """
    tops: list[float] = []
    off: list[float] = []
    size: list[float] = []
    right: list[bool] = []
    empty: list[float] = []
    other: list[float] = []
    for logit, box, scene in zip(logits, boxes, scenes, strict=True):
        if scene.face[2] == 0:
            if not (scene.answer > 0).any():
                best = float(np.where(scene.answer < 0, -np.inf, logit).max())
                (other if scene.shows_face else empty).append(best)
            continue
        row, column = np.unravel_index(int(np.argmax(logit)), logit.shape)
        (centre,), (side,) = decode(box[row, column][None], np.array([row]), np.array([column]))
        x, y, true = scene.face
        tops.append(float(logit[row, column]))
        off.append(float(np.hypot(centre[0] - x, centre[1] - y)) / true)
        size.append(abs(float(side) / true - 1))
        right.append(_overlap((float(centre[0]), float(centre[1]), float(side)), scene.face) >= 0.4)
    passed = np.where(np.array(right), np.array(tops), -np.inf)
    threshold = float(np.quantile(passed, 1 - POINT, method="lower"))
    none = np.array(empty)
    report: dict[str, float | int] = {
        "found": round(float((passed > 0).mean()), 4), "found_n": len(tops),
        "false": round(float((none > 0).mean()), 4), "false_n": len(none),
        "other": round(float((np.array(other) > 0).mean()), 4) if other else 0.0, "other_n": len(other),
        "place": round(float(np.median(off)), 4), "size": round(float(np.median(size)), 4),
    }  # fmt: skip
    if np.isfinite(threshold):
        report["false_at_80"] = round(float((none > threshold).mean()), 4)
    return report


def _overlap(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    """IoU of two squares given by centre and side."""
    sides = [min(a[n] + a[2] / 2, b[n] + b[2] / 2) - max(a[n] - a[2] / 2, b[n] - b[2] / 2) for n in (0, 1)]
    both = max(0.0, sides[0]) * max(0.0, sides[1])
    return both / (a[2] ** 2 + b[2] ** 2 - both)
