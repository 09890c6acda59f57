"""The expression network as a task; see ``train.engine.task.Task``."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.labels import EMOTIONS
from monitor.networks.card import ModelCard
from train.engine.recipe import MOVED, Recipe
from train.engine.task import PRIOR, SEVERAL, Evaluate, Export, Prepare, Score, Task
from train.tasks.expression import card as card_texts

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from train.data.datasets import Dataset
    from train.engine.network import Architecture
    from train.engine.training import Training

log = logging.getLogger("train")


class Expression(Task["Dataset"]):
    """Reads the expression of a face crop."""

    name = "expression"
    model = "emotion"
    labels = EMOTIONS
    prepared = "runs/data.npz"
    recipe = "quick"
    takes = frozenset({SEVERAL, PRIOR})
    unused = ("jitter.regions", *MOVED)
    score = Score("accuracy %", "accuracy", "n")
    curves = (("loss",), ("validation_accuracy", "validation_mean_recall", "sources_mean_recall"))

    def prepare(self, order: Prepare) -> None:
        from monitor.networks.card import find_model
        from monitor.networks.keypoints import KeypointNet
        from train.data import datasets, sources

        data = sources.read(order.paths, lambda: KeypointNet(find_model("keypoints.tflite")))
        out = order.out or Path("runs/mixed.npz" if len(data.sources) > 1 else self.prepared)
        datasets.save_prepared(data, out)
        for source, split in itertools.product(data.sources, sorted(set(data.split.tolist()))):
            own = data.of(source)
            rows = own.split == split
            log.info(
                "%s: %d rows, %d usable for training, %d with a clear answer",
                f"{source} {split}".strip(), rows.sum(), (rows & own.usable).sum(), (rows & (own.truth >= 0)).sum(),
            )  # fmt: skip
        log.info("%s written; %d unreadable rows skipped", out, data.skipped)

    def load(self, path: Path) -> Dataset:
        from train.data import datasets

        return datasets.load(path)

    def record(self, data: Dataset) -> dict[str, str]:
        return {"terms": card_texts.terms(data.name, voted=data.voted, sources=data.sources)}

    def network(self) -> Architecture:
        from train.tasks.expression import network

        return network

    def training(self, data: Dataset, recipe: Recipe) -> Training:
        from train.data import keypoints, unlabelled
        from train.tasks.expression.training import ExpressionTraining

        more = unlabelled.crops(keypoints.load(Path(recipe.unlabelled))) if recipe.unlabelled else None
        return ExpressionTraining(data, recipe, more)

    def check(self, recipe: Recipe, name: str) -> None:
        pass  # regions, which the other tasks need, are not drawn

    def export(self, model: keras.Model, data: Dataset, order: Export) -> ModelCard:
        from train.tasks.expression.export import export

        return export(model, data, order)

    def calibration(self, recipe: Recipe, data: Dataset, count: int) -> NDArray[np.uint8]:
        from train.engine.inference import all_evened
        from train.tasks.expression.export import calibration_crops

        return all_evened(calibration_crops(data, count), recipe.contrast)

    def require_source(self, card: ModelCard, model: Path, data: Dataset) -> None:
        from train.tasks.expression.recovery import require_source

        require_source(card, model, data)

    def undo_export(self, network: keras.Model, card: ModelCard, model: Path) -> None:
        from train.tasks.expression.recovery import undo_export

        undo_export(network, card, model)

    def evaluate(self, order: Evaluate) -> dict[str, Any]:
        from train.tasks.expression import report

        return report.evaluate(order)

    def show(self, report: dict[str, Any]) -> None:
        from train.tasks.expression.report import show

        show(report)

    def sections(self, model: Path, data: Path, split: str) -> list[str]:
        from train.tasks.expression.report import sections

        return sections(model, data, split)

    def notes(self, card: ModelCard) -> Mapping[str, str] | None:
        return card_texts.current_notes(card)

    def card_figures(self, card: ModelCard) -> list[str]:
        return card_texts.figures(card)
