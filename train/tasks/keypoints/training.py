"""Trains and validates the keypoint network."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.faces.crop import to_unit
from monitor.networks.keypoints import POSE_UNIT
from train.data.faceset import FaceSet
from train.engine.augment import Jitter
from train.engine.inference import predict_all
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Training, check_trainable
from train.tasks.keypoints import network as own_network
from train.tasks.keypoints.figures import FRONTAL, points_off
from train.tasks.keypoints.placement import SPEC
from train.tasks.keypoints.regions import CHECK_LIGHT, Region, Regions, check_rows
from train.tasks.keypoints.turning import with_turned

log = logging.getLogger("train")

WING, CURVE = 5.0, 1.0
"""Wing loss (Feng et al. 2018): logarithmic below ``WING`` region pixels, so that small errors still count, and linear
above; ``CURVE`` sets the curvature of the logarithm."""
WEIGHTS = {"points": 1.0, "presence": 8.0, "pose": 8.0, "openness": 14.0}
"""Weights of the losses: the wing loss is in region pixels, and the others, shares of one, would hardly count with
equal weights."""
CHECKED = 2400
"""Face regions, and half as many without a face, on which each epoch is validated."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to N regions, or the reference.

    Attributes:
        presence: (N,) logits of a network; 0 or 1 in the reference.
        points: (N, 38) from the region's centre in half sides.
        head: (N, 6) pose over ``POSE_UNIT`` and openness.
    """

    presence: NDArray[np.float32]
    points: NDArray[np.float32]
    head: NDArray[np.float32]

    @classmethod
    def of(cls, outputs: Sequence[NDArray[np.float32]]) -> Answers:
        """From presence (N, 1), points (N, 38) and heads (N, 6)."""
        return cls(outputs[0][:, 0], outputs[1], outputs[2])


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


class KeypointTraining(Training):
    """Training of the keypoint network; see ``train.engine.training.Training``."""

    network: Architecture = own_network

    def __init__(self, data: FaceSet, recipe: Recipe) -> None:
        """Prepares regions of both splits.

        Raises:
            ConfigError: A split has no faces, or the recipe's side is not the region's.
        """
        check_trainable(data.name, data.split, recipe, SPEC.side)
        self.recipe = recipe
        data = data.without_doubtful()
        if recipe.heads_turned:
            data = with_turned(data, recipe.heads_turned, recipe.seed)
        self.regions = Regions(data, "train", recipe.jitter, recipe.augment)
        self.steps = recipe.jitter.regions // recipe.batch
        self.check = check_regions(data, "validation", CHECKED)
        log.info("%d training faces, validated on %d regions", int((data.split == "train").sum()), len(self.check))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs, presence, points and heads."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        jobs = self.regions.epoch(rng)
        size = self.recipe.batch
        for start in range(0, len(jobs) - size + 1, size):
            image, presence, points, head = stacked([self.regions.make(job, rng) for job in jobs[start : start + size]])
            yield to_unit(image)[..., None], presence, points, head

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Presence for all regions; keypoints, pose and openness for those with a face."""
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
        """Errors after one look; see ``figures``."""
        images, *truth = stacked(self.check)
        return figures(Answers.of(predict_all(model, images)), Answers.of(truth))


def check_regions(data: FaceSet, split: str, count: int) -> list[Region]:
    """Fixed validation regions of a split: up to ``count`` with a face and half as many without."""
    rng = np.random.default_rng(20)
    regions = Regions(data, split, Jitter(hide=0.0, frame=0.05, rotate=30.0), CHECK_LIGHT)
    faces = [regions.face(int(r), rng) for r in check_rows(data, split, count, rng)]
    return faces + [regions.without(rng) for _ in range(count // 2)]


def figures(answers: Answers, true: Answers) -> dict[str, float | int]:
    """Errors of answers to regions.

    Args:
        answers: The network's; presence as logits.
        true: The reference; presence 0 or 1.

    Returns:
        Mean distance of the 17 keypoints over the distance of the irises (N faces), for |yaw| up to and beyond
        ``FRONTAL``; mean error of yaw in degrees; mean error of the openness of eyes and mouth; share of faces, and of
        other regions, taken for faces; N of each.
    """
    faces = true.presence > 0.5
    off = points_off(answers.points[faces], true.points[faces])
    yaw = np.abs(true.head[faces, 0]) * POSE_UNIT
    near, far = off[yaw <= FRONTAL], off[yaw > FRONTAL]
    wrong = np.abs(answers.head[faces] - true.head[faces])
    return {
        "error": _mean(near), "error_n": len(near), "error_turned": _mean(far), "error_turned_n": len(far),
        "yaw_error": round(float(wrong[:, 0].mean()) * POSE_UNIT, 2),
        "eye_error": round(float(wrong[:, 3:5].mean()), 4), "mouth_error": round(float(wrong[:, 5].mean()), 4),
        "found": round(float((answers.presence[faces] > 0).mean()), 4), "found_n": int(faces.sum()),
        "false": round(float((answers.presence[~faces] > 0).mean()), 4), "false_n": int((~faces).sum()),
    }  # fmt: skip


def _mean(values: NDArray[np.float64]) -> float:
    return round(float(values.mean()), 4) if len(values) else float("nan")
