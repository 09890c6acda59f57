"""Training and judging the keypoint network."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import int8_table, to_unit
from monitor.networks.keypoints import POSE_UNIT, SHAPES
from monitor.networks.runtime import Int8Model
from train.data.faceset import FaceSet
from train.engine.augment import Jitter
from train.engine.recipe import Recipe
from train.tasks.keypoints.figures import FRONTAL, points_off
from train.tasks.keypoints.regions import CHECK_LIGHT, SPEC, Region, Regions, check_rows
from train.tasks.keypoints.turning import with_turned

log = logging.getLogger("train")

WING, CURVE = 5.0, 1.0
"""Wing loss (Feng et al. 2018): logarithmic below ``WING`` region pixels, so that small errors keep
mattering, linear above; ``CURVE`` bends the logarithm."""
WEIGHTS = {"points": 1.0, "presence": 8.0, "pose": 8.0, "openness": 14.0}
"""The wing loss counts region pixels, the others shares of one: with equal weights they would not be learnt."""
CHECKED = 2400
"""Face regions (and half as many without) that each epoch is judged on."""


def stacked(
    regions: list[Region],
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Images (N, side, side) uint8, presence (N, 1), points (N, 38) and heads (N, 6) of regions."""
    return (
        np.stack([r.image for r in regions]),
        np.array([[r.presence] for r in regions], np.float32),
        np.stack([r.points.ravel() for r in regions]),
        np.stack([r.head for r in regions]),
    )


class KeypointTask:
    """Following a face; see ``train.engine.fit.Task``."""

    def __init__(self, data: FaceSet, recipe: Recipe) -> None:
        """Prepares regions of both splits.

        Raises:
            ConfigError: A split has no faces, or the recipe's side is not the region's.
        """
        for split in ("train", "validation"):
            if not (data.split == split).any():
                raise ConfigError(f"{data.name}: has no faces in the split {split!r}")
        if recipe.side != SPEC.side:
            raise ConfigError(f"side must be {SPEC.side} for the task keypoints (got {recipe.side})")
        self.recipe = recipe
        data = data.without_doubtful()
        if recipe.heads_turned:
            data = with_turned(data, recipe.heads_turned, recipe.seed)
        self.regions = Regions(data, "train", recipe.jitter, recipe.augment)
        self.steps = recipe.jitter.regions // recipe.batch
        self.check = check_regions(data, "validation", CHECKED)
        log.info("%d training faces, judged on %d regions", int((data.split == "train").sum()), len(self.check))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs, presence, points and heads."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        jobs = self.regions.epoch(rng)
        size = self.recipe.batch
        for start in range(0, len(jobs) - size + 1, size):
            image, presence, points, head = stacked([self.regions.make(job, rng) for job in jobs[start : start + size]])
            yield to_unit(image)[..., None], presence, points, head

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Presence everywhere; points, pose and openness where there is a face."""
        logit, points, head = outputs
        present, true_points, true_head = targets
        faces = present[:, 0]
        count = tf.reduce_sum(faces) + 1e-3
        off = tf.abs(points - true_points) * (SPEC.side / 2)
        joint = WING - WING * np.log(1 + WING / CURVE)
        wing = tf.where(off < WING, WING * tf.math.log(1 + off / CURVE), off - joint)
        at = tf.reduce_sum(tf.reduce_mean(wing, axis=1) * faces) / count
        wrong = tf.abs(head - true_head)
        pose = tf.reduce_sum(tf.reduce_mean(wrong[:, :3], axis=1) * faces) / count
        openness = tf.reduce_sum(tf.reduce_mean(wrong[:, 3:], axis=1) * faces) / count
        seen = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(present, logit))
        return (
            WEIGHTS["points"] * at
            + WEIGHTS["presence"] * seen
            + WEIGHTS["pose"] * pose
            + WEIGHTS["openness"] * openness
        )

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Errors of one look; see ``figures``."""
        image, presence, points, head = stacked(self.check)
        outputs = float_outputs(model, image)
        return figures(outputs[0][:, 0], outputs[1], outputs[2], presence[:, 0], points, head)


