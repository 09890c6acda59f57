"""Training and judging the proposal network: which places of a shrunk frame may show a face."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import int8_table, to_unit
from monitor.networks.keypoints import haar_box
from monitor.networks.proposals import SMALLEST, STRIDE, ProposalNet, decode, encode
from monitor.networks.runtime import Int8Model
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter
from train.engine.recipe import Recipe
from train.tasks.keypoints import task as keypoint_task
from train.tasks.keypoints.regions import CHECK_LIGHT, SPEC, Regions, check_rows

log = logging.getLogger("train")

SIDE = SPEC.side
"""Side in pixels of a training scene: the keypoint network's region, its faces smaller and anywhere."""
CELLS = SIDE // STRIDE
BOX = SPEC.side / (1 + SPEC.margin)
"""Side in pixels of the box that ``Regions`` puts a face of size 1 into."""
LOW, HIGH = 0.9 * SMALLEST, 2.15 * SMALLEST
"""Sides of faces the network must see: its octave, and a little of both neighbours'."""
NEAR_LOW, NEAR_HIGH = 0.7 * SMALLEST, 2.8 * SMALLEST
"""Sides between these and the ones above are neither right nor wrong."""
INNER, OUTER = 0.25, 0.55
"""Distance from a face's centre, in its sides, up to which a cell must answer, and from which it must not."""
FOCUS = 2.0
"""Exponent of the focal loss (Lin et al. 2017): most of a scene is easy background."""
IN_BAND = 0.75
"""Share of the faces that are of the sides the network must see."""
CHECKED = 2400
"""Scenes with a face (and half as many without) that each epoch is judged on."""
POINT = 0.8
"""Recall at which false proposals are counted, too: at half a chance it depends on the training how many are found."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One training example.

    Attributes:
        image: (SIDE, SIDE) uint8.
        answer: (CELLS, CELLS) float32: 1 a face is here, 0 none, -1 does not matter.
        box: (CELLS, CELLS, 3) float32, what cells with a face should answer.
        face: Centre x, y and side in pixels; side 0 without a face that must be answered.
        shows_face: Whether there is one all the same, too small, too large or too far out.
    """

    image: NDArray[np.uint8]
    answer: NDArray[np.float32]
    box: NDArray[np.float32]
    face: tuple[float, float, float]
    shows_face: bool = True


