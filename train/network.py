"""The expression network: a plain residual 3×3 convolutional net.

Plain 3×3 convolutions train several times faster on a CPU than depthwise ones of the same cost and
lose nothing to int8 (measured, docs/EXPERIMENTS.md). Only ReLU, additions and convolutions with
batch normalisation, which the converter folds, so that the whole graph is int8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from monitor.inference.eyes import EYES
from monitor.inference.landmarks import SHAPES
from monitor.labels import EMOTIONS
from train.shape import Shape, Stage

REGION = 56
"""Side in pixels of the keypoint network's input."""
EYE = 32
"""Side in pixels of the eye network's input."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs to run and to store."""

    mmac: float
    parameters: int


def build(shape: Shape, dropout: float) -> keras.Model:
    """Builds the network.

    Each stage halves the picture with one strided convolution and refines it with residual blocks
    of two convolutions (He et al. 2016); the head is a global average and one dense layer.

    Args:
        shape: Of its stages.
        dropout: Share of the pooled features dropped while training, 0..1.

    Returns:
        A model from (N, S, S, 1) float32 in [-1, 1] to (N, 7) logits; S may vary between calls.
    """
    inputs = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(_stages(inputs, shape))
    x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), name="logits")(x))


def build_landmarks(shape: Shape) -> keras.Model:
    """Builds the keypoint network: the same stages, then dense layers on the flattened last stage.

    Flattened, not averaged: where a feature lies is the answer here.

    Args:
        shape: Of its stages.

    Returns:
        A model from (N, 56, 56, 1) float32 in [-1, 1] to the outputs of
        ``monitor.inference.landmarks.SHAPES``: presence (N, 1), points (N, 38), head (N, 6).
    """
    inputs = keras.Input((REGION, REGION, 1))
    x = layers.Flatten()(_stages(inputs, shape))
    names = ("presence", "points", "head")
    outputs = [layers.Dense(shape[1], name=n)(x) for n, shape in zip(names, SHAPES, strict=True)]
    return keras.Model(inputs, outputs)


def build_eyes(shape: Shape, dropout: float) -> keras.Model:
    """Builds the eye network: the same stages, then one dense layer on the flattened last stage.

    Args:
        shape: Of its stages.
        dropout: Share of the flattened features dropped while training, 0..1.

    Returns:
        A model from (N, 32, 32, 1) float32 in [-1, 1] to (N, 2) logits of ``monitor.inference.eyes.EYES``.
    """
    inputs = keras.Input((EYE, EYE, 1))
    x = layers.Dropout(dropout)(layers.Flatten()(_stages(inputs, shape)))
    return keras.Model(inputs, layers.Dense(len(EYES), name="logits")(x))


def build_proposals(shape: Shape) -> keras.Model:
    """Builds the proposal network: two halving stages, the others at that size, and an answer for each place.

    Args:
        shape: Of its stages.

    Returns:
        A fully convolutional model from (N, H, W, 1) float32 in [-1, 1], sides multiples of 4, to the logit of a face
        (N, H/4, W/4, 1) and its box (N, H/4, W/4, 3), see ``monitor.inference.proposals.decode``.
    """
    inputs = keras.Input((None, None, 1))
    x = _stages(inputs, shape, halvings=2)
    # Rare at first (Lin et al. 2017): or the many empty places drown the few faces in the first steps.
    logit = layers.Conv2D(1, 1, name="logit", bias_initializer=keras.initializers.Constant(-4.0))(x)
    return keras.Model(inputs, [logit, layers.Conv2D(3, 1, name="box")(x)])


def _stages(x: Any, shape: Shape, halvings: int = 99) -> Any:
    """Each stage halves the picture (the first ``halvings`` do) with one strided convolution and refines it with
    residual blocks."""
    for number, stage in enumerate(shape.stages()):
        x = _conv(x, stage.width, stride=2 if number < halvings else 1)
        for _ in range(stage.blocks):
            y = _conv(_conv(x, stage.inner), stage.width, relu=False)
            x = layers.ReLU()(layers.Add()([x, y]))
    return x


def _conv(x: Any, width: int, stride: int = 1, relu: bool = True) -> Any:
    x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
    # 0.9, not Keras's 0.99: averages must follow within tens of steps, or short runs validate as noise.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if relu else x


def grow(model: keras.Model, start: keras.Model, old: Shape, new: Shape) -> None:
    """Gives a network the weights of another one of as many or fewer residual blocks in each stage.

    Blocks that are added answer nothing at first (their last scale is nought, Goyal et al. 2017), which makes
    them the identity: what they are added to is never negative. Of blocks that become narrower within, the channels
    that move the answers most stay (``strength``).

    Args:
        model: Takes the weights.
        start: Gives them.
        old: Shape of ``start``.
        new: Shape of ``model``.

    Raises:
        ValueError: The networks' channels or heads differ, or ``start`` has more blocks or narrower ones somewhere.
    """
    if old.channels != new.channels or not all(_grows(few, many) for few, many in _pairs(old, new)):
        raise ValueError(f"its network {old} cannot grow into {new}")
    given, taken = weighted(start), weighted(model)
    for few, many in _pairs(old, new):
        _take(taken, given, 2)  # the halving convolution and its normalisation
        for _ in range(few.blocks):
            if few.inner == many.inner:
                _take(taken, given, 4)
            else:
                _narrow(taken, given)
        for _ in range(many.blocks - few.blocks):
            added, taken = taken[:4], taken[4:]
            added[-1].gamma.assign(added[-1].gamma * 0.0)
    if [layer.name for layer in taken] != [layer.name for layer in given]:
        raise ValueError("its outputs are others")
    _take(taken, given, len(given))