def float_outputs(model: keras.Model, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Each output of a network for (N, side, side) pictures: of ``build_keypoints`` presence logits (N, 1), points
    (N, 38) and heads (N, 6)."""
    parts = [
        [np.asarray(o) for o in model(to_unit(image[i : i + 256])[..., None], training=False)]
        for i in range(0, len(image), 256)
    ]
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def int8_outputs(content: bytes, image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """The same of a .tflite's content, through the app's runtime and table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        model = Int8Model(path, threads=1)
    order = [[port.shape for port in model.outputs].index(shape) for shape in SHAPES]
    table = int8_table(model.input.scale, model.input.zero_point)
    rows = [model.run(table[i][None, :, :, None]) for i in image]
    return [np.concatenate([row[n] for row in rows]) for n in order]


def check_regions(data: FaceSet, split: str, count: int) -> list[Region]:
    """Fixed regions of a split: ``count`` faces (all sources but the tight crops weigh alike) and half as many without.

    Args:
        data: Faces and windows.
        split: Which.
        count: Faces at most.
    """
    rng = np.random.default_rng(20)
    regions = Regions(data, split, Jitter(hide=0.0, frame=0.05, rotate=30.0), CHECK_LIGHT)
    faces = [regions.face(int(r), rng) for r in check_rows(data, split, count, rng)]
    return faces + [regions.without(rng) for _ in range(count // 2)]


def calibration(data: FaceSet, count: int, few: int) -> NDArray[np.uint8]:
    """Training regions that set the quantisation ranges: ``few`` at random and those with the most extreme answers.

    Ranges follow the most extreme picture shown. Within the network a rare extreme costs all other answers their
    precision; but an answer beyond its output's range is cut off, so outputs must have seen their extremes.

    Args:
        data: Faces and windows.
        count: Faces that the extremes are looked for among.
        few: Regions at random.

    Returns:
        (N, side, side) uint8; N is ``few`` and at most 20 more.
    """
    regions = check_regions(data, "train", count)
    images, presence, points, head = stacked(regions)
    faces = np.flatnonzero(presence[:, 0] > 0.5)
    x, y = points[:, 0::2], points[:, 1::2]
    reach = np.stack([x.min(axis=1), x.max(axis=1), y.min(axis=1), y.max(axis=1)], axis=1)
    answers = np.concatenate([head, reach], axis=1)[faces]
    extremes = {int(faces[pick(column)]) for column in answers.T for pick in (np.argmin, np.argmax)}
    drawn = np.random.default_rng(0).choice(len(regions), few, replace=False).tolist()
    return images[sorted({*extremes, *drawn})]


def figures(
    logits: NDArray[np.float32],
    points: NDArray[np.float32],
    head: NDArray[np.float32],
    presence: NDArray[np.float32],
    true_points: NDArray[np.float32],
    true_head: NDArray[np.float32],
) -> dict[str, float | int]:
    """How far off the answers are.

    Args:
        logits: (N,) of presence.
        points: (N, 38) from the region's centre in half sides.
        head: (N, 6).
        presence: (N,) 0 or 1.
        true_points: (N, 38).
        true_head: (N, 6).

    Returns:
        Mean distance of the 17 points over the distance of the irises (N faces), for |yaw| up to and
        beyond ``FRONTAL``; mean error of yaw in degrees; mean error of the openness of eyes and mouth;
        share of faces and of other regions taken for faces; N of each.
    """
    faces = presence > 0.5
    off = points_off(points[faces], true_points[faces])
    yaw = np.abs(true_head[faces, 0]) * POSE_UNIT
    near, far = off[yaw <= FRONTAL], off[yaw > FRONTAL]
    wrong = np.abs(head[faces] - true_head[faces])
    return {
        "error": _mean(near), "error_n": len(near), "error_turned": _mean(far), "error_turned_n": len(far),
        "yaw_error": round(float(wrong[:, 0].mean()) * POSE_UNIT, 2),
        "eye_error": round(float(wrong[:, 3:5].mean()), 4), "mouth_error": round(float(wrong[:, 5].mean()), 4),
        "found": round(float((logits[faces] > 0).mean()), 4), "found_n": int(faces.sum()),
        "false": round(float((logits[~faces] > 0).mean()), 4), "false_n": int((~faces).sum()),
    }  # fmt: skip


def _mean(values: NDArray[np.float64]) -> float:
    return round(float(values.mean()), 4) if len(values) else float("nan")
