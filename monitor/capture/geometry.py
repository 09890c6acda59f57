"""Corrects the shape and orientation of pictures: first square pixels, then the rotation, then the flip."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from monitor.capture.mp4 import Track
from monitor.core.types import Image
from monitor.settings.inputs import SourceConfig

TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
FLIPS = {"horizontal": 1, "vertical": 0}
ASPECTS = (0.1, 10.0)
"""Lowest and highest plausible ratio of a pixel's width to its height; a file that states another one is damaged."""


class Geometry(NamedTuple):
    """The changes that turn a decoded picture into an upright one with square pixels.

    Boxes, logs and recordings use the coordinates of the result.

    Attributes:
        aspect: Width of a pixel over its height. Above 1 the picture is widened, below 1 its height is increased.
        mirrored: Whether the file mirrors its picture left to right, before it is turned.
        turn: Clockwise turn in degrees: 0, 90, 180 or 270.
        flip: Mirroring chosen by the user, after the turn: "none", "horizontal" or "vertical".
    """

    aspect: float = 1.0
    mirrored: bool = False
    turn: int = 0
    flip: str = "none"

    def __call__(self, image: Image) -> Image:
        """The upright picture; ``image`` itself when there is nothing to change."""
        height, width = image.shape[:2]
        if self.aspect > 1:
            image = _as_image(cv2.resize(image, (round(width * self.aspect), height), interpolation=cv2.INTER_LINEAR))
        elif self.aspect < 1:
            image = _as_image(cv2.resize(image, (width, round(height / self.aspect)), interpolation=cv2.INTER_LINEAR))
        if self.mirrored:
            image = _as_image(cv2.flip(image, 1))
        if self.turn:
            image = _as_image(cv2.rotate(image, TURNS[self.turn]))
        if self.flip != "none":
            image = _as_image(cv2.flip(image, FLIPS[self.flip]))
        return image


def _as_image(image: object) -> Image:
    return np.asarray(image, np.uint8)


def wanted(rotate: str, flip: str, *, aspect: float = 1.0, turn: int = 0, mirrored: bool = False) -> Geometry:
    """The geometry of a source.

    Args:
        rotate: Setting ``source.rotate``: "auto" = the turn and mirroring stated by the file, else a turn in degrees
        that replaces them.
        flip: Setting ``source.flip``.
        aspect: Width of a pixel over its height, as stated by the file.
        turn: Clockwise turn in degrees, as stated by the file.
        mirrored: Whether the file states that its picture is mirrored.
    """
    if not ASPECTS[0] <= aspect <= ASPECTS[1]:
        aspect = 1.0
    if rotate != "auto":
        return Geometry(aspect, turn=int(rotate), flip=flip)
    return Geometry(aspect, mirrored, turn % 360 if turn % 90 == 0 else 0, flip)


def of_capture(capture: cv2.VideoCapture, config: SourceConfig, track: Track | None = None) -> Geometry:
    """The geometry of an open video or stream; switches off OpenCV's own rotation.

    Args:
        capture: The capture.
        config: Source settings.
        track: Turn and mirroring stated by an MP4 file; used because OpenCV reads a mirrored display matrix as an
        angle.
    """
    turn, mirrored = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)), False
    if track is not None:
        turn, mirrored = track.turn, track.mirrored
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    numerator, denominator = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    aspect = numerator / denominator if numerator > 0 and denominator > 0 else 1.0
    return wanted(config.rotate, config.flip, aspect=aspect, turn=turn, mirrored=mirrored)
