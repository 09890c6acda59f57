"""The proposal network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.networks.card import ModelCard
from monitor.networks.proposals import FACE
from train.engine.recipe import CLASSES, GEOMETRY, Recipe
from train.engine.task import Evaluate, Export, Score
from train.tasks.facetask import FaceTask
from train.tasks.plain import PlainTask
from train.tasks.proposals import card as card_texts

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.faceset import FaceSet
    from train.engine.network import Architecture
    from train.engine.training import Training


class Proposals(FaceTask, PlainTask["FaceSet"]):
    """Proposes places of a shrunk frame that may show a face."""

    name = "proposals"
    model = "proposals"
    labels = FACE
    recipe = "proposals"
    unused = (*CLASSES, "heads_turned", "network.dropout", *GEOMETRY)
    score = Score("faces found %, disturbed scenes", "found", "found_n")
    curves = (("loss",), ("found",), ("false",), ("place", "size"))

    def network(self) -> Architecture:
        from train.tasks.proposals import network

        return network

    def training(self, data: FaceSet, recipe: Recipe) -> Training:
        from train.tasks.proposals.training import ProposalTraining

        return ProposalTraining(data, recipe)

    def export(self, model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
        from train.tasks.proposals.export import export

        return export(model, data, order)

    def calibration(self, recipe: Recipe, data: FaceSet, count: int) -> NDArray[np.uint8]:
        from train.tasks.proposals.export import calibration

        return calibration(data, count * 2 // 3)

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        from train.reports import outputs
        from train.tasks.proposals import figures

        return outputs.plain(order, figures.evaluate(order.model, self.load(order.data[0]), order.split))

    def notes(self, card: ModelCard) -> Mapping[str, str]:
        return card_texts.NOTES

    def card_input(self, card: ModelCard) -> str:
        return card_texts.INPUT