class Scenes:
    """Makes scenes of one split of a face set."""

    def __init__(self, data: FaceSet, split: str, jitter: Jitter, light: Augment) -> None:
        self._regions = Regions(data, split, jitter, light)

    def epoch(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """See ``Regions.epoch``."""
        return self._regions.epoch(rng)

    def make(self, job: tuple[str, int], rng: np.random.Generator) -> Scene:
        """One disturbed scene."""
        if job[0] == "none":
            return self._without(rng)
        return self._face(job[1], rng)

    def _face(self, row: int, rng: np.random.Generator) -> Scene:
        """A face of any size anywhere."""
        kind = rng.random()
        if kind < IN_BAND:
            low, high = LOW, HIGH
        elif kind < (1 + IN_BAND) / 2:
            low, high = 4.0, LOW
        else:
            low, high = HIGH, 6 * HIGH
        side = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        turn = rng.uniform(-1, 1) * (40 if rng.random() < 0.4 else 12)
        shift = rng.uniform(-0.46, 0.46, 2) * SIDE / BOX
        region = self._regions.region(row, shift, side / BOX, float(turn), bool(rng.random() < 0.5), rng)
        low_corner, high_corner = ((region.points[n] + 1) * SIDE / 2 for n in (-2, -1))
        x1, y1, x2, y2 = haar_box(low_corner.tolist(), high_corner.tolist())
        return _scene(region.image, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1)

    def _without(self, rng: np.random.Generator) -> Scene:
        """No face in the middle; what lies further out may belong to one."""
        answer = np.zeros((CELLS, CELLS), np.float32)
        edge = int((SIDE - BOX) / 2 / STRIDE)
        inside = np.zeros_like(answer, bool)
        inside[edge:-edge, edge:-edge] = True
        answer[~inside] = -1
        image = self._regions.background(rng)
        return Scene(image, answer, np.zeros((CELLS, CELLS, 3), np.float32), (0.0, 0.0, 0.0), shows_face=False)


def _scene(image: NDArray[np.uint8], x: float, y: float, side: float) -> Scene:
    """The answers that belong to one face."""
    rows, columns = np.divmod(np.arange(CELLS * CELLS), CELLS)
    away = np.maximum(np.abs((columns + 0.5) * STRIDE - x), np.abs((rows + 0.5) * STRIDE - y)) / side
    answer = np.zeros(CELLS * CELLS, np.float32)
    seen = LOW <= side <= HIGH
    if NEAR_LOW <= side <= NEAR_HIGH:
        answer[away < OUTER] = -1
    if seen:
        answer[away <= INNER] = 1
    elif side > NEAR_HIGH:
        # Within a large face nothing is right to answer, but the far edge of the next octave's is none of our business.
        answer[away > 1.5] = -1
    box = encode(x, y, side, rows, columns).reshape(CELLS, CELLS, 3)
    inside = 0 <= x < SIDE and 0 <= y < SIDE
    return Scene(image, answer.reshape(CELLS, CELLS), box, (x, y, side if seen and inside else 0.0))


class ProposalTask:
    """Proposing faces; see ``train.engine.fit.Task``."""

    def __init__(self, data: FaceSet, recipe: Recipe) -> None:
        """Prepares scenes of both splits.

        Raises:
            ConfigError: A split has no faces, or the recipe's side is not the scene's.
        """
        for split in ("train", "validation"):
            if not (data.split == split).any():
                raise ConfigError(f"{data.name}: has no faces in the split {split!r}")
        if recipe.side != SIDE:
            raise ConfigError(f"side must be {SIDE} for the task proposals (got {recipe.side})")
        self._recipe = recipe
        self._scenes = Scenes(data, "train", recipe.jitter, recipe.augment)
        self.steps = recipe.jitter.regions // recipe.batch
        self._check = check_scenes(data, "validation", CHECKED)
        log.info("%d training faces, judged on %d scenes", int((data.split == "train").sum()), len(self._check))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs, answers and boxes."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        jobs = self._scenes.epoch(rng)
        size = self._recipe.batch
        for start in range(0, len(jobs) - size + 1, size):
            scenes = [self._scenes.make(job, rng) for job in jobs[start : start + size]]
            yield (
                to_unit(np.stack([s.image for s in scenes]))[..., None],
                np.stack([s.answer for s in scenes])[..., None],
                np.stack([s.box for s in scenes]),
            )

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Focal loss where the answer matters, distance of the boxes where there is a face."""
        logit, box = outputs
        answer, true_box = targets
        face = tf.cast(answer > 0.5, tf.float32)
        matters = tf.cast(answer > -0.5, tf.float32)
        count = tf.reduce_sum(face) + 1.0
        sure = tf.sigmoid(logit)
        wrong = face * (1 - sure) + (1 - face) * sure
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(face, logit)
        seen = tf.reduce_sum(matters * wrong**FOCUS * entropy) / count
        off = tf.abs(box - true_box)
        huber = tf.where(off < 0.2, 2.5 * off**2, off - 0.1)
        return seen + tf.reduce_sum(face * huber) / count

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """See ``figures``."""
        images = np.stack([s.image for s in self._check])
        logits, boxes = float_outputs(model, images)
        return figures(logits, boxes, self._check)


def check_scenes(data: FaceSet, split: str, count: int) -> list[Scene]:
    """Fixed scenes of a split: ``count`` with a face and half as many without."""
    rng = np.random.default_rng(21)
    scenes = Scenes(data, split, Jitter(hide=0.0, frame=0.05), CHECK_LIGHT)
    faces = [scenes.make(("face", int(r)), rng) for r in check_rows(data, split, count, rng)]
    return faces + [scenes.make(("none", 0), rng) for _ in range(count // 2)]


def float_outputs(model: keras.Model, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (N, CELLS, CELLS) and boxes (N, CELLS, CELLS, 3) of scenes."""
    logits, boxes = keypoint_task.float_outputs(model, images)
    return logits[..., 0], boxes


def int8_outputs(content: bytes, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The same of a .tflite's content, through the app's runtime and table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        return _answers(Int8Model(path, threads=1), images)


def evaluate(model: Path, data: FaceSet, split: str) -> dict[str, float | int]:
    """``figures`` of a .tflite with a card, through the app's runtime."""
    ProposalNet(model)  # which says in one line what is wrong with the pair
    if not (data.split == split).any():
        raise ConfigError(f"{data.name}: has no faces in the split {split!r}")
    scenes = check_scenes(data, split, CHECKED)
    return figures(*_answers(Int8Model(model, threads=1), np.stack([s.image for s in scenes])), scenes)


def _answers(model: Int8Model, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    table = int8_table(model.input.scale, model.input.zero_point)
    last = [port.shape[3] for port in model.outputs]
    rows = [model.run(table[i][None, :, :, None]) for i in images]
    logits, boxes = (np.concatenate([row[last.index(size)] for row in rows]) for size in (1, 3))
    return logits[..., 0], boxes


def figures(logits: NDArray[np.float32], boxes: NDArray[np.float32], scenes: list[Scene]) -> dict[str, float | int]:
    """How well faces are proposed.

    Args:
        logits: (N, CELLS, CELLS).
        boxes: (N, CELLS, CELLS, 3).
        scenes: What they answer.

    Returns:
        ``found``: share of the faces of the network's sides whose best cell has a logit above 0 and a box with
        an IoU of 0.4 and more. ``false``: share of scenes without a face with a logit above 0; ``other``: of scenes
        with a face too small, too large or too far out. ``false_at_80``: the first at the threshold that ``POINT``
        of the faces pass, left out where so many are not found. ``place`` and ``size``: median error of centre and
        side, in sides. N of each.
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
