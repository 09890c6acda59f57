"""The interface between ``train.engine.fit`` and a task's training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import keras
import tensorflow as tf
from numpy.typing import NDArray

from train.engine.network import Architecture
from train.engine.recipe import Recipe

Arrays = tuple[NDArray[Any], ...]


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
        """Changes a network that has just taken the weights of another run.

        Args:
            model: The network.
            old: The other run's recipe.
        """
        return
