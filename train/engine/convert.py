"""Shared parts of all exports: conversion to int8, limits of the parity check, and the card's common fields."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from monitor.core.errors import ConfigError, ModelError
from monitor.faces.crop import CropSpec, to_unit
from monitor.networks.card import ModelCard, card_path
from monitor.settings import reader as settings
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.engine.network import Cost
from train.engine.recipe import Recipe
from train.system import quiet, resources

log = logging.getLogger("train")

LARGEST_LOSS = 0.003
"""Accuracy (share) the int8 model may lose against the float one."""
LEAST_ROWS = 2
"""Number of rows that may always be lost: one of a hundred is already a whole point."""
LEAST_AGREEMENT = 0.98
"""Share of validation crops whose top label must be the same in int8 and float."""
LARGEST_DRIFT = 0.003
"""Share of the eye distance by which the error of int8 keypoints may exceed that of the float ones."""


class ParityError(ModelError):
    """The int8 model differs too much from the float network; nothing was written."""


def to_int8(model: keras.Model, calibration: NDArray[np.uint8]) -> bytes:
    """Converts a network to a .tflite with int8 input, output, weights and activations.

    Args:
        model: A float network from (N, S, S, 1).
        calibration: (N, S, S) uint8 crops that set the quantisation ranges; S becomes the fixed input side.
    """

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for image in calibration:
            yield [to_unit(image)[None, :, :, None]]

    # The float network may take any size; the exported one has fixed shapes.
    side = calibration.shape[1]
    fixed = keras.models.clone_model(model, input_tensors=keras.Input((side, side, 1), batch_size=1))
    fixed.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    with quiet.native_stderr_hidden(), redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of missing input ranges, which come from the calibration
        return bytes(converter.convert())


def require_agreement(agreement: float, count: int) -> None:
    """Refuses an int8 model that disagrees with the float network too often.

    Args:
        agreement: Share of equal answers.
        count: Number of answers.

    Raises:
        ParityError: Less than ``LEAST_AGREEMENT``.
    """
    log.info("int8 against float: agreement %.4f (N = %d)", agreement, count)
    if agreement < LEAST_AGREEMENT:
        raise ParityError(f"int8 agrees on {agreement:.4f} (at least {LEAST_AGREEMENT}); nothing was written")


def bare_card(name: str, labels: tuple[str, ...], crop: CropSpec, content: bytes, temperature: float) -> ModelCard:
    """A card with the model's identity and input; the export adds figures and texts."""
    digest = sha256(content)
    return ModelCard(
        name=name, version=f"{date.today().isoformat()}-{digest[:8]}", labels=labels, input_side=crop.side,
        crop_margin=crop.margin, crop_shift_y=crop.shift_y, crop_align=crop.align, crop_contrast=crop.contrast,
        temperature=round(temperature, 4), sha256=digest,
    )  # fmt: skip


def written(card: ModelCard, content: bytes, out: Path) -> ModelCard:
    """Writes a model and its card beside it; an older pair is replaced only by a complete new one.

    Raises:
        ConfigError: They cannot be written.
    """
    resources.make_folder(out.parent)
    with resources.writing(out), whole(out) as model:
        model.write_bytes(content)
        card.save(card_path(out))
    return card


def require_place(out: Path) -> None:
    """Refuses an unusable path for the model before the export starts.

    Raises:
        ConfigError: It is a folder or does not end in .tflite, or its folder cannot be made.
    """
    if out.is_dir() or out.suffix != ".tflite":
        raise ConfigError(f"--out {out}: must be a file that ends in .tflite")
    resources.make_folder(out.parent)


def common_metrics(content: bytes, agreement: float, cost: Cost, digits: int) -> dict[str, Any]:
    """Figures of every card: agreement of int8 with float, size and cost (MMAC rounded to ``digits``)."""
    return {
        "int8_agreement": round(agreement, 4),
        "size_bytes": len(content),
        "mmac": round(cost.mmac, digits),
        "parameters": cost.parameters,
    }


def training_record(recipe: Recipe, history: list[dict[str, Any]]) -> dict[str, Any]:
    """The record of the training for the model's card."""
    return {
        "recipe": settings.as_dict(recipe),
        "epochs": len(history),
        "minutes": round(sum(e["seconds"] for e in history) / 60, 1),
    }
