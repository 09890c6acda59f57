"""Saving face crops on request: ``--keep-frames "happy>0.9"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Face, Image
from monitor.faces.crop import CropSpec, square

SIDE = 224
"""Largest side of a saved crop in pixels."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The condition for saving a crop.

    Attributes:
        label: The expression.
        above: Probability that must be exceeded.
    """

    label: str
    above: float

    def wants(self, face: Face) -> bool:
        """Whether this face's crop is saved."""
        return face.known and float(face.probs[EMOTIONS.index(self.label)]) > self.above

    def encoded(self, image: Image, face: Face) -> bytes:
        """The face as a color JPEG, in its original size up to ``SIDE`` pixels."""
        left, top, side = square(face.box, CropSpec())
        height, width = image.shape[:2]
        part = image[max(0, top) : min(height, top + side), max(0, left) : min(width, left + side)]
        if not part.size:
            return b""
        scale = SIDE / max(part.shape[:2])
        if scale < 1:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return cv2.imencode(".jpg", part)[1].tobytes()


def parse_keep(text: str) -> Keep:
    """Reads ``label>probability``.

    Raises:
        ConfigError: It is malformed or names no expression.
    """
    match = re.fullmatch(r"\s*(\w+)\s*>\s*(0?\.\d+|0|1|0\.|1\.0*)\s*", text)
    if match is None or match[1] not in EMOTIONS:
        raise ConfigError(
            f"--keep-frames {text}: must be LABEL>PROBABILITY, such as happy>0.9; labels: {', '.join(EMOTIONS)}"
        )
    return Keep(match[1], float(match[2]))
