"""Forward passes over many crops, with the float network and with the exported int8 model."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.faces.crop import evened, int8_table, to_unit
from monitor.networks.runtime import Int8Model

if TYPE_CHECKING:
    import keras

Outputs = list[NDArray[np.float32]]
"""One array per output of a network, its first axis the crops."""
BATCH = 256


def resized(images: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Crops (N, S, S) resized to (N, side, side) uint8."""
    if images.shape[1] == side:
        return images
    return np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images]).astype(
        np.uint8
    )


def all_evened(images: NDArray[np.uint8], contrast: float) -> NDArray[np.uint8]:
    """Crops (N, S, S) with their contrast evened as the app does it (``monitor.faces.crop.evened``).

    Args:
        images: (N, S, S) uint8.
        contrast: Standard deviation in gray levels; 0 leaves the crops unchanged.
    """
    return np.stack([evened(image, contrast) for image in images]) if contrast else images


def predict_all(model: keras.Model, images: NDArray[np.uint8]) -> Outputs:
    """Every output of a float network for (N, H, W) uint8 crops."""
    parts = []
    for start in range(0, len(images), BATCH):
        found = model(to_unit(images[start : start + BATCH])[..., None], training=False)
        parts.append([np.asarray(output) for output in (found if isinstance(found, list) else [found])])
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def predict(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The first output of a float network for (N, H, W) uint8 crops; (N, K) logits for a classifier."""
    return predict_all(model, images)[0]


def int8_outputs(model: Int8Model, images: NDArray[np.uint8]) -> Outputs:
    """Every output of an int8 model for (N, H, W) uint8 crops, in the model's own order of outputs."""
    table = int8_table(model.input.scale, model.input.zero_point)
    rows = [model.run(table[image][None, :, :, None]) for image in images]
    return [np.concatenate([row[n] for row in rows]) for n in range(len(model.outputs))]


def loaded(content: bytes) -> Int8Model:
    """An int8 model from the content of a .tflite, in the app's runtime on one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        return Int8Model(path, threads=1)


def int8_logits(content: bytes, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The first output of a .tflite's content for (N, H, W) uint8 crops, through the app's runtime."""
    return int8_outputs(loaded(content), images)[0]


def ordered(outputs: Outputs, order: Sequence[int]) -> Outputs:
    """Outputs rearranged: the converter does not keep their order."""
    return [outputs[n] for n in order]
