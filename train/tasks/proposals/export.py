"""Exports the proposal network as an int8 model with its card."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import ModelCard
from monitor.networks.proposals import FACE
from train.data.faceset import FaceSet
from train.engine import convert
from train.engine.inference import loaded
from train.engine.task import Export
from train.tasks.keypoints.card import TERMS, VALIDATION
from train.tasks.keypoints.placement import SPEC
from train.tasks.proposals import card as texts
from train.tasks.proposals import network
from train.tasks.proposals import scenes as checked_scenes
from train.tasks.proposals.figures import figures, float_answers, int8_answers

CALIBRATION = 700
"""Scenes with a face that set the quantisation ranges; half as many without."""


def calibration(data: FaceSet, count: int) -> NDArray[np.uint8]:
    """Training scenes (N, 56, 56) uint8: up to ``count`` with a face and half as many without."""
    return np.stack([scene.image for scene in checked_scenes.check_scenes(data, "train", count)])


def export(model: keras.Model, data: FaceSet, order: Export) -> ModelCard:
    """Converts, measures and writes the network and its card.

    Args:
        model: The averaged float network.
        data: For calibration (train) and all figures (validation).
        order: Recipe, history and place.

    Returns:
        The card as written.

    Raises:
        ParityError: int8 and float agree on less than ``convert.LEAST_AGREEMENT`` of the scenes whether to propose.
    """
    content = convert.to_int8(model, calibration(data, CALIBRATION))
    checked = checked_scenes.check_scenes(data, "validation", checked_scenes.CHECKED)
    images = np.stack([scene.image for scene in checked])
    real, quantised = float_answers(model, images), int8_answers(loaded(content), images)
    agreement = float(((real[0] > 0).any(axis=(1, 2)) == (quantised[0] > 0).any(axis=(1, 2))).mean())
    convert.require_agreement(agreement, len(checked))
    card = replace(
        convert.bare_card("proposals", FACE, SPEC._replace(contrast=0.0), content, 1.0),
        metrics={
            "validation": figures(*quantised, checked),
            "float": figures(*real, checked),
            **convert.common_metrics(content, agreement, network.cost(order.recipe), 2),
        },
        data={
            "training": f"{int((data.split == 'train').sum())} faces and {int((data.window_split == 'train').sum())} "
            f"windows without a face, of {data.name}",
            "validation": VALIDATION,
            "terms": TERMS,
        },
        notes=dict(texts.NOTES),
        training=convert.training_record(order.recipe, order.history),
    )
    return convert.written(card, content, order.out)
