"""The network of a user's classes: the shipped model's trunk with a new head."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.card import load_card
from train.data.datasets import Dataset
from train.engine import network as parts
from train.engine import recover, runs
from train.engine.augment import augment
from train.engine.inference import all_evened, predict
from train.engine.network import Cost
from train.engine.recipe import Recipe
from train.engine.trainer import Trainer, seeded
from train.tasks.expression import network as expression

log = logging.getLogger("train")

Doubles = NDArray[np.float64]
HEAD = "logits"
COPIES = 5
"""Number of augmented copies of each crop, besides the crop itself, to which the first head is fitted."""
STATISTICS = 280
"""Number of crops for the statistics of the normalisation layers."""
STEPS, STRENGTH = 400, 3e-3
"""Steps and weight decay of the fit of the first head."""


@dataclass(frozen=True, slots=True)
class OwnNetwork:
    """The expression network with another number of classes; see ``train.engine.network.Architecture``.

    Attributes:
        classes: Number of logits.
    """

    classes: int

    def build(self, recipe: Recipe) -> keras.Model:
        """See ``Architecture``."""
        return expression.build(recipe, self.classes)

    def cost(self, recipe: Recipe) -> Cost:
        """See ``Architecture``."""
        return expression.cost(recipe, self.classes)


def recipe_for(model: Path, recipe: Recipe) -> Recipe:
    """A recipe with the shape and the preprocessing of a shipped model.

    Raises:
        ConfigError: Its card has no recipe.
        ModelError: The model or its card cannot be used.
    """
    known, _ = recover.recipe_of(load_card(model), model)
    network = replace(known.network, dropout=recipe.network.dropout)
    return replace(recipe, network=network, contrast=known.contrast, side=known.side)


def begin(model: Path, recipe: Recipe, data: Dataset, run: Path) -> None:
    """Creates a finished run with the shipped trunk and a first head that is fitted on the frozen trunk.

    Args:
        model: The shipped expression model.
        recipe: See ``recipe_for``.
        data: Pictures of the classes.
        run: Folder to make.

    Raises:
        ConfigError: The folder cannot be written, or the model does not fit its card.
    """
    training = data.part("train")
    seen = all_evened(training.images, recipe.contrast)
    known = seeded(expression, recipe)
    recover.fill(known, model, seen[:: max(1, len(seen) // STATISTICS)])
    classes = data.targets.shape[1]
    trainer = Trainer(recipe, OwnNetwork(classes))
    head = fitted(_features(known), training, recipe)
    for owner in (trainer.model, trainer.averaged):
        for mine, theirs in zip(parts.weighted(owner), parts.weighted(known), strict=True):
            mine.set_weights(list(head) if mine.name == HEAD else theirs.get_weights())
    trainer.history = [{"epoch": 1, "seconds": 0.0}]
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{run}: cannot be written: {error.strerror}") from None
    trainer.keep(run)
    runs.keep(run, replace(recipe, init=""))


def _features(model: keras.Model) -> keras.Model:
    """The network up to its head's input."""
    return keras.Model(model.inputs[0], model.get_layer(HEAD).input)


def fitted(features: keras.Model, training: Dataset, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of a logistic regression on frozen features with equal class weights.

    Args:
        features: From crops to (N, F).
        training: The crops.
        recipe: Augmentation and contrast.

    Returns:
        (F, K) and (K,) float32.
    """
    rng = np.random.default_rng(recipe.seed)
    copies = [training.images] + [
        np.stack([augment(image, recipe.augment, recipe.side, rng) for image in training.images]) for _ in range(COPIES)
    ]
    given = np.concatenate([predict(features, all_evened(images, recipe.contrast)) for images in copies])
    targets = np.tile(training.targets, (len(copies), 1)).astype(np.float64)
    mean, spread = given.mean(axis=0), given.std(axis=0) + 1e-3
    kernel, bias = logistic((given - mean) / spread, targets)
    kernel = kernel / spread[:, None]
    return kernel.astype(np.float32), (bias - mean @ kernel).astype(np.float32)


def logistic(
    given: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A multinomial logistic regression by accelerated gradient descent (Nesterov 1983).

    Args:
        given: (N, F) standardised features.
        targets: (N, K) distributions.

    Returns:
        Kernel (F, K) and bias (K,).
    """
    weights = (targets / targets.sum(axis=0)).sum(axis=1, keepdims=True) / targets.shape[1]
    wide = np.concatenate([given, np.ones((len(given), 1))], axis=1)
    steep = 0.5 * np.linalg.eigvalsh(wide.T @ (wide * weights))[-1] + STRENGTH
    now = ahead = np.zeros((wide.shape[1], targets.shape[1]))
    for step in range(STEPS):
        scores = wide @ ahead
        probs = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs /= probs.sum(axis=1, keepdims=True)
        slope = wide.T @ (weights * (probs - targets)) + STRENGTH * ahead
        before, now = now, ahead - slope / steep
        ahead = now + step / (step + 3) * (now - before)
    return now[:-1], now[-1]
