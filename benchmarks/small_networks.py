"""Small networks trained from nothing on small sets; see ``benchmarks.small_set``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from train.data.crops import SIDE

CHANNELS = (16, 32, 64, 96)
BATCH, RATE, DROPOUT = 32, 0.002, 0.3
DECAY, AVERAGE = 0.02, 0.99
INPUT = 32
"""Side in pixels of the network's input; a half of the time of 48 pixels."""
NUMBERS = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Network inputs (N, 48, 48) uint8 and their labels (N,)."""

    images: NDArray[np.uint8]
    truth: NUMBERS


def trained(build: Callable[[], Any], given: Pictures, steps: int, seed: int, *, augmented: bool) -> Any:
    """A small network, trained from nothing."""
    import keras

    keras.utils.set_random_seed(seed)
    model = build()
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, use_ema=True, ema_momentum=AVERAGE)
    model.compile(optimizer, loss)
    for images, truth in batches(given, steps, seed, augmented=augmented):
        model.train_on_batch(images, truth)
    optimizer.finalize_variable_values(model.trainable_variables)
    return model


def plain_network() -> Any:
    """Four convolutions with stride 2."""
    import keras
    from keras import layers

    from train.engine.network import stages

    inputs = keras.Input((INPUT, INPUT, 1))
    x = layers.GlobalAveragePooling2D()(stages(inputs, (CHANNELS, (0,) * len(CHANNELS)), 3))
    return keras.Model(inputs, layers.Dense(len(EMOTIONS))(layers.Dropout(DROPOUT)(x)))


def dense_network() -> Any:
    """A beginner's network: two convolutions with pooling and a dense layer."""
    import keras
    from keras import layers

    inputs = x = keras.Input((INPUT, INPUT, 1))
    for channels, side in ((16, 5), (32, 3)):
        x = layers.MaxPooling2D()(layers.Conv2D(channels, side, padding="same", activation="relu")(x))
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(len(EMOTIONS))(layers.Dropout(DROPOUT)(x)))


NETWORKS: dict[str, Callable[[], Any]] = {"plain": plain_network, "dense": dense_network}


def batches(
    given: Pictures, steps: int, seed: int, *, augmented: bool
) -> Iterator[tuple[NDArray[np.float32], NUMBERS]]:
    """Random batches."""
    from train.engine.augment import augment
    from train.engine.recipe import load

    rng = np.random.default_rng(seed)
    how = load("quick", []).augment
    for _ in range(steps):
        rows = rng.integers(0, len(given.images), BATCH)
        images = given.images[rows]
        if augmented:
            images = np.stack([augment(image, how, SIDE, rng) for image in images])
        yield inputs_of(images), given.truth[rows]


def inputs_of(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Network inputs (N, INPUT, INPUT, 1) with the contrast of each picture evened."""
    small = [cv2.resize(image, (INPUT, INPUT), interpolation=cv2.INTER_AREA) for image in images]
    values = np.stack(small).astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    return np.asarray(values / (values.std(axis=(1, 2), keepdims=True) + 8) / 2, np.float32)[..., None]
