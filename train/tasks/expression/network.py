"""The expression network: residual stages, a global average and one dense layer; or a pretrained teacher."""

from __future__ import annotations

import keras
from keras import layers

from monitor.core.labels import EMOTIONS
from train.engine import pretrained
from train.engine.network import Cost, stage_cost, stages, with_head
from train.engine.recipe import Recipe


def build(recipe: Recipe, classes: int = len(EMOTIONS)) -> keras.Model:
    """Builds the network of a recipe.

    Args:
        recipe: Its shape.
        classes: Number of logits.

    Returns:
        A model from (N, S, S, 1) float32 in [-1, 1] to (N, classes) logits; S may vary between calls unless the network
        is pretrained.

    Raises:
        ValueError: Channels and blocks differ in length.
    """
    if recipe.network.pretrained:
        return pretrained.build(recipe.network.dropout, recipe.network.enlarged)
    inputs = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(stages(inputs, recipe.network.shape()))
    x = layers.Dropout(recipe.network.dropout)(x)
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x))


def cost(recipe: Recipe, classes: int = len(EMOTIONS)) -> Cost:
    """Cost at the recipe's side; of a pretrained network only weights and feature maps are known."""
    if recipe.network.pretrained:
        return Cost(float("nan"), pretrained.PARAMETERS, pretrained.MAPS * recipe.network.enlarged**2)
    shape = recipe.network.shape()
    own, _ = stage_cost(shape, recipe.side)
    return with_head(own, shape[0][-1] * classes)
