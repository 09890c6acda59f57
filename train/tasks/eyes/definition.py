"""The eye network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.networks.card import ModelCard
from monitor.networks.eyes import EYES
from train.engine.recipe import CLASSES, GEOMETRY, MOVED, Recipe
from train.engine.task import Evaluate, Export, Prepare, Score
from train.tasks.eyes import card as card_texts
from train.tasks.plain import PlainTask

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.eyeset import EyeSet
    from train.engine.network import Architecture
    from train.engine.training import Training

log = logging.getLogger("train")


class Eyes(PlainTask["EyeSet"]):
    """Distinguishes open eyes from shut ones, and eyes from anything else."""

    name = "eyes"
    model = "eyes"
    labels = EYES
    prepared = "runs/eyes.npz"
    recipe = "eyes"
    takes = frozenset()
    unused = (*CLASSES, "heads_turned", *GEOMETRY, *MOVED)
    score = Score("accuracy %, MRL's held-out persons", "mrl", "mrl_n")
    curves = (("loss",), ("mrl", "cew", "faces", "driver", "fer", "visible"), ("ghosts",))

    def prepare(self, order: Prepare) -> None:
        from train.data import eyeset

        eyes = eyeset.load(order.paths[0])
        out = order.out or Path(self.prepared)
        eyeset.save(eyes, out)
        log.info("%s: %d patches; %d unreadable or outside their picture", out, len(eyes), eyes.skipped)

    def load(self, path: Path) -> EyeSet:
        from train.data import eyeset

        return eyeset.load(path)

    def network(self) -> Architecture:
        from train.tasks.eyes import network

        return network

    def training(self, data: EyeSet, recipe: Recipe) -> Training:
        from train.tasks.eyes.training import EyeTraining

        return EyeTraining(data, recipe)

    def export(self, model: keras.Model, data: EyeSet, order: Export) -> ModelCard:
        from train.tasks.eyes.export import export

        return export(model, data, order)

    def calibration(self, recipe: Recipe, data: EyeSet, count: int) -> NDArray[np.uint8]:
        from train.tasks.eyes.export import calibration

        return calibration(data, count)

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        from train.reports import outputs
        from train.tasks.eyes import figures

        return outputs.plain(order, figures.evaluate(order.model, self.load(order.data[0]), order.split))

    def notes(self, card: ModelCard) -> Mapping[str, str]:
        return card_texts.NOTES
