"""From an exported .tflite back to a run that can be gone on from, when its checkpoint is gone.

A model's int8 weights differ from the float ones they came from by rounding only (some 0.4 % of each filter's
largest weight), so a run that starts from them is a few steps away from where the lost one was.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import to_unit
from monitor.networks.card import ModelCard, card_path, load_card
from monitor.networks.runtime import Int8Model
from monitor.settings import reader as settings
from train.data import inputs
from train.data.datasets import Dataset
from train.data.eyeset import EyeSet
from train.data.faceset import FaceSet
from train.engine import network, resources, runs
from train.engine.fit import Trainer, all_evened
from train.engine.recipe import Recipe
from train.tasks import export_faces
from train.tasks.expression import export
from train.tasks.expression.task import add_biases
from train.tasks.keypoints import task as keypoint_task

log = logging.getLogger("train")

WEIGHTED = ("CONV_2D", "FULLY_CONNECTED")
MOST = 280
"""Training inputs that tell the statistics: tens of thousands of places of each filter."""


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """One layer as the device runs it, in real numbers.

    Attributes:
        kernel: As Keras keeps it: (3, 3, in, out) or (in, out).
        bias: (out,), the normalisation folded into both.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def recipe_of(card: ModelCard, model: Path) -> tuple[Recipe, int]:
    """The recipe a model was trained by and its epochs, as the card tells them.

    Raises:
        ConfigError: The card tells none, or one that this version does not know.
    """
    kept, epochs = card.training.get("recipe"), card.training.get("epochs")
    if not isinstance(kept, dict) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(f"{model}: its card tells no recipe and epochs; only models of train export can be recovered")
    try:
        recipe = settings.load(Recipe, None, [f"{key}={json.dumps(value)}" for key, value in kept.items()])
        recipe.network.shape()
        return recipe, epochs
    except ConfigError as error:
        lines = (line.removeprefix("--set: ") for line in error.lines)
        raise ConfigError(*(f"{card_path(model)}: training.recipe: {line}" for line in lines)) from None


def recover(model: Path, data: Path | None, run: Path) -> None:
    """Makes the folder of a finished run whose averaged network is an exported model's.

    Args:
        model: A .tflite of ``train.tasks.expression.export``; its card tells the recipe.
        data: The prepared data set it was trained on (None = where ``train prepare`` puts it): int8 models lack the
            statistics that training normalises by.
        run: Folder to make.

    Raises:
        ConfigError: ``run`` holds a run already or cannot be written, the card tells no recipe, the data set cannot be
            read or is another one than the card names, or the model is another network than its recipe's.
        ModelError: The model or its card cannot be used.
    """
    card = load_card(model, None)
    recipe, epochs = recipe_of(card, model)
    runs.require_unclaimed(run)
    resources.make_folder(run)
    path = inputs.path_for(recipe.task, None if data is None else str(data))
    learnt = inputs.load(recipe.task, path)
    _require_same(card, model, learnt)
    biases = _biases(card, model)
    seen = _inputs(recipe, learnt)
    trainer = Trainer(recipe)
    channels, blocks = recipe.network.shape()
    maps = network.maps(channels, blocks, recipe.side) * len(seen) * 4
    resources.require(f"{model}: measuring {len(seen)} crops", memory=resources.PER_MAP * maps)
    try:
        _give(trainer.averaged, list(_layers(model)))
    except ValueError as error:
        raise ConfigError(f"{model}: is another network than its card's recipe ({error})") from None
    _normalise(trainer.averaged, seen)
    if recipe.task == "expression":
        add_biases(trainer.averaged, -biases)
    trainer.model.set_weights(trainer.averaged.get_weights())
    seconds = float(card.training.get("minutes", 0)) * 60 / epochs
    trainer.history = [{"epoch": number + 1, "seconds": round(seconds, 1)} for number in range(epochs)]
    trainer.keep(run)
    inputs.keep(run, path, learnt)
    with resources.writing(run):
        runs.keep_origin(run, card)
        runs.keep(run, recipe)  # last: without it the folder is no run


def _require_same(card: ModelCard, model: Path, data: Dataset | FaceSet | EyeSet) -> None:
    """Refuses expressions the model did not learn from: statistics of others would be put into it. Cards of other
    networks do not name their set, so nothing is refused for them.

    Raises:
        ConfigError: The card names another set, or another number of crops.
    """
    told = re.match(r"(.+?): (\d+) crops of the split training", str(card.data.get("training", "")))
    if told is None or not isinstance(data, Dataset):
        return
    count = int(data.part("train").usable.sum())
    if (data.name, count) != (told[1], int(told[2])):
        raise ConfigError(
            f"{model}: learnt from {told[1]} ({told[2]} crops), this is {data.name} ({count} crops); give --data"
        )


