"""Steps specific to recovering a run of the expression network from its exported model."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, card_path
from train.data.datasets import Dataset
from train.tasks.expression.training import add_biases


def require_source(card: ModelCard, model: Path, data: Dataset) -> None:
    """Refuses a data set that the model was not trained on, because its statistics would differ.

    Raises:
        ConfigError: The card names another set, or another number of crops.
    """
    match = re.match(r"(.+?): (\d+) crops of the split training", str(card.data.get("training", "")))
    if match is None:
        return
    count = int(data.part("train").usable.sum())
    if (data.name, count) != (match[1], int(match[2])):
        raise ConfigError(
            f"{model}: was trained on {match[1]} ({match[2]} crops), this is {data.name} ({count} crops); give --data"
        )


def undo_export(network: keras.Model, card: ModelCard, model: Path) -> None:
    """Removes the biases that the export added to the last layer.

    Raises:
        ConfigError: The card does not name them properly.
    """
    add_biases(network, -_biases(card, model))


def _biases(card: ModelCard, model: Path) -> NDArray[np.float32]:
    """The bias (7,) that the export added to each logit, from the card; zeros if the card names none.

    Raises:
        ConfigError: The card has something other than a number for each label.
    """
    if "biases" not in card.metrics:
        return np.zeros(len(card.labels), np.float32)
    try:
        added = card.metrics["biases"]["added"]
        found = np.array([float(added[label]) for label in card.labels], np.float32)
    except (KeyError, TypeError, ValueError, OverflowError):
        found = np.full(1, np.nan, np.float32)
    if not np.isfinite(found).all():
        raise ConfigError(f"{card_path(model)}: metrics.biases.added must be a number for each label")
    return found
