"""The expression network: a plain residual 3×3 convolutional net.

Plain 3×3 convolutions train several times faster on a CPU than depthwise ones of the same cost and
lose nothing to int8 (measured, docs/EXPERIMENTS.md). Only ReLU, additions and convolutions with
batch normalisation, which the converter folds, so that the whole graph is int8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from monitor.core.labels import EMOTIONS
from monitor.networks.eyes import EYES
from monitor.networks.keypoints import SHAPES

REGION = 56
"""Side in pixels of the keypoint network's input."""
EYE = 32
"""Side in pixels of the eye network's input."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs to run and to store."""

    mmac: float
    parameters: int


def build(channels: tuple[int, ...], blocks: tuple[int, ...], dropout: float) -> keras.Model:
    """Builds the network.

    Each stage halves the picture with one strided convolution and refines it with residual blocks
    of two convolutions (He et al. 2016); the head is a global average and one dense layer.

    Args:
        channels: Channels of each stage.
        blocks: Residual blocks of each stage.
        dropout: Share of the pooled features dropped while training, 0..1.

    Returns:
        A model from (N, S, S, 1) float32 in [-1, 1] to (N, 7) logits; S may vary between calls.

    Raises:
        ValueError: ``channels`` and ``blocks`` differ in length.
    """
    inputs = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(_stages(inputs, channels, blocks))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), name="logits")(x))


def build_keypoints(channels: tuple[int, ...], blocks: tuple[int, ...]) -> keras.Model:
    """Builds the keypoint network: the same stages, then dense layers on the flattened last stage.

    Flattened, not averaged: where a feature lies is the answer here.

    Args:
        channels: Channels of each stage.
        blocks: Residual blocks of each stage.

    Returns:
        A model from (N, 56, 56, 1) float32 in [-1, 1] to the outputs of
        ``monitor.networks.keypoints.SHAPES``: presence (N, 1), points (N, 38), head (N, 6).

    Raises:
        ValueError: ``channels`` and ``blocks`` differ in length.
    """
    inputs = keras.Input((REGION, REGION, 1))
    x = layers.Flatten()(_stages(inputs, channels, blocks))
    names = ("presence", "points", "head")
    outputs = [layers.Dense(shape[1], name=n)(x) for n, shape in zip(names, SHAPES, strict=True)]
    return keras.Model(inputs, outputs)


def build_eyes(channels: tuple[int, ...], blocks: tuple[int, ...], dropout: float) -> keras.Model:
    """Builds the eye network: the same stages, then one dense layer on the flattened last stage.

    Args:
        channels: Channels of each stage.
        blocks: Residual blocks of each stage.
        dropout: Share of the flattened features dropped while training, 0..1.

    Returns:
        A model from (N, 32, 32, 1) float32 in [-1, 1] to (N, 2) logits of ``monitor.networks.eyes.EYES``.

    Raises:
        ValueError: ``channels`` and ``blocks`` differ in length.
    """
    inputs = keras.Input((EYE, EYE, 1))
    x = layers.Dropout(dropout)(layers.Flatten()(_stages(inputs, channels, blocks)))
    return keras.Model(inputs, layers.Dense(len(EYES), name="logits")(x))


def build_proposals(channels: tuple[int, ...], blocks: tuple[int, ...]) -> keras.Model:
    """Builds the proposal network: two halving stages, the others at that size, and an answer for each place.

    Args:
        channels: Channels of each stage.
        blocks: Residual blocks of each stage.

    Returns:
        A fully convolutional model from (N, H, W, 1) float32 in [-1, 1], sides multiples of 4, to the logit of a face
        (N, H/4, W/4, 1) and its box (N, H/4, W/4, 3), see ``monitor.networks.proposals.decode``.

    Raises:
        ValueError: ``channels`` and ``blocks`` differ in length.
    """
    inputs = keras.Input((None, None, 1))
    x = _stages(inputs, channels, blocks, halvings=2)
    # Rare at first (Lin et al. 2017): or the many empty places drown the few faces in the first steps.
    logit = layers.Conv2D(1, 1, name="logit", bias_initializer=keras.initializers.Constant(-4.0))(x)
    return keras.Model(inputs, [logit, layers.Conv2D(3, 1, name="box")(x)])


