"""The proposal network: fully convolutional, one answer for each 4×4 pixels of a frame."""

from __future__ import annotations

import keras
from keras import layers

from train.engine.network import Cost, stage_cost, stages, with_head
from train.engine.recipe import Recipe

SIDE = 56
"""Side in pixels of a training scene."""
HALVINGS = 2
"""Stages that halve the picture; the others keep its size."""


def build(recipe: Recipe) -> keras.Model:
    """Builds the network of a recipe.

    Returns:
        A model from (N, H, W, 1) float32 in [-1, 1], sides multiples of 4, to the logit of a face (N, H/4, W/4, 1) and
        its box (N, H/4, W/4, 3), see ``monitor.networks.proposals.decode``.
    """
    inputs = keras.Input((None, None, 1))
    x = stages(inputs, recipe.network.shape(), HALVINGS)
    # The logit starts low (Lin et al. 2017): otherwise the many empty places outweigh the few faces in the first steps.
    logit = layers.Conv2D(1, 1, name="logit", bias_initializer=keras.initializers.Constant(-4.0))(x)
    return keras.Model(inputs, [logit, layers.Conv2D(3, 1, name="box")(x)])


def cost(recipe: Recipe) -> Cost:
    """Cost of a scene of 56×56 pixels."""
    shape = recipe.network.shape()
    own, side = stage_cost(shape, SIDE, HALVINGS)
    return with_head(own, shape[0][-1] * 4, side * side)
