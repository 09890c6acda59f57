"""Measures a model with a user's classes on pictures of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, load_card, read_model
from train.engine.inference import all_evened, int8_logits
from train.own import figures, order, pictures
from train.own.order import Order

ALL = "all"
"""Name of the part that holds every picture of a folder."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The model and the pictures to measure.

    Attributes:
        model: The .tflite, its card beside it.
        data: The .yaml file that the model was made from, or a folder of class folders with other pictures.
        split: Part of the pictures of a .yaml file; "" = the held-out test. A folder is measured as a whole.
    """

    model: Path
    data: Path
    split: str = ""


def evaluate(wanted: Measure, faces: Callable[[], pictures.Finder]) -> dict[str, Any]:
    """Figures of a model through its int8 path; see ``train.own.figures.held_out``.

    Args:
        wanted: Model and pictures.
        faces: Makes the search for faces.

    Raises:
        ConfigError: The pictures cannot be used, have other classes, or their parts are not those of the training.
        ModelError: The model or its card cannot be used.
    """
    card = load_card(wanted.model, None)
    whole = wanted.data.is_dir()
    if whole and wanted.split:
        raise ConfigError(f"--split {wanted.split}: {wanted.data} is a folder and measured as a whole; leave it out")
    given = order.of_folder(wanted.data) if whole else order.load(wanted.data)
    require_classes(card, given, wanted.data)
    split = ALL if whole else wanted.split or "test"
    images, truth = _whole(given, faces()) if whole else _part(given, faces(), split, card)
    places = np.array([card.labels.index(label) for label in given.classes])
    logits = int8_logits(read_model(wanted.model), all_evened(images, card.crop_contrast))
    measured = figures.held_out(logits, places[truth], card.labels, card.temperature)
    return {"model": card.version, "data": wanted.data.name, "split": split, **measured}


def require_classes(card: ModelCard, given: Order, path: Path) -> None:
    """Refuses pictures of classes that a model does not have.

    Raises:
        ConfigError: It names the first one.
    """
    for label in given.classes:
        if label not in card.labels:
            raise ConfigError(
                f"{path}: {label} is not a label of the model ({', '.join(card.labels)}); rename or move the folder"
            )


def _whole(given: Order, faces: pictures.Finder) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    found = pictures.find(given, faces)
    if not found.crops:
        raise ConfigError(f"{given.name}: no picture shows exactly one face; give other pictures")
    return np.stack(found.crops), found.truth


def _part(
    given: Order, faces: pictures.Finder, split: str, card: ModelCard
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One part of the pictures that a model was made from.

    Raises:
        ConfigError: They have changed since, so that a part could hold training pictures.
    """
    data = pictures.read(given, faces)
    made = str(card.data.get("training", ""))
    if made != figures.counts(data, "train", tuple(given.classes)):
        raise ConfigError(
            f"{given.name}: its training part is not the one that the model was made from ({made or 'none'}); "
            "give --data a folder of class folders with pictures that are new to the model"
        )
    part = data.part(split)
    return part.images, part.truth
