"""The keypoint network: residual stages, then dense layers on the flattened last stage.

The last stage is flattened, not averaged, because the outputs depend on the place of each feature.
"""

from __future__ import annotations

import keras
from keras import layers

from monitor.networks.keypoints import SHAPES
from train.engine.network import Cost, stage_cost, stages, with_head
from train.engine.recipe import Recipe

SIDE = 56
"""Side in pixels of the network's input."""


def build(recipe: Recipe) -> keras.Model:
    """Builds the network of a recipe.

    Returns:
        A model from (N, 56, 56, 1) float32 in [-1, 1] to the outputs of ``monitor.networks.keypoints.SHAPES``:
        presence (N, 1), points (N, 38), head (N, 6).
    """
    inputs = keras.Input((SIDE, SIDE, 1))
    x = layers.Flatten()(stages(inputs, recipe.network.shape()))
    names = ("presence", "points", "head")
    outputs = [layers.Dense(shape[1], name=n)(x) for n, shape in zip(names, SHAPES, strict=True)]
    return keras.Model(inputs, outputs)


def cost(recipe: Recipe) -> Cost:
    """Cost of one region."""
    shape = recipe.network.shape()
    own, side = stage_cost(shape, SIDE)
    return with_head(own, side * side * shape[0][-1] * sum(output[1] for output in SHAPES))
