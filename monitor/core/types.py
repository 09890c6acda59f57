"""The values that the parts of the program exchange: frozen, and validated on construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.core.driver_state import DriverState
from monitor.core.labels import EMOTIONS, UNKNOWN

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in full-frame pixels; may reach beyond the frame."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture with its two times.

    Attributes:
        index: Number of the frame in its source, from 0.
        t: Seconds on the clock that all logic uses: monotonic and taken right after the grab for a camera, the time in
            the clip for files.
        wall: Seconds since the epoch, for logs only; it may jump.
        image: (H, W, 3) uint8 BGR, or (H, W) gray where a source decodes in gray; read-only.
        source: Name of the source.
        file: Name of the picture in a folder of images, else empty.
        decode: Decodes the same picture in color, for an ``image`` in gray.
    """

    index: int
    t: float
    wall: float
    image: Image
    source: str
    file: str = ""
    decode: Callable[[], Image] | None = field(default=None, compare=False, repr=False)

    def color(self) -> Image:
        """The picture as (H, W, 3) uint8 BGR, read-only; a picture that exists only in gray has gray pixels."""
        if self.image.ndim == 3:
            return self.image
        return self.decode() if self.decode is not None else np.dstack([self.image] * 3)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True)
class Detections:
    """The boxes that a detector found.

    Attributes:
        boxes: (N, 4) float32 x1, y1, x2, y2 in full-frame pixels.
        scores: (N,) float32, 0..1; a box with 0.5 or more may start a track.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.boxes.ndim != 2 or self.boxes.shape[1] != 4:
            raise ValueError(f"boxes must have shape (N, 4), got {self.boxes.shape}")
        if self.scores.shape != (len(self.boxes),):
            raise ValueError(f"scores must have shape ({len(self.boxes)},), got {self.scores.shape}")

    def __len__(self) -> int:
        return len(self.boxes)

    @staticmethod
    def none() -> Detections:
        """No boxes."""
        return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))

    @staticmethod
    def join(parts: list[Detections]) -> Detections:
        """The boxes of several searches together."""
        if not parts:
            return Detections.none()
        return Detections(np.concatenate([p.boxes for p in parts]), np.concatenate([p.scores for p in parts]))


@dataclass(frozen=True, slots=True)
class Keypoints:
    """The keypoint network's answer for one region.

    Attributes:
        presence: 0..1, probability that the middle of the region shows a face.
        points: (17, 2) float32 keypoints in full-frame pixels, in the order of
            ``labels.POINTS``; may lie outside the frame.
        box: The face as a Haar box, x1, y1, x2, y2 in full-frame pixels.
        pose: (3,) float32 yaw, pitch, roll in degrees: positive yaw turns the nose to the picture's
            left, positive pitch lowers it, positive roll turns the head clockwise in the picture.
        openness: (3,) float32 opening over width of the person's right eye, left eye and mouth, at least 0.
    """

    presence: float
    points: NDArray[np.float32]
    box: Box
    pose: NDArray[np.float32]
    openness: NDArray[np.float32]


class EyeReading(NamedTuple):
    """The reading of one eye.

    Attributes:
        open: Calibrated openness, 0 (shut) to 1 (open).
        quality: 0..1, how well the picture shows the eye; low with sunglasses, glare, hair or in the dark.
    """

    open: float
    quality: float


class Reading(NamedTuple):
    """The expression of one face in one frame.

    Attributes:
        quality: 0..1, how well the picture shows the face.
        probs: (K,) float32 calibrated distribution over the labels of the network, which sums to 1; None when the
            quality was too low for a reading.
        covered: The covered half of the face: "", "upper", "lower" or "both".
    """

    quality: float
    probs: NDArray[np.float32] | None
    covered: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """One person's face in one frame.

    Attributes:
        id: Stable number, given on confirmation, from 1.
        box: Where it is, in full-frame pixels.
        label: The top label of ``probs``, with at least ``emotion.min_confidence``, or "unknown".
        confidence: The highest probability in ``probs``.
        probs: (K,) float32 smoothed and steadied distribution over ``labels``; sums to 1.
        raw: (K,) float32 distribution read in this frame, or None when the face was not read in it.
        quality: 0..1, how well the picture shows the face.
        seen: Whether the last search found it; else its box is a prediction.
        known: Whether a current reading exists; ``probs`` is uniform without one.
        pose: Smoothed yaw, pitch, roll in degrees (see ``Keypoints``), or None without keypoints.
        keypoints: The keypoint network's answer in this frame, or None.
        eyes: The person's right and left eye in this frame, or None when they were not read.
        labels: Names of the entries of ``probs``: the seven expressions, or the classes of a user's own model.
        covered: The half of the face that was covered in the last reading: "", "upper" (eyes), "lower" (mouth) or
            "both".
        still: Whether it has not moved by itself for some seconds, like a statue or a poster.
    """

    id: int
    box: Box
    label: str
    confidence: float
    probs: NDArray[np.float32]
    raw: NDArray[np.float32] | None
    quality: float
    seen: bool
    known: bool = True
    pose: tuple[float, float, float] | None = None
    keypoints: Keypoints | None = None
    eyes: tuple[EyeReading, EyeReading] | None = None
    labels: tuple[str, ...] = EMOTIONS
    covered: str = ""
    still: bool = False

    @property
    def mouth(self) -> float | None:
        """Opening over width of the mouth; None without keypoints and for a covered mouth."""
        if self.keypoints is None or self.covered in ("lower", "both"):
            return None
        return float(self.keypoints.openness[2])

    @property
    def is_unknown(self) -> bool:
        """Whether there is no usable reading."""
        return self.label == UNKNOWN


@dataclass(frozen=True, slots=True)
class Event:
    """The start, an update or the end of a lasting condition; the phases of one condition share one ``id``.

    Attributes:
        kind: "face" (a face is in view), "emotion" (an expression is held), a driver's
            sign (``driver.signs``) or an incident of the machine (docs/concepts/faults.md).
        phase: "start", "update" or "end".
        id: Unique within the session; negative for incidents of the machine.
        t: Seconds on the frame clock.
        wall: Seconds since the epoch.
        face: The face's id, 0 for an event that concerns no particular face.
        level: Severity, 0 for information.
        data: Further values, see docs/reference; an end has ``duration_s``.
    """

    kind: str
    phase: str
    id: int
    t: float
    wall: float
    face: int
    level: int = 0
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one step.

    Attributes:
        frame: The frame that was analysed.
        faces: Confirmed faces in view, oldest first.
        events: The events of this frame.
        timings_ms: Stage name to milliseconds spent.
        dropped: Frames the live mailbox has overwritten so far.
        driver: The driver's state; None outside driver mode.
        latency_ms: From the grab to this result, on the live clock; the step's time for files.
    """

    frame: Frame
    faces: tuple[Face, ...]
    events: tuple[Event, ...]
    timings_ms: dict[str, float]
    dropped: int
    latency_ms: float
    driver: DriverState | None = None
