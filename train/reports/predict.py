"""Reads pictures with a model through the app's int8 path."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.capture.picture import read_picture
from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop
from monitor.faces.detector import make_detector
from monitor.faces.finder import Finder
from monitor.faces.follower import Follower
from monitor.faces.search import Sighting
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import KeypointNet
from monitor.networks.load import load_proposals
from monitor.settings.config import Config, DetectConfig, FollowConfig
from train.data.crops import fitted
from train.data.datasets import Dataset
from train.data.importers import IMAGE_SUFFIXES

log = logging.getLogger("train")

NAME = 22
"""Most characters of a name in a table of 80 columns or in a grid."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One face and the model's answer.

    Attributes:
        name: File (and number of the face in it) or row of the data set.
        crop: The network's input, (S, S) uint8.
        probs: (K,) float32 calibrated.
        truth: The known label, or empty.
        labels: Names of the entries of ``probs``: ``EMOTIONS``, or a user's own.
    """

    name: str
    crop: Image
    probs: NDArray[np.float32]
    truth: str = ""
    labels: tuple[str, ...] = EMOTIONS

    @property
    def short(self) -> str:
        """The name, shortened at the start if it is long."""
        return self.name if len(self.name) <= NAME else f"…{self.name[1 - NAME :]}"

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.labels[int(self.probs.argmax())]


def files(given: Sequence[str]) -> list[Path]:
    """Picture files: the given files, and all pictures in the given folders.

    Raises:
        ConfigError: A path does not exist, or a folder holds no picture.
    """
    found: list[Path] = []
    for name in given:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
            if not inside:
                raise ConfigError(f"{path}: holds no picture ({', '.join(sorted(IMAGE_SUFFIXES))})")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise ConfigError(f"{path}: no such file or folder")
    return found


def read_files(paths: Sequence[Path], net: EmotionNet, finder: FaceFinder | None) -> list[Reading]:
    """Reads pictures; those that cannot be decoded or show no face are logged and skipped.

    Args:
        paths: Picture files.
        net: The model.
        finder: Finds the faces of whole photographs; None = each picture is a face crop itself.

    Raises:
        ConfigError: No picture gave a face.
    """
    readings = []
    for path in paths:
        image = read_picture(path)
        if image is None:
            log.warning("%s: cannot be read as a picture; skipped", path)
            continue
        if finder is None:
            faces = [net.prepared(fitted(image, net.card.input_side))]
        else:
            faces = finder.crops(image, net.card.crop)
            if not faces:
                log.warning("%s: no face found; skipped", path)
        for number, face in enumerate(faces, 1):
            name = path.name if len(faces) == 1 else f"{path.name} #{number}"
            readings.append(Reading(name, face, net.probabilities(face), labels=net.labels))
    if not readings:
        raise ConfigError(f"none of the {len(paths)} pictures gave a face to read")
    return readings


def read_random(data: Dataset, split: str, count: int, seed: int, net: EmotionNet) -> list[Reading]:
    """Reads ``count`` random faces with a clear label; the same seed gives the same faces.

    Raises:
        ConfigError: The split does not exist or has no face with a clear label.
    """
    rows = np.flatnonzero((data.split == split) & (data.truth >= 0))
    if not len(rows):
        data.part(split)
        raise ConfigError(f"{data.name}: no row of the split {split!r} has a clear label")
    chosen = np.random.default_rng(seed).choice(rows, min(count, len(rows)), replace=False)
    seen = [net.prepared(fitted(data.images[r], net.card.input_side)) for r in chosen]
    return [
        Reading(f"row {r}", image, net.probabilities(image), EMOTIONS[int(data.truth[r])])
        for r, image in zip(chosen, seen, strict=True)
    ]


class FaceFinder:
    """The app's search of a whole picture: proposals, checked by the keypoint network and, if unsure, by a cascade."""

    def __init__(self, keypoints: Path | None = None) -> None:
        """Loads detector and keypoint network with the app's default settings.

        Args:
            keypoints: The keypoint model; None = the shipped one, or none if it is missing, as in the app.
        """
        path = keypoints or find_model(FollowConfig().model)
        net = KeypointNet(path) if keypoints is not None or path.exists() else None
        if net is None:
            log.warning("%s: is missing; faces are found by the detector alone", path)
        self._follower = Follower(net, FollowConfig()) if net is not None else None
        self._proposals = load_proposals(Config(), net)

    def crops(self, image: Image, spec: CropSpec) -> list[Image]:
        """The crops of all faces of an (H, W, 3) BGR picture, largest first, turned upright if ``spec`` says so."""
        out = []
        for face in self.faces(image):
            roll = float(face.keypoints.pose[2]) if face.keypoints is not None else 0.0
            out.append(crop(image, face.box, spec, roll))
        return out

    def faces(self, image: Image) -> list[Sighting]:
        """All faces of an (H, W, 3) BGR picture, largest first."""
        finder = Finder(make_detector(DetectConfig()), DetectConfig(), self._follower, proposer=self._proposals)
        return sorted(finder.search(image, [], 0.0).found, key=lambda face: face.box[0] - face.box[2])


def as_dict(reading: Reading) -> dict[str, object]:
    """A reading as a dictionary for JSON."""
    probs = {name: round(float(p), 4) for name, p in zip(reading.labels, reading.probs, strict=True)}
    return {"name": reading.name, "label": reading.label, "truth": reading.truth or None, "probs": probs}
