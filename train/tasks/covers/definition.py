"""The cover network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.networks.card import ModelCard
from monitor.networks.covers import HALVES
from train.engine.recipe import CLASSES, GEOMETRY, Recipe
from train.engine.task import Evaluate, Export, Score
from train.tasks.covers import card as card_texts
from train.tasks.facetask import FaceTask
from train.tasks.plain import PlainTask

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.faceset import FaceSet
    from train.engine.network import Architecture
    from train.engine.training import Training

UNUSED = tuple(f"jitter.{key}" for key in ("stretch", "wide", "turned", "hide", "frame"))
"""Fields of ``Jitter`` without an effect: boxes are nearly exact, and the task draws the covers itself."""


class Covers(FaceTask, PlainTask["FaceSet"]):
    """Detects which half of a face is covered."""

    name = "covers"
    model = "covers"
    labels = HALVES
    recipe = "covers"
    unused = (*CLASSES, "heads_turned", "augment.erase", *GEOMETRY, *UNUSED)
    score = Score("clear faces taken for covered %", "false", "false_n")
    curves = (("loss",), ("mask", "hand", "thing", "sunglasses", "band", "scarf"), ("false",), ("ece",))

    def network(self) -> Architecture:
        from train.tasks.covers import network

        return network

    def training(self, data: FaceSet, recipe: Recipe) -> Training:
        from train.tasks.covers.training import CoverTraining

        return CoverTraining(data, recipe)

    def export(self, model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
        from train.tasks.covers.export import export

        return export(model, data, order)

    def calibration(self, recipe: Recipe, data: FaceSet, count: int) -> NDArray[np.uint8]:
        from train.tasks.covers.export import calibration

        return calibration(data, count)

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        from train.reports import outputs
        from train.tasks.covers import figures

        return outputs.plain(order, figures.evaluate(order.model, self.load(order.data[0]), order.split))

    def notes(self, card: ModelCard) -> Mapping[str, str]:
        return card_texts.NOTES
