"""The keypoint network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.networks.card import ModelCard
from monitor.networks.keypoints import POINTS
from train.engine.recipe import CLASSES, GEOMETRY, Recipe
from train.engine.task import BACKGROUNDS, PROPOSALS, Evaluate, Export, Prepare, Score, Task
from train.tasks.keypoints import card as card_texts

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.faceset import FaceSet
    from train.engine.network import Architecture
    from train.engine.training import Training

log = logging.getLogger("train")


class Keypoints(Task["FaceSet"]):
    """Finds eyes, nose, mouth and head pose in the region around a box."""

    name = "keypoints"
    model = "keypoints"
    labels = POINTS
    prepared = "runs/keypoints.npz"
    recipe = "keypoints"
    takes = frozenset({BACKGROUNDS, PROPOSALS})
    unused = (*CLASSES, "network.dropout", *GEOMETRY)
    score = Score("point error %, frontal", "frontal", "frontal_n")
    curves = (("loss",), ("error", "error_turned", "eye_error", "mouth_error"), ("yaw_error",), ("false",))

    def prepare(self, order: Prepare) -> None:
        from train.data import faceset, keypoints

        faces = keypoints.load(order.paths[0], order.backgrounds, order.proposals)
        out = order.out or Path(self.prepared)
        faceset.save(faces, out)
        log.info(
            "%s: %d faces, %d windows without a face; %d unreadable pictures skipped",
            out, len(faces), len(faces.windows), faces.skipped,
        )  # fmt: skip

    def load(self, path: Path) -> FaceSet:
        from train.data import keypoints

        return keypoints.load(path)

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
