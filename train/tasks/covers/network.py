"""The cover network: residual stages, then one dense layer on the flattened last stage."""

from __future__ import annotations

import keras
from keras import layers

from monitor.networks.covers import HALVES
from train.engine.network import Cost, stage_cost, stages, with_head
from train.engine.recipe import Recipe
from train.tasks.covers.coverings import SPEC


def build(recipe: Recipe) -> keras.Model:
    """Builds the network of a recipe.

    Returns:
        A model from (N, 48, 48, 1) float32 in [-1, 1] to (N, 2) logits of ``monitor.networks.covers.HALVES``.
    """
    inputs = keras.Input((SPEC.side, SPEC.side, 1))
    x = layers.Dropout(recipe.network.dropout)(layers.Flatten()(stages(inputs, recipe.network.shape())))
    return keras.Model(inputs, layers.Dense(len(HALVES), name="logits")(x))


def cost(recipe: Recipe) -> Cost:
    """Cost of one face."""
    shape = recipe.network.shape()
    own, side = stage_cost(shape, SPEC.side)
    return with_head(own, side * side * shape[0][-1] * len(HALVES))
