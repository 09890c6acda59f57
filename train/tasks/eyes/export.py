"""Exports the eye network as an int8 model with its card."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import ModelCard
from monitor.networks.eyes import EYES
from train.data import eyeset
from train.data.eyeset import EyeSet
from train.engine import convert
from train.engine.inference import int8_logits, predict
from train.engine.task import Export
from train.tasks.eyes import card as texts
from train.tasks.eyes import network
from train.tasks.eyes.figures import figures, temperature

CALIBRATION = 700
"""Number of patches for the quantisation ranges."""


def calibration(data: EyeSet, count: int) -> NDArray[np.uint8]:
    """Random training patches, (up to ``count``, 32, 32) uint8, as the network sees them."""
    training = np.flatnonzero(data.split == "train")
    rows = np.random.default_rng(0).choice(training, min(count, len(training)), replace=False)
    return eyeset.middle(data.images[rows])


def export(model: keras.Model, data: EyeSet, order: Export) -> ModelCard:
    """Converts, measures and writes the network and its card.

    Args:
        model: The averaged float network.
        data: For calibration (train) and all figures (validation).
        order: Recipe, history and place.

    Returns:
        The card as written.

    Raises:
        ParityError: int8 and float agree on less than ``convert.LEAST_AGREEMENT`` of the validation eyes.
    """
    content = convert.to_int8(model, calibration(data, CALIBRATION))
    rows = np.flatnonzero(data.split == "validation")
    crops = eyeset.middle(data.images[rows])
    real, quantised = predict(model, crops), int8_logits(content, crops)
    agreement = float(((real > 0) == (quantised > 0)).mean())
    convert.require_agreement(agreement, len(rows))
    card = replace(
        convert.bare_card("eyes", EYES, eyeset.SPEC, content, temperature(quantised, data, rows)),
        metrics={
            "validation": figures(quantised, data, rows),
            "float": figures(real, data, rows),
            **convert.common_metrics(content, agreement, network.cost(order.recipe), 2),
        },
        data={
            "training": f"{int((data.split == 'train').sum())} patches of the training persons of CEW, MRL and a third "
            "eye set, and of the eyes and other parts of faces with reference keypoints",
            "validation": f"{len(rows)} patches of held-out persons; the recipe was chosen on them",
            "terms": "CEW and MRL: research sets. Third set: Kaggle, terms unstated. FER2013: Kaggle challenge data, "
            "research use. faces.zip: Apache-2.0 collection. Driver frames: research set.",
        },
        notes=dict(texts.NOTES),
        training=convert.training_record(order.recipe, order.history),
    )
    return convert.written(card, content, order.out)
