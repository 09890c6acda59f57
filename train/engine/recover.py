"""Recovers a run from its exported .tflite when the checkpoint is lost.

Int8 weights differ from the float ones by rounding only (about 0.4 % of each filter's largest weight), so a run that
starts from them is a few training steps away from the lost one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
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
from train.engine import network, runs
from train.engine.recipe import Recipe
from train.engine.task import Task
from train.engine.trainer import Trainer
from train.system import resources

log = logging.getLogger("train")

WEIGHTED = ("CONV_2D", "FULLY_CONNECTED")
MOST = 280
"""Training inputs used to estimate the statistics: tens of thousands of values for each filter."""


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """One layer of the int8 model, in real numbers.

    Attributes:
        kernel: In Keras's order: (3, 3, in, out) or (in, out).
        bias: (out,); the normalisation is folded into kernel and bias.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


def recipe_of(card: ModelCard, model: Path) -> tuple[Recipe, int]:
    """The recipe of a model and its number of epochs, from its card.

    Raises:
        ConfigError: The card has none, or one with unknown fields or values.
    """
    kept, epochs = card.training.get("recipe"), card.training.get("epochs")
    if not isinstance(kept, dict) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(
            f"{model}: its card has no recipe and epochs; only models of emotion-train export can be recovered"
        )
    try:
        recipe = settings.load(Recipe, None, [f"{key}={json.dumps(value)}" for key, value in kept.items()])
        recipe.network.shape()
        return recipe, epochs
    except ConfigError as error:
        lines = (line.removeprefix("--set: ") for line in error.lines)
        raise ConfigError(*(f"{card_path(model)}: training.recipe: {line}" for line in lines)) from None


def recover(model: Path, data: Path | None, run: Path, tasks: Mapping[str, Task[Any]]) -> None:
    """Makes the folder of a finished run whose averaged network equals an exported model.

    Args:
        model: A .tflite written by ``emotion-train export``; its card holds the recipe.
        data: The prepared data set it was trained on (None = the task's default place), because int8 models lack the
            statistics of batch normalisation.
        run: Folder to make.
        tasks: All tasks by name.

    Raises:
        ConfigError: ``run`` holds a run already or cannot be written, the card has no recipe, the data set cannot be
            read or is not the one the card names, or the model does not fit its recipe.
        ModelError: The model or its card cannot be used.
    """
    card = load_card(model, None)
    recipe, epochs = recipe_of(card, model)
    if recipe.task not in tasks:
        raise ConfigError(f"{card_path(model)}: training.recipe: task must be one of {', '.join(tasks)}")
    task = tasks[recipe.task]
    runs.require_unclaimed(run)
    resources.make_folder(run)
    path = inputs.path_for(task.prepared, None if data is None else str(data))
    data_set = task.load(path)
    task.require_source(card, model, data_set)
    seen = task.calibration(recipe, data_set, MOST)
    maps = task.network().cost(recipe).maps * len(seen) * 4
    resources.require(f"{model}: measuring {len(seen)} crops", memory=resources.PER_MAP * maps)
    trainer = Trainer(recipe, task.network())
    fill(trainer.averaged, model, seen)
    task.undo_export(trainer.averaged, card, model)
    trainer.model.set_weights(trainer.averaged.get_weights())
    seconds = float(card.training.get("minutes", 0)) * 60 / epochs
    trainer.history = [{"epoch": number + 1, "seconds": round(seconds, 1)} for number in range(epochs)]
    trainer.keep(run)
    inputs.keep(run, path, data_set, more=task.record(data_set))
    with resources.writing(run):
        runs.keep_origin(run, card)
        runs.keep(run, recipe)  # written last, because a folder without it is not a run


def fill(network: keras.Model, model: Path, seen: NDArray[np.uint8]) -> None:
    """Gives an untrained network the weights of an exported model.

    Args:
        network: The network of the model's recipe.
        model: The .tflite.
        seen: (N, S, S) uint8 inputs as the network sees them, for the statistics of its normalisations.

    Raises:
        ConfigError: The model is another network.
    """
    try:
        _fill(network, list(_layers(model)))
    except ValueError as error:
        raise ConfigError(f"{model}: is another network than its card's recipe ({error})") from None
    _normalise(network, seen)


def _layers(model: Path) -> Iterator[Folded]:
    """The convolutions and dense layers of a .tflite in the order they run."""
    interpreter: Any = Int8Model(model, threads=1)._interpreter
    known = {entry["index"]: entry for entry in interpreter.get_tensor_details()}
    for step in interpreter._get_ops_details():  # the only way to read the order of a graph without a schema
        if step["op_name"] not in WEIGHTED:
            continue
        given = [known[index] for index in list(step["inputs"])[1:3] if index in known]
        if len(given) < 2:
            raise ValueError("a layer has no bias")
        kernel, bias = (_real(interpreter, entry) for entry in given)
        axes = (1, 2, 3, 0) if kernel.ndim == 4 else (1, 0)
        yield Folded(kernel.transpose(axes), bias)


def _real(interpreter: Any, entry: dict[str, Any]) -> NDArray[np.float32]:
    """A constant of a graph in real numbers; it has one scale for each output channel, its first axis."""
    values = interpreter.get_tensor(entry["index"])
    scales = np.asarray(entry["quantization_parameters"]["scales"], np.float32)
    real: NDArray[np.float32] = values.astype(np.float32) * scales.reshape(-1, *(1,) * (values.ndim - 1))
    return real


def _fill(model: keras.Model, folded: list[Folded]) -> None:
    """Copies layers into a new network; its normalisations then only add the bias.

    Convolutions are matched in order, and heads, which the converter reorders, by their width.

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
        raise ValueError(f"{len(folded)} surplus layers")


def _normalise(model: keras.Model, inputs: NDArray[np.uint8]) -> None:
    """Gives each normalisation the statistics of its inputs, and the scale and shift that cancel them. The outputs do
    not change, and training, which normalises by each batch, starts from the same outputs.
    """
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    watched = keras.Model(model.inputs[0], [norm.input for norm in norms])
    for norm, values in zip(norms, watched(to_unit(inputs)[..., None]), strict=True):
        mean, variance = (np.asarray(f(values, axis=(0, 1, 2))) for f in (keras.ops.mean, keras.ops.var))
        norm.set_weights([np.sqrt(variance + norm.epsilon), norm.beta.numpy() + mean, mean, variance])
