"""The eye network: residual stages, then one dense layer on the flattened last stage."""

from __future__ import annotations

import keras
from keras import layers

from monitor.networks.eyes import EYES
from train.engine.network import Cost, stage_cost, stages, with_head
from train.engine.recipe import Recipe

SIDE = 32
"""Side in pixels of the network's input."""


def build(recipe: Recipe) -> keras.Model:
    """Builds the network of a recipe.

    Returns:
        A model from (N, 32, 32, 1) float32 in [-1, 1] to (N, 2) logits of ``monitor.networks.eyes.EYES``.
    """
    inputs = keras.Input((SIDE, SIDE, 1))
    x = layers.Dropout(recipe.network.dropout)(layers.Flatten()(stages(inputs, recipe.network.shape())))
    return keras.Model(inputs, layers.Dense(len(EYES), name="logits")(x))


def cost(recipe: Recipe) -> Cost:
    """Cost of one eye."""
    shape = recipe.network.shape()
    own, side = stage_cost(shape, SIDE)
    return with_head(own, side * side * shape[0][-1] * len(EYES))
