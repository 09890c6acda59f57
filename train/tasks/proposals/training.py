"""Trains and validates the proposal network."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.faces.crop import to_unit
from train.data.faceset import FaceSet
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Training, check_trainable
from train.tasks.proposals import network as own_network
from train.tasks.proposals import scenes
from train.tasks.proposals.figures import figures, float_answers
from train.tasks.proposals.scenes import SIDE, Scenes

log = logging.getLogger("train")

FOCUS = 2.0
"""Exponent of the focal loss (Lin et al. 2017), which keeps the many easy background cells from dominating."""


class ProposalTraining(Training):
    """Training of the proposal network; see ``train.engine.training.Training``."""

    network: Architecture = own_network

    def __init__(self, data: FaceSet, recipe: Recipe) -> None:
        """Prepares scenes of both splits.

        Raises:
            ConfigError: A split has no faces, or the recipe's side is not the scene's.
        """
        check_trainable(data.name, data.split, recipe, SIDE)
        self._recipe = recipe
        self._scenes = Scenes(data, "train", recipe.jitter, recipe.augment)
        self.steps = recipe.jitter.regions // recipe.batch
        self._check = scenes.check_scenes(data, "validation", scenes.CHECKED)
        log.info("%d training faces, validated on %d scenes", int((data.split == "train").sum()), len(self._check))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs, answers and boxes."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        jobs = self._scenes.epoch(rng)
        size = self._recipe.batch
        for start in range(0, len(jobs) - size + 1, size):
            made = [self._scenes.make(job, rng) for job in jobs[start : start + size]]
            yield (
                to_unit(np.stack([s.image for s in made]))[..., None],
                np.stack([s.answer for s in made])[..., None],
                np.stack([s.box for s in made]),
            )

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Focal loss of cells that count, and Huber loss of the boxes of cells with a face."""
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
        """See ``train.tasks.proposals.figures.figures``."""
        images = np.stack([s.image for s in self._check])
        logits, boxes = float_answers(model, images)
        return figures(logits, boxes, self._check)