def _biases(card: ModelCard, model: Path) -> NDArray[np.float32]:
    """What the export added to each logit, as the card tells it; zeros where it tells nothing.

    Raises:
        ConfigError: It tells something else than a number for each label.
    """
    if "biases" not in card.metrics:
        return np.zeros(len(card.labels), np.float32)
    try:
        added = card.metrics["biases"]["added"]
        found = np.array([float(added[label]) for label in card.labels], np.float32)
    except (KeyError, TypeError, ValueError, OverflowError):
        found = np.full(1, np.nan, np.float32)
    if not np.isfinite(found).all():
        raise ConfigError(f"{card_path(model)}: metrics.biases.added must be a number for each label")
    return found


def _inputs(recipe: Recipe, data: Dataset | FaceSet | EyeSet) -> NDArray[np.uint8]:
    """Training inputs (N, S, S) as the network sees them, at most ``MOST``."""
    if isinstance(data, EyeSet):
        return export_faces.eye_patches(data, MOST)
    if isinstance(data, Dataset):
        return all_evened(export.calibration_crops(data, MOST), recipe.contrast)
    if recipe.task == "proposals":
        return export_faces.scenes(data, MOST * 2 // 3)
    return keypoint_task.calibration(data, export_faces.CALIBRATION, MOST - 20)


def _layers(model: Path) -> Iterator[Folded]:
    """The convolutions and dense layers of a .tflite in the order they run."""
    interpreter: Any = Int8Model(model, threads=1)._interpreter
    known = {entry["index"]: entry for entry in interpreter.get_tensor_details()}
    for step in interpreter._get_ops_details():  # the only way to a graph's order without a schema of our own
        if step["op_name"] not in WEIGHTED:
            continue
        given = [known[index] for index in list(step["inputs"])[1:3] if index in known]
        if len(given) < 2:
            raise ValueError("a layer has no bias")
        kernel, bias = (_real(interpreter, entry) for entry in given)
        axes = (1, 2, 3, 0) if kernel.ndim == 4 else (1, 0)
        yield Folded(kernel.transpose(axes), bias)


def _real(interpreter: Any, entry: dict[str, Any]) -> NDArray[np.float32]:
    """A constant of a graph in real numbers; one scale for each output channel, which is its first axis."""
    values = interpreter.get_tensor(entry["index"])
    scales = np.asarray(entry["quantization_parameters"]["scales"], np.float32)
    real: NDArray[np.float32] = values.astype(np.float32) * scales.reshape(-1, *(1,) * (values.ndim - 1))
    return real


def _give(model: keras.Model, folded: list[Folded]) -> None:
    """Puts layers into a new network, whose normalisations then only add.

    Convolutions come in their order; heads, which the converter reorders, are told by their width.

    Raises:
        ValueError: Their number or shapes differ.
    """
    weighted = network.weighted(model)
    for layer, after in zip(weighted, [*weighted[1:], None], strict=True):
        if isinstance(layer, layers.BatchNormalization):
            continue
        head = layer.use_bias
        found = [f for f in folded if not head or f.bias.size == layer.kernel.shape[-1]][:1]
        if not found or found[0].kernel.shape != tuple(layer.kernel.shape):
            raise ValueError(f"no layer with a kernel of {tuple(layer.kernel.shape)} where one is expected")
        folded.remove(found[0])
        kernel, bias = found[0].kernel, found[0].bias
        if head:
            layer.set_weights([kernel, bias])
            continue
        layer.set_weights([kernel])
        one = np.ones_like(bias)
        after.set_weights([one, bias, 0 * one, one - after.epsilon])
    if folded:
        raise ValueError(f"{len(folded)} layers too many")


def _normalise(model: keras.Model, inputs: NDArray[np.uint8]) -> None:
    """Gives each normalisation the statistics of its inputs, and the scale and shift that undo them.

    The answers stay what they are; training, which normalises by the batch at hand, then starts from them, too.
    """
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    watched = keras.Model(model.inputs[0], [norm.input for norm in norms])
    for norm, values in zip(norms, watched(to_unit(inputs)[..., None]), strict=True):
        mean, variance = (np.asarray(f(values, axis=(0, 1, 2))) for f in (keras.ops.mean, keras.ops.var))
        norm.set_weights([np.sqrt(variance + norm.epsilon), norm.beta.numpy() + mean, mean, variance])
