"""Trains and validates the cover network."""

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
from train.engine.inference import predict
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Training, check_trainable
from train.tasks.covers import network as own_network
from train.tasks.covers.coverings import SPEC, Coverings, check_coverings
from train.tasks.covers.figures import CHECKED, figures
from train.tasks.keypoints.regions import CHECK_LIGHT

log = logging.getLogger("train")


class CoverTraining(Training):
    """Training of the cover network; see ``train.engine.training.Training``."""

    network: Architecture = own_network

    def __init__(self, data: FaceSet, recipe: Recipe) -> None:
        """Prepares both splits.

        Raises:
            ConfigError: A split has no faces, or the recipe's side is not the crop's.
        """
        check_trainable(data.name, data.split, recipe, SPEC.side)
        self._recipe = recipe
        self._coverings = Coverings(data, "train", recipe.jitter, recipe.augment)
        self.steps = recipe.jitter.regions // recipe.batch
        self._check = check_coverings(data, "validation", CHECKED, CHECK_LIGHT)
        log.info("%d training faces, validated on %d crops", int((data.split == "train").sum()), len(self._check))

    def batches(self, epoch: int, side: int) -> Iterator[tuple[NDArray[Any], ...]]:
        """One epoch of inputs and (N, 2) targets."""
        rng = np.random.default_rng([self._recipe.seed, epoch])
        jobs, size = self._coverings.epoch(rng), self._recipe.batch
        for start in range(0, len(jobs) - size + 1, size):
            made = [self._coverings.make(job, rng) for job in jobs[start : start + size]]
            yield to_unit(np.stack([m.image for m in made]))[..., None], np.stack([m.target for m in made])

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Cross entropy of the halves that have a label."""
        (true,) = targets
        counts = tf.cast(true > -0.5, tf.float32)
        each = tf.nn.sigmoid_cross_entropy_with_logits(tf.maximum(true, 0.0), outputs)
        return tf.reduce_sum(each * counts) / (tf.reduce_sum(counts) + 1e-3)

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """See ``train.tasks.covers.figures.figures``."""
        logits = predict(model, np.stack([c.image for c in self._check]))
        return figures(logits, self._check, 1.0)
