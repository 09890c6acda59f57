"""From a user's pictures to a model with their labels."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, load_card
from train.data import inputs
from train.data.datasets import Dataset
from train.engine import convert, runs
from train.engine.fit import fit
from train.engine.recipe import Recipe
from train.engine.trainer import load_trained
from train.own import export, network, pictures
from train.own.order import Order
from train.tasks.expression.training import ExpressionTraining

log = logging.getLogger("train")

START = "start"
"""Folder in the run's folder with the network before fine-tuning."""
FROZEN, TUNED = "trunk frozen", "fine-tuned"


class OwnTraining(ExpressionTraining):
    """Training of a network with a user's classes."""

    def __init__(self, data: Dataset, recipe: Recipe) -> None:
        """Takes the training and validation parts.

        Raises:
            ConfigError: There are fewer training pictures than a batch.
        """
        super().__init__(data, recipe)
        self.network = network.OwnNetwork(data.targets.shape[1])


@dataclass(frozen=True, slots=True)
class Places:
    """Files of a training.

    Attributes:
        model: The shipped expression model that it starts from.
        run: Folder of the run.
        out: The .tflite to write.
    """

    model: Path
    run: Path
    out: Path


def make(order: Order, faces: Callable[[], pictures.Finder], recipe: Recipe, places: Places) -> ModelCard:
    """Trains and writes a model; an interrupted run is resumed.

    Args:
        order: Classes and pictures.
        faces: Makes the search for faces.
        recipe: How to train.
        places: Files.

    Returns:
        The card as written.

    Raises:
        ConfigError: Too few pictures, or a folder cannot be used.
        ModelError: The shipped model cannot be used.
        NotLearnt, ParityError: The model did not pass; see ``train.own.export``.
    """
    convert.require_place(places.out)
    start = places.run / START
    recipe = replace(network.recipe_for(places.model, recipe), init=str(start))
    resume = (places.run / "recipe.yaml").exists()
    data = pictures.read(order, faces())
    if resume:
        try:
            inputs.require_same(places.run, Path(order.name), data)
        except ConfigError:
            raise ConfigError(f"{places.run}: began with other pictures; give another --run") from None
    else:
        shutil.rmtree(start, ignore_errors=True)
        network.begin(places.model, recipe, data, start)
    fit(
        OwnTraining(data, recipe), recipe, places.run, resume=resume,
        begun=lambda: inputs.keep(places.run, Path(order.name), data),
    )  # fmt: skip
    own = network.OwnNetwork(len(order.classes))
    candidates = {FROZEN: load_trained(start, recipe, own), TUNED: load_trained(places.run, recipe, own)}
    best, figures = export.choose(candidates, data, recipe)
    log.info("taken: %s (validation: %s)", best, figures[best])
    result = export.Result(recipe, runs.history_of(places.run), load_card(places.model).version, figures)
    return export.export(candidates[best], data, order, result, places.out)
