"""Face detectors: Haar cascades of the OpenCV package, or YuNet."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from monitor.core.boxes import iou
from monitor.core.errors import ConfigError, ModelError
from monitor.core.types import Detections, Image
from monitor.settings.config import DetectConfig
from monitor.system.paths import trouble

WEAK_SHARE = 0.5
"""Share of ``detect.neighbors`` that a hit needs to continue a track; starting one takes all of them."""


class Detector(Protocol):
    """Detects faces in a picture.

    ``find`` takes a (H, W, 3) BGR or (H, W) gray picture and the smallest and largest face side in
    its pixels, and returns boxes in its pixels; a score of 0.5 or more may start a track.
    """

    name: str
    wants_color: bool

    def find(self, image: Image, smallest: int, largest: int, *, profile: bool = False) -> Detections:
        """Boxes of faces with a side of ``smallest`` to ``largest`` pixels; with ``profile`` also faces in profile."""


class HaarDetector:
    """Haar cascades (Viola & Jones 2001): frontal, and optionally profile in both directions."""

    wants_color = False

    def __init__(self, config: DetectConfig) -> None:
        self.name = f"haar:{config.cascade}" + ("+profile" if config.profile == "always" else "")
        self._scale = config.scale_factor
        self._neighbors = config.neighbors
        self._weak = max(1, round(config.neighbors * WEAK_SHARE))
        self._frontal = _Cascade(config.cascade)
        self._always = config.profile == "always"
        self._profile = _Cascade("haarcascade_profileface") if config.profile != "never" else None

    def find(self, image: Image, smallest: int, largest: int, *, profile: bool = False) -> Detections:
        """Searches one gray picture; see ``Detector``."""
        if min(image.shape[:2]) < 24:
            return Detections.none()
        found = [self._search(self._frontal, image, smallest, largest)]
        if self._profile is not None and (profile or self._always):
            found.append(self._search(self._profile, image, smallest, largest))
            mirrored = self._search(self._profile, cv2.flip(image, 1).astype(np.uint8, copy=False), smallest, largest)
            boxes = mirrored.boxes.copy()
            boxes[:, [0, 2]] = image.shape[1] - mirrored.boxes[:, [2, 0]]
            found.append(Detections(boxes, mirrored.scores))
        return suppress(Detections.join(found))

    def _search(self, cascade: _Cascade, gray: Image, smallest: int, largest: int) -> Detections:
        boxes, counts = cascade.loaded.detectMultiScale2(
            gray, scaleFactor=self._scale, minNeighbors=self._weak,
            minSize=(smallest, smallest), maxSize=(largest, largest),
        )  # fmt: skip
        if len(boxes) == 0:
            return Detections.none()
        xywh = np.asarray(boxes, dtype=np.float32)
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        scores = np.minimum(1.0, np.asarray(counts, dtype=np.float32).ravel() / (2 * self._neighbors))
        return Detections(xyxy, scores)


class YuNetDetector:
    """YuNet through OpenCV (Wu et al. 2023); the user supplies the .onnx file."""

    wants_color = True

    def __init__(self, config: DetectConfig) -> None:
        path = Path(config.yunet_model).expanduser()
        self.name = f"yunet:{path.name}"
        if (why := trouble(path)) is not None:
            raise ModelError(f"{path}: {why.strerror}; detect.yunet_model must name a YuNet .onnx file")
        if not path.is_file():
            raise ModelError(f"{path}: no such file; detect.yunet_model must name a YuNet .onnx file")
        try:
            self._net = cv2.FaceDetectorYN.create(str(path), "", (320, 320), 0.35, 0.3, 200)
        except cv2.error as error:
            raise ModelError(f"{path}: is not a YuNet model: {_first_line(error)}") from None

    def find(self, image: Image, smallest: int, largest: int, *, profile: bool = False) -> Detections:
        """Searches one BGR picture, always including turned faces; see ``Detector``.

        YuNet's score is divided by 1.4, so that its default threshold of 0.7 becomes 0.5.
        """
        height, width = image.shape[:2]
        self._net.setInputSize((width, height))
        rows = self._net.detect(image)[1]
        if rows is None:
            return Detections.none()
        sides = np.maximum(rows[:, 2], rows[:, 3])
        rows = rows[(sides >= smallest) & (sides <= largest)]
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1).astype(np.float32)
        return Detections(boxes, np.clip(rows[:, -1] / 1.4, 0, 1).astype(np.float32))


def suppress(found: Detections, overlap: float = 0.4) -> Detections:
    """Non-maximum suppression: keeps the box with the highest score of each group with an IoU above ``overlap``."""
    if len(found) < 2:
        return found
    kept: list[int] = []
    for i in np.argsort(-found.scores, kind="stable"):
        if all(iou(found.boxes[i], found.boxes[j]) <= overlap for j in kept):
            kept.append(int(i))
    kept.sort()
    return Detections(found.boxes[kept], found.scores[kept])


class _Cascade:
    """A cascade of the OpenCV package (5.x ships none), loaded at its first use.

    Loading takes 15 ms and 1 MB, and with the proposal network cascades only confirm doubtful faces.
    """

    def __init__(self, name: str) -> None:
        if not hasattr(cv2, "CascadeClassifier"):
            raise ConfigError(
                f"OpenCV {cv2.__version__} has no Haar cascades; install an older one: pip install 'opencv-python<5'"
            )
        self._path = Path(cv2.__file__).parent / "data" / f"{name}.xml"
        if not self._path.is_file():
            raise self._unusable()
        self._read: cv2.CascadeClassifier | None = None

    @property
    def loaded(self) -> cv2.CascadeClassifier:
        """The cascade.

        Raises:
            ConfigError: The file is damaged.
        """
        if self._read is None:
            try:
                self._read = cv2.CascadeClassifier(str(self._path))
            except (cv2.error, SystemError):  # the kind of error depends on the damage
                raise self._unusable() from None
            if self._read.empty():
                raise self._unusable()
        return self._read

    def _unusable(self) -> ConfigError:
        return ConfigError(
            f"{self._path}: is missing or damaged; reinstall it: pip install --force-reinstall 'opencv-python<5'"
        )


def _first_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip()[:160]


DETECTORS: dict[str, Callable[[DetectConfig], Detector]] = {"haar": HaarDetector, "yunet": YuNetDetector}


def make_detector(config: DetectConfig) -> Detector:
    """The configured detector.

    Raises:
        ConfigError: OpenCV lacks the cascade.
        ModelError: The YuNet file is missing or foreign.
    """
    return DETECTORS[config.method](config)
