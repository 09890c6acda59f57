"""The keypoint network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.networks.card import ModelCard
from monitor.networks.keypoints import POINTS
from train.engine.recipe import CLASSES, GEOMETRY, Recipe
from train.engine.task import Evaluate, Export, Score
from train.tasks.facetask import FaceTask
from train.tasks.keypoints import card as card_texts

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.faceset import FaceSet
    from train.engine.network import Architecture
    from train.engine.training import Training


class Keypoints(FaceTask):
    """Finds eyes, nose, mouth and head pose in the region around a box."""

    name = "keypoints"
    model = "keypoints"
    labels = POINTS
    recipe = "keypoints"
    unused = (*CLASSES, "network.dropout", *GEOMETRY)
    score = Score("point error %, frontal", "frontal", "frontal_n")
    curves = (("loss",), ("error", "error_turned", "eye_error", "mouth_error"), ("yaw_error",), ("false",))

    def network(self) -> Architecture:
        from train.tasks.keypoints import network

        return network

    def training(self, data: FaceSet, recipe: Recipe) -> Training:
        from train.tasks.keypoints.training import KeypointTraining

        return KeypointTraining(data, recipe)

    def export(self, model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
        from train.tasks.keypoints.export import export

        return export(model, data, order)

    def calibration(self, recipe: Recipe, data: FaceSet, count: int) -> NDArray[np.uint8]:
        from train.tasks.keypoints.export import CALIBRATION, EXTREMES, calibration

        return calibration(data, CALIBRATION, max(1, count - EXTREMES))

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        from train.tasks.keypoints import report

        return report.evaluate(order)

    def show(self, report: dict[str, Any]) -> None:
        from train.tasks.keypoints.report import show

        show(report)

    def sections(self, model: Path, data: Path, split: str) -> list[str]:
        from train.tasks.keypoints.report import sections

        return sections(model, data, split)

    def notes(self, card: ModelCard) -> Mapping[str, str]:
        return card_texts.NOTES

    def card_figures(self, card: ModelCard) -> list[str]:
        return card_texts.figures(card)
