"""The interface between ``train.engine.fit`` and a task's training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from train.engine.network import Architecture
from train.engine.recipe import Recipe

Arrays = tuple[NDArray[Any], ...]


def check_trainable(name: str, split: NDArray[np.str_], recipe: Recipe, side: int, things: str = "faces") -> None:
    """Refuses a set without rows of a needed split, and a recipe with another side than the task's.

    Args:
        name: The set's name.
        split: (N,) the split of each row.
        recipe: The run's recipe.
        side: Side of the task's input in pixels.
        things: Name of a row in messages, in the plural.

    Raises:
        ConfigError: The set or the recipe does not fit.
    """
    for needed in ("train", "validation"):
        if not (split == needed).any():
            raise ConfigError(f"{name}: has no {things} in the split {needed!r}")
    if recipe.side != side:
        raise ConfigError(f"side must be {side} for the task {recipe.task} (got {recipe.side})")


class Training(Protocol):
    """Data, loss and validation of one training run.

    Attributes:
        steps: Steps of an epoch.
        network: Builds the network that is trained.
    """

    steps: int
    network: Architecture

    def batches(self, epoch: int, side: int) -> Iterator[Arrays]:
        """The batches of an epoch: the input first, then the targets ``loss`` takes."""

    def loss(self, outputs: Any, *targets: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""

    def validate(self, model: keras.Model, side: int) -> dict[str, float | int]:
        """Figures of the averaged network on the validation split."""

    def adapt(self, model: keras.Model, old: Recipe) -> None:
        """Adapts a network after it has been initialised with the weights of another run.

        Args:
            model: The network.
            old: The other run's recipe.
        """
        return