def _pairs(old: Shape, new: Shape) -> list[tuple[Stage, Stage]]:
    return list(zip(old.stages(), new.stages(), strict=True))


def _grows(few: Stage, many: Stage) -> bool:
    return few.blocks <= many.blocks and (few.inner >= many.inner or not few.blocks)


def strength(norm: Any, following: Any) -> NDArray[np.float32]:
    """How much each channel between two convolutions moves what comes after it.

    Its root mean square after the rectifier, of normally distributed values as its normalisation makes them, times
    the size of the filters that read it.

    Args:
        norm: Normalisation of (C,) channels, followed by a rectifier.
        following: The convolution that reads them.

    Returns:
        (C,) float32, 0 or more.
    """
    spread, centre = np.abs(norm.gamma.numpy()), norm.beta.numpy()
    drawn = np.random.default_rng(0).standard_normal((4096, 1)).astype(np.float32)
    seen = np.maximum(drawn * spread + centre, 0)
    read = np.square(following.kernel.numpy()).sum(axis=(0, 1, 3))
    return np.asarray(np.sqrt((seen**2).mean(axis=0) * read), np.float32)


def _narrow(taken: list[Any], given: list[Any]) -> None:
    """Gives a block the strongest of another block's inner channels, in their order."""
    first, norm, second, last = (given.pop(0) for _ in range(4))
    count = taken[0].kernel.shape[-1]
    stay = np.sort(np.argsort(-strength(norm, second), kind="stable")[:count])
    taken.pop(0).kernel.assign(first.kernel.numpy()[..., stay])
    taken.pop(0).set_weights([weights[stay] for weights in norm.get_weights()])
    taken.pop(0).kernel.assign(second.kernel.numpy()[:, :, stay])
    taken.pop(0).set_weights(last.get_weights())


def weighted(model: keras.Model) -> list[Any]:
    """Layers with weights of their own, as they were added: convolutions, each with its normalisation, then heads."""
    return [layer for layer in model.layers if layer.weights and not isinstance(layer, layers.Dropout)]


def _take(taken: list[Any], given: list[Any], count: int) -> None:
    """The next ``count`` layers' weights."""
    for _ in range(count):
        for own, value in zip(taken.pop(0).weights, given.pop(0).weights, strict=True):
            own.assign(value)


def maps(shape: Shape, side: int) -> int:
    """Numbers in the feature maps of one picture of ``side`` pixels."""
    count = 0
    for stage in shape.stages():
        side = (side + 1) // 2
        count += side * side * (stage.width + stage.blocks * (stage.inner + stage.width))
    return count


def cost(shape: Shape, side: int) -> Cost:
    """Multiply-adds (in millions) and weights of ``build``'s convolutions and dense layer at ``side`` pixels."""
    macs, parameters, side = _stage_cost(shape, side)
    head = shape.channels[-1] * len(EMOTIONS)
    return Cost((macs + head) / 1e6, parameters + head)


def landmarks_cost(shape: Shape) -> Cost:
    """The same of ``build_landmarks``."""
    macs, parameters, side = _stage_cost(shape, REGION)
    head = side * side * shape.channels[-1] * sum(shape[1] for shape in SHAPES)
    return Cost((macs + head) / 1e6, parameters + head)


def eyes_cost(shape: Shape) -> Cost:
    """The same of ``build_eyes``."""
    macs, parameters, side = _stage_cost(shape, EYE)
    head = side * side * shape.channels[-1] * len(EYES)
    return Cost((macs + head) / 1e6, parameters + head)


def proposals_cost(shape: Shape) -> Cost:
    """The same of ``build_proposals``, for a canvas of 56×56 pixels."""
    macs, parameters, side = _stage_cost(shape, REGION, halvings=2)
    head = shape.channels[-1] * 4
    return Cost((macs + head * side * side) / 1e6, parameters + head)


def _stage_cost(shape: Shape, side: int, halvings: int = 99) -> tuple[int, int, int]:
    """Multiply-adds, weights and the side that is left."""
    macs = parameters = 0
    before = 1
    for number, stage in enumerate(shape.stages()):
        side = (side + 1) // 2 if number < halvings else side
        weights = 9 * before * stage.width + stage.blocks * 2 * 9 * stage.width * stage.inner
        macs += weights * side * side
        parameters += weights
        before = stage.width
    return macs, parameters, side
