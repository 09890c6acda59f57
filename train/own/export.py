"""Measures a model of a user's classes on held-out pictures, and writes it only if it has learnt them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import OWN
from monitor.faces.crop import CropSpec
from monitor.networks.card import ModelCard
from train.data.crops import SIDE
from train.data.datasets import Dataset
from train.engine import convert
from train.engine.inference import all_evened, int8_logits, predict
from train.engine.recipe import Recipe
from train.own import figures
from train.own.network import OwnNetwork
from train.own.order import Order
from train.reports import metrics
from train.reports.cards import LAW

log = logging.getLogger("train")

CALIBRATION = 12
"""Crops of each class that set the quantisation ranges."""
NOTES = {
    "use": "Names which of its maker's classes a face shows in a near-frontal gray crop, as a distribution over them.",
    "not_for": "Decisions about people: hiring, grading, policing, credit, diagnosis, lie detection. Watching people "
    "who do not know about it.",
    "limits": "Trained and measured on pictures of its maker alone, possibly of few people and one camera. Expect less "
    "on other people, cameras and light. A face that shows none of the classes is still given one of them.",
    "groups": "Accuracy by age, sex and skin group is not measured.",
    "law": LAW,
}


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a training.

    Attributes:
        recipe: How it was trained.
        history: Its epochs.
        base: Version of the model that it started from.
        chosen: The chosen candidate and the figures of all, for the card.
    """

    recipe: Recipe
    history: list[dict[str, Any]]
    base: str
    chosen: dict[str, Any]


def choose(candidates: dict[str, keras.Model], data: Dataset, recipe: Recipe) -> tuple[str, dict[str, Any]]:
    """The name of the network with the smallest loss on the validation part, and the figures of all.

    The loss is that at the temperature which fits best, so that confidence alone does not decide.
    """
    rows = data.part("validation")
    seen = all_evened(rows.images, recipe.contrast)
    found: dict[str, Any] = {}
    for name, model in candidates.items():
        logits = predict(model, seen)
        temperature = metrics.fit_temperature(logits, rows.truth)
        found[name] = {
            "nll": round(metrics.nll(metrics.softmax(logits, temperature), rows.truth), 4),
            "mean_recall": round(metrics.mean_recall(logits, rows.truth), 4),
        }
    best = min(found, key=lambda name: float(found[name]["nll"]))
    return best, {"taken": best, "validation_n": len(rows), **found}


def export(model: keras.Model, data: Dataset, order: Order, result: Result, out: Path) -> ModelCard:
    """Converts a network to int8, passes it through both gates and writes it with its card.

    Args:
        model: The float network.
        data: All parts; the figures are those of the test part, which influenced no choice.
        order: Classes and terms.
        result: How it was made.
        out: The .tflite to write.

    Raises:
        NotLearnt: On held-out pictures it is hardly better than always predicting the largest class.
        ParityError: The int8 model differs too much from the float network.
        ConfigError: They cannot be written.
    """
    recipe, labels = result.recipe, tuple(order.classes)
    content = convert.to_int8(model, all_evened(_calibration(data), recipe.contrast))
    seen = all_evened(data.images, recipe.contrast)
    real, logits = predict(model, seen), int8_logits(content, seen)
    agreement = float((real.argmax(axis=1) == logits.argmax(axis=1)).mean())
    convert.require_agreement(agreement, len(seen))
    part = data.split == "validation"
    temperature = metrics.fit_temperature(logits[part], data.truth[part])
    test = data.split == "test"
    measured = figures.held_out(logits[test], data.truth[test], labels, temperature)
    figures.require_learnt(order, measured)
    crop = CropSpec(SIDE, align=True, contrast=recipe.contrast)
    card = replace(
        convert.bare_card(OWN, labels, crop, content, temperature),
        metrics={
            "held_out": measured,
            "candidates": result.chosen,
            **convert.common_metrics(content, agreement, OwnNetwork(len(labels)).cost(recipe), 1),
        },
        data={
            "training": figures.counts(data, "train", labels),
            "held_out": f"{figures.counts(data, 'test', labels)}; near-duplicates stay on one side",
            "terms": order.terms,
        },
        notes=dict(NOTES),
        training={**convert.training_record(recipe, result.history), "base": result.base, "made": str(date.today())},
    )
    return convert.written(card, content, out)


def _calibration(data: Dataset) -> NDArray[np.uint8]:
    training = data.part("train")
    rng = np.random.default_rng(0)
    rows: list[int] = []
    for label in range(data.targets.shape[1]):
        members = np.flatnonzero(training.truth == label)
        rows += rng.choice(members, min(CALIBRATION, len(members)), replace=False).tolist()
    return training.images[rows]
