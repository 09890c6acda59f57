"""Exports the cover network as an int8 model with its card."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import ModelCard
from monitor.networks.covers import HALVES
from train.data.faceset import FaceSet
from train.engine import convert
from train.engine.inference import int8_logits, predict
from train.engine.task import Export
from train.tasks.covers import card as texts
from train.tasks.covers import network
from train.tasks.covers.coverings import SPEC, check_coverings
from train.tasks.covers.figures import CHECKED, figures, temperature
from train.tasks.keypoints.card import TERMS, VALIDATION
from train.tasks.keypoints.regions import CHECK_LIGHT

CALIBRATION = 60
"""Number of crops of each kind for the quantisation ranges."""


def calibration(data: FaceSet, each: int) -> NDArray[np.uint8]:
    """Training crops (N, 48, 48) uint8 as inputs of the network, ``each`` of a kind."""
    return np.stack([c.image for c in check_coverings(data, "train", each, CHECK_LIGHT)])


def export(model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
    """Converts, measures and writes the network and its card.

    Args:
        model: The averaged float network.
        data: For calibration (train), temperature and all figures (validation).
        order: Recipe, history and place.

    Returns:
        The card as written.

    Raises:
        ParityError: int8 and float agree on less than ``convert.LEAST_AGREEMENT`` of the halves.
    """
    content = convert.to_int8(model, calibration(data, CALIBRATION))
    made = check_coverings(data, "validation", CHECKED, CHECK_LIGHT)
    images = np.stack([c.image for c in made])
    real, quantised = predict(model, images), int8_logits(content, images)
    agreement = float(((real > 0) == (quantised > 0)).mean())
    convert.require_agreement(agreement, len(made))
    heat = temperature(quantised, made)
    card = replace(
        convert.bare_card("covers", HALVES, SPEC, content, heat),
        metrics={
            "validation": figures(quantised, made, heat),
            "float": figures(real, made, heat),
            **convert.common_metrics(content, agreement, network.cost(order.recipe), 2),
        },
        data={
            "training": f"{int((data.split == 'train').sum())} faces of {data.name} with reference keypoints, with "
            "covers drawn over them",
            "validation": VALIDATION + "; the temperature is fitted on it",
            "terms": TERMS,
        },
        notes=dict(texts.NOTES),
        training=convert.training_record(order.recipe, order.history),
    )
    return convert.written(card, content, order.out)
