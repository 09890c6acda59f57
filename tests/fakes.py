"""Stand-ins for cameras, detectors and networks: scripted, deterministic, without pixels where possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Box, Detections, Face, Frame, Image, Keypoints, Result
from monitor.driver.judge import EyeReader
from monitor.faces.detector import Detector
from monitor.faces.follower import Reader
from monitor.faces.pairing import pairing_cost
from monitor.faces.places import Proposer
from monitor.networks.card import ModelCard
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import POINTS
from monitor.networks.proposals import TILES


class Clock:
    """A clock that moves only by ``advance``."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@lru_cache(maxsize=64)
def picture(width: int = 640, height: int = 480, seed: int = 0) -> Image:
    """A BGR picture of lively noise, so that quality is high everywhere; made once and read-only."""
    rng = np.random.default_rng(seed)
    image = rng.integers(60, 200, (height, width, 3), dtype=np.uint8)
    image.setflags(write=False)
    return image


_PICTURE = picture()


def frame(t: float, index: int = 0, image: Image | None = None) -> Frame:
    return Frame(index, t, 1_800_000_000.0 + t, _PICTURE if image is None else image, "fake")


def tilted(image: Image, roll: float, about: tuple[float, float]) -> Image:
    """A picture turned clockwise by degrees about a point, as a head of that roll is."""
    matrix = cv2.getRotationMatrix2D(about, -roll, 1.0)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


def detections(*boxes: Box, score: float = 1.0) -> Detections:
    array = np.array(boxes, dtype=np.float32).reshape(-1, 4)
    return Detections(array, np.full(len(array), score, dtype=np.float32))


def square(cx: float, cy: float, size: float) -> Box:
    return (cx - size / 2, cy - size / 2, cx + size / 2, cy + size / 2)


def distribution(label: str, share: float = 0.9) -> NDArray[np.float32]:
    """A distribution with ``share`` on one label and the rest spread evenly."""
    probs = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1), dtype=np.float32)
    probs[EMOTIONS.index(label)] = share
    return probs


class ScriptedDetector:
    """Finds the boxes of the script at the time ``now``, whatever region is searched."""

    name = "scripted"
    wants_color = True

    def __init__(self, script: Callable[[float], Sequence[Box]]) -> None:
        self.script = script
        self.now = 0.0
        self.searches = 0

    def find(self, image: Image, smallest: int, largest: int, *, profile: bool = False) -> Detections:
        self.searches += 1
        return detections(*self.script(self.now))


def keypoints_at(box: Box, presence: float = 0.99, yaw: float = 0.0, roll: float = 0.0) -> Keypoints:
    """A face in a box, its points in the middle."""
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    points = np.tile(np.array([cx, cy], np.float32), (len(POINTS), 1))
    return Keypoints(presence, points, box, np.array([yaw, 0, roll], np.float32), np.array([0.3, 0.3, 0], np.float32))


class ScriptedNet:
    """Sees the nearest face of a script within its reach; counts its looks.

    ``elsewhere`` is its presence for a face whose box was not given exactly, if it differs.
    """

    def __init__(
        self, script: Callable[[float], Sequence[Box]], presence: float = 0.99, yaw: float = 0.0, roll: float = 0.0
    ) -> None:
        self.script, self.presence, self.yaw, self.roll = script, presence, yaw, roll
        self.elsewhere: float | None = None
        self.now = 0.0
        self.looks = 0

    def read(self, image: Image, box: Box) -> Keypoints | None:
        self.looks += 1
        near = [face for face in self.script(self.now) if pairing_cost(face, box) < 0.6]
        if not near:
            return keypoints_at(box, 0.01)
        face = min(near, key=lambda face: pairing_cost(face, box))
        presence = self.presence if self.elsewhere is None or face == box else self.elsewhere
        return keypoints_at(face, presence, self.yaw, self.roll)


class ScriptedProposer:
    """Proposes the boxes of the script at the time ``now``; records its calls."""

    parts = TILES

    def __init__(self, script: Callable[[float], Sequence[Box]]) -> None:
        self.script = script
        self.now = 0.0
        self.asked: list[float] = []

    def propose(
        self, image: Image, smallest: float, least: float, tiles: Iterable[int] = range(TILES), most: int = 12
    ) -> Detections:
        parts = list(tiles)
        if 0 in parts:
            self.asked.append(smallest)
        if TILES - 1 not in parts:  # everything comes with the last part
            return Detections.none()
        return detections(*self.script(self.now), score=0.7)


class ScriptedEmotion(EmotionNet):
    """Reads the distribution of the script at the time ``now``; records the crops."""

    def __init__(
        self, script: Callable[[float], NDArray[np.float32]], contrast: float = 0.0, align: bool = False
    ) -> None:
        self.card = ModelCard("fake", "1", EMOTIONS, 48, 0.185, 0.03, 1.0, "", crop_contrast=contrast, crop_align=align)
        self.script = script
        self.now = 0.0
        self.reads = 0
        self.seen: list[Image] = []

    def probabilities(self, crop: Image) -> NDArray[np.float32]:
        self.reads += 1
        self.seen.append(crop)
        return self.script(self.now)


@dataclass
class Scripted:
    """The networks of a pipeline, scripted."""

    detector: Detector
    emotion: EmotionNet
    keypoints: Reader | None = None
    proposals: Proposer | None = None
    eyes: EyeReader | None = None


class ScriptedSource:
    """A live source that gives frames (or None, or an error) as scripted, then None for ever."""

    live = True
    fps = 30.0
    frames = 0
    name = "scripted"

    def __init__(self, script: Sequence[Frame | Exception | None]) -> None:
        self._script = list(script)
        self.closed = 0

    def read(self) -> Frame | None:
        if not self._script:
            return None
        item = self._script.pop(0)
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.closed += 1

    def facts(self) -> dict[str, Any]:
        return {"kind": "fake"}


def face(face_id: int = 1, label: str = "happy", box: Box = (100, 100, 200, 200), **changes: Any) -> Face:
    probs = distribution(label if label != "unknown" else "neutral", 0.3 if label == "unknown" else 0.9)
    values: dict[str, Any] = {
        "id": face_id, "box": box, "label": label, "confidence": float(probs.max()), "probs": probs, "raw": probs,
        "quality": 1.0, "seen": True,
    }  # fmt: skip
    return Face(**(values | changes))


def result(t: float, faces: Sequence[Face] = (), index: int = 0, image: Image | None = None, **changes: Any) -> Result:
    values: dict[str, Any] = {
        "frame": frame(t, index, image), "faces": tuple(faces), "events": (), "timings_ms": {"find": 1.0},
        "dropped": 0, "latency_ms": 5.0,
    }  # fmt: skip
    return Result(**(values | changes))