def _stages(x: Any, channels: tuple[int, ...], blocks: tuple[int, ...], halvings: int = 99) -> Any:
    """Each stage halves the picture (the first ``halvings`` do) with one strided convolution and refines it with
    residual blocks."""
    if len(channels) != len(blocks):
        raise ValueError(f"channels ({len(channels)}) and blocks ({len(blocks)}) must have one entry per stage")
    for number, (width, count) in enumerate(zip(channels, blocks, strict=True)):
        x = _conv(x, width, stride=2 if number < halvings else 1)
        for _ in range(count):
            y = _conv(_conv(x, width), width, relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    return x


def _conv(x: Any, width: int, stride: int = 1, relu: bool = True) -> Any:
    x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
    # 0.9, not Keras's 0.99: averages must follow within tens of steps, or short runs validate as noise.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


Shape = tuple[tuple[int, ...], tuple[int, ...]]
"""Channels and residual blocks of each stage."""


def grow(model: keras.Model, start: keras.Model, old: Shape, new: Shape) -> None:
    """Gives a network the weights of another one with as many or fewer residual blocks in each stage.

    Blocks that are added answer nothing at first (their last scale is nought, Goyal et al. 2017), which makes
    them the identity: what they are added to is never negative.

    Args:
        model: Takes the weights.
        start: Gives them.
        old: Shape of ``start``.
        new: Shape of ``model``.

    Raises:
        ValueError: The networks' channels or heads differ, or ``start`` has more blocks somewhere.
    """
    if old[0] != new[0] or any(few > many for few, many in zip(old[1], new[1], strict=True)):
        raise ValueError(f"its network {old} cannot grow into {new}")
    given, taken = weighted(start), weighted(model)
    for few, many in zip(old[1], new[1], strict=True):
        for _ in range(2 * (1 + 2 * few)):  # each convolution with its normalisation
            _assign(taken.pop(0), given.pop(0))
        for _ in range(many - few):
            added, taken = taken[:4], taken[4:]
            added[-1].gamma.assign(added[-1].gamma * 0.0)
    if [layer.name for layer in taken] != [layer.name for layer in given]:
        raise ValueError("its outputs are others")
    for layer, other in zip(taken, given, strict=True):
        _assign(layer, other)


def weighted(model: keras.Model) -> list[Any]:
    """Layers with weights of their own, as they were added: convolutions, each with its normalisation, then heads."""
    return [layer for layer in model.layers if layer.weights and not isinstance(layer, layers.Dropout)]


def _assign(layer: Any, other: Any) -> None:
    for own, value in zip(layer.weights, other.weights, strict=True):
        own.assign(value)


def maps(channels: tuple[int, ...], blocks: tuple[int, ...], side: int) -> int:
    """Numbers in the feature maps of one picture of ``side`` pixels."""
    count = 0
    for width, number in zip(channels, blocks, strict=True):
        side = (side + 1) // 2
        count += width * side * side * (1 + 2 * number)
    return count


def cost(channels: tuple[int, ...], blocks: tuple[int, ...], side: int) -> Cost:
    """Multiply-adds (in millions) and weights of ``build``'s convolutions and dense layer at ``side`` pixels."""
    macs, parameters, side = _stage_cost(channels, blocks, side)
    head = channels[-1] * len(EMOTIONS)
    return Cost((macs + head) / 1e6, parameters + head)


def keypoints_cost(channels: tuple[int, ...], blocks: tuple[int, ...]) -> Cost:
    """The same of ``build_keypoints``."""
    macs, parameters, side = _stage_cost(channels, blocks, REGION)
    head = side * side * channels[-1] * sum(shape[1] for shape in SHAPES)
    return Cost((macs + head) / 1e6, parameters + head)


def eyes_cost(channels: tuple[int, ...], blocks: tuple[int, ...]) -> Cost:
    """The same of ``build_eyes``."""
    macs, parameters, side = _stage_cost(channels, blocks, EYE)
    head = side * side * channels[-1] * len(EYES)
    return Cost((macs + head) / 1e6, parameters + head)


def proposals_cost(channels: tuple[int, ...], blocks: tuple[int, ...]) -> Cost:
    """The same of ``build_proposals``, for a canvas of 56×56 pixels."""
    macs, parameters, side = _stage_cost(channels, blocks, REGION, halvings=2)
    head = channels[-1] * 4
    return Cost((macs + head * side * side) / 1e6, parameters + head)


def _stage_cost(
    channels: tuple[int, ...], blocks: tuple[int, ...], side: int, halvings: int = 99
) -> tuple[int, int, int]:
    """Multiply-adds, weights and the side that is left."""
    macs = parameters = 0
    before = 1
    for number, (width, count) in enumerate(zip(channels, blocks, strict=True)):
        side = (side + 1) // 2 if number < halvings else side
        weights = 9 * before * width + count * 2 * 9 * width * width
        macs += weights * side * side
        parameters += weights
        before = width
    return macs, parameters, side
