"""Trains and validates the expression network."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from train.data.crops import SIDE
from train.data.datasets import Dataset
from train.data.sources import FER
from train.engine.batches import epoch_batches, log_priors
from train.engine.inference import all_evened, predict, resized
from train.engine.network import Architecture
from train.engine.recipe import Recipe
from train.engine.training import Arrays, Training
from train.reports.metrics import accuracy, mean_recall, recalls
from train.tasks.expression import network as own_network
from train.tasks.expression.targets import taught
from train.tasks.expression.turned import with_turned

log = logging.getLogger("train")


class ExpressionTraining(Training):
    """Training of the expression network; see ``train.engine.training.Training``."""

    network: Architecture = own_network

    def __init__(self, data: Dataset, recipe: Recipe, unlabelled: NDArray[np.uint8] | None = None) -> None:
        """Takes the training and validation splits of ``data``.

        Args:
            data: Labelled crops.
            recipe: The recipe of the training.
            unlabelled: (N, 48, 48) more crops, labelled by the teachers' answers alone.

        Raises:
            ConfigError: The recipe's side is not the crops'; there are too few rows for one batch, or none to validate
                on; a teacher is not a finished run, or unlabelled crops have no teacher.
        """
        if recipe.side != SIDE:
            raise ConfigError(f"side must be {SIDE} for the task expression (got {recipe.side})")
        training = data.part("train")
        training = _without(training.take(training.usable), recipe)
        validation = data.part("validation")
        self.validation = validation.take(validation.truth >= 0)
        if not len(self.validation):
            raise ConfigError(f"{data.name}: no row of the split 'validation' has a clear answer to validate on")
        if len(training) < recipe.batch:
            raise ConfigError(f"{data.name}: has {len(training)} usable training rows, fewer than batch={recipe.batch}")
        if recipe.heads_turned:
            training = with_turned(
                training, recipe.heads_turned, recipe.seed, KeypointNet(find_model("keypoints.tflite"))
            )
        self.training, self.recipe = taught(training, recipe, unlabelled), recipe
        self.offsets = recipe.adjusted * log_priors(self.training, recipe) if recipe.adjusted else None
        self.steps = len(self.training) // recipe.batch
        log.info("%d training rows, %d validation rows with a clear answer", len(self.training), len(self.validation))

    def batches(self, epoch: int, side: int) -> Iterator[Arrays]:
        """See ``Training``."""
        return epoch_batches(self.training, self.recipe, epoch, side, self.offsets)

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Cross entropy with the target distribution, of logits to which the log prior of the row's source is added.

        Menon et al. 2021, "Long-tail learning via logit adjustment".
        """
        logits = outputs + targets[1] if len(targets) > 1 else outputs
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets[0], logits))

    def adapt(self, model: keras.Model, old: Recipe) -> None:
        """Removes the prior from the last layer if the other run was trained without ``adjusted``."""
        if self.offsets is None or old.adjusted:
            return
        known = self.training.of(FER) if FER in self.training.sources else self.training
        prior = log_priors(known, replace(old, source_balance=0.0))[0]
        add_biases(model, -self.recipe.adjusted * (prior - prior.mean()))

    def prior(self, source: str) -> NDArray[np.float32] | None:
        """The (7,) log prior that the loss adds for a source; None without ``adjusted``."""
        if self.offsets is None:
            return None
        rows = self.training.source == source if source else np.ones(len(self.training), bool)
        return np.asarray(self.offsets[rows][0]) if rows.any() else None

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Figures at the side of the epoch: a network is worse at a side it has not been trained on.

        A joined set also gets figures of each source; the mean of their mean recalls is the main figure.
        """
        data = self.validation
        logits = predict(model, all_evened(resized(data.images, side), self.recipe.contrast))
        figures: dict[str, float | int] = {
            "validation_accuracy": round(accuracy(logits, data.truth), 4),
            "validation_mean_recall": round(mean_recall(logits, data.truth), 4),
            "validation_n": len(data),
        }
        if len(data.sources) < 2:
            return figures
        each = []
        for source in data.sources:
            own = data.source == source
            each.append(mean_recall(logits[own], data.truth[own]))
            figures[f"{source}_recall"] = round(each[-1], 4)
            figures[f"{source}_neutral"] = round(float(recalls(logits[own], data.truth[own])[-1]), 4)
            prior = self.prior(source)
            if prior is not None:
                figures[f"{source}_own_prior"] = round(accuracy(logits[own] + prior, data.truth[own]), 4)
        return {"sources_mean_recall": round(float(np.mean(each)), 4), **figures}


def _without(data: Dataset, recipe: Recipe) -> Dataset:
    """The rows of all sources that a recipe does not leave out.

    Raises:
        ConfigError: ``left_out`` names a source that the set does not have.
    """
    names = [name.strip() for name in recipe.left_out.split(",") if name.strip()]
    for name in names:
        if name not in data.sources:
            known = ", ".join(data.sources) or "none"
            raise ConfigError(f"left_out: {name} is no source of {data.name}; it has: {known}")
    return data.take(~np.isin(data.source, names)) if names else data


def add_biases(model: keras.Model, biases: NDArray[np.float32]) -> None:
    """Adds biases (7,) to those of a network's last layer."""
    bias = model.get_layer("logits").bias
    bias.assign(bias + biases)
