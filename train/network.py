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

from monitor.labels import EMOTIONS


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
    if len(channels) != len(blocks):
        raise ValueError(f"channels ({len(channels)}) and blocks ({len(blocks)}) must have one entry per stage")
    x = inputs = keras.Input((None, None, 1))
    for width, count in zip(channels, blocks, strict=True):
        x = _conv(x, width, stride=2)
        for _ in range(count):
            y = _conv(_conv(x, width), width, relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), name="logits")(x))


def _conv(x: Any, width: int, stride: int = 1, relu: bool = True) -> Any:
    x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
    # 0.9, not Keras's 0.99: averages must follow within tens of steps, or short runs validate as noise.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


def cost(channels: tuple[int, ...], blocks: tuple[int, ...], side: int) -> Cost:
    """Multiply-adds (in millions) and weights of ``build``'s convolutions and dense layer at ``side`` pixels."""
    macs = parameters = 0
    before = 1
    for width, count in zip(channels, blocks, strict=True):
        side = (side + 1) // 2
        weights = 9 * before * width + count * 2 * 9 * width * width
        macs += weights * side * side
        parameters += weights
        before = width
    head = before * len(EMOTIONS)
    return Cost((macs + head) / 1e6, parameters + head)
