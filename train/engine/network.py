"""The parts that the networks share: plain 3×3 convolutions with batch normalisation in residual stages.

Plain 3×3 convolutions train several times faster on a CPU than depthwise ones of the same cost and lose nothing to
int8 (docs/contributing/lessons.md). The graph has only ReLU, additions and convolutions with batch normalisation,
which the converter folds, so that all of it is int8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import keras
from keras import layers

from train.engine.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a network: computation, size and memory.

    Attributes:
        mmac: Million multiply-adds for one input.
        parameters: Weights of convolutions and dense layers.
        maps: Numbers in the feature maps of one input.
    """

    mmac: float
    parameters: int
    maps: int


class Architecture(Protocol):
    """Builds a task's network from a recipe; each task folder has a module ``network`` that provides it."""

    def build(self, recipe: Recipe) -> keras.Model:
        """The untrained network; its weights follow Keras's random seed."""

    def cost(self, recipe: Recipe) -> Cost:
        """The cost of that network, without building it."""


Shape = tuple[tuple[int, ...], tuple[int, ...]]
"""Channels and residual blocks of each stage."""
ALL = 99
"""Halvings when every stage halves the picture."""


def stages(x: Any, shape: Shape, halvings: int = ALL) -> Any:
    """Stages of one convolution, strided in the first ``halvings`` stages, and residual blocks (He et al. 2016).

    Args:
        x: (N, H, W, 1) Keras tensor.
        shape: Channels and blocks of each stage.
        halvings: Stages that halve the picture.

    Raises:
        ValueError: Channels and blocks differ in length.
    """
    channels, blocks = shape
    if len(channels) != len(blocks):
        raise ValueError(f"channels ({len(channels)}) and blocks ({len(blocks)}) must have one entry per stage")
    for number, (width, count) in enumerate(zip(channels, blocks, strict=True)):
        x = _conv(x, width, stride=2 if number < halvings else 1)
        for _ in range(count):
            y = _conv(_conv(x, width), width, relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    return x


def _conv(x: Any, width: int, stride: int = 1, *, relu: bool = True) -> Any:
    x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
    # 0.9 instead of Keras's 0.99: the averages must follow within tens of steps, or short runs validate as noise.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


def grow(model: keras.Model, start: keras.Model, old: Shape, new: Shape) -> None:
    """Copies the weights of a network with as many or fewer residual blocks in each stage into ``model``.

    An added block starts as the identity: the scale of its last normalisation is zero (Goyal et al. 2017), and its
    input is never negative.

    Args:
        model: The network to fill.
        start: The network to copy from.
        old: Shape of ``start``.
        new: Shape of ``model``.

    Raises:
        ValueError: The channels or the heads differ, or ``start`` has more blocks in a stage.
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
        raise ValueError("its outputs differ")
    for layer, other in zip(taken, given, strict=True):
        _assign(layer, other)


def weighted(model: keras.Model) -> list[Any]:
    """Layers that have weights, in the order they were added: convolutions with their normalisations, then heads."""
    return [layer for layer in model.layers if layer.weights and not isinstance(layer, layers.Dropout)]


def _assign(layer: Any, other: Any) -> None:
    for own, value in zip(layer.weights, other.weights, strict=True):
        own.assign(value)


def stage_cost(shape: Shape, side: int, halvings: int = ALL) -> tuple[Cost, int]:
    """Cost of ``stages`` on a picture of ``side`` pixels, and the side of their output."""
    channels, blocks = shape
    macs = parameters = maps = 0
    before = 1
    for number, (width, count) in enumerate(zip(channels, blocks, strict=True)):
        side = (side + 1) // 2 if number < halvings else side
        weights = 9 * before * width + count * 2 * 9 * width * width
        macs += weights * side * side
        maps += width * side * side * (1 + 2 * count)
        parameters += weights
        before = width
    return Cost(macs / 1e6, parameters, maps), side


def with_head(cost: Cost, weights: int, places: int = 1) -> Cost:
    """The cost with a head of that many weights added, applied at ``places`` places."""
    return Cost(cost.mmac + weights * places / 1e6, cost.parameters + weights, cost.maps)
