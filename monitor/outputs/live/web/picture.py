"""One JPEG per frame for all viewers, drawn and encoded once, and only while there are viewers."""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2

from monitor.core.types import Image, Result

QUALITY = 80
"""JPEG quality, 0..100."""
MAX_WIDTH = 960
"""A wider picture is shrunk to this width in pixels before it is encoded."""


class SharedPicture:
    """The newest annotated picture as JPEG.

    Args:
        newest: Gives the newest result, or None.
        draw: Draws a result; returns a new (H, W, 3) uint8 BGR picture.
    """

    def __init__(self, newest: Callable[[], Result | None], draw: Callable[[Result], Image]) -> None:
        self._newest, self._draw = newest, draw
        self._lock = threading.Lock()
        self._drawn: Result | None = None
        self._jpeg = b""

    @property
    def number(self) -> int:
        """A number that changes with every new frame; -1 before the first."""
        result = self._newest()
        return -1 if result is None else result.frame.index

    def jpeg(self) -> bytes:
        """The newest picture as JPEG; empty before the first frame. Viewers of one frame share one encoding."""
        with self._lock:
            result = self._newest()
            if result is None:
                return b""
            if result is not self._drawn:
                self._jpeg, self._drawn = _encode(self._draw(result)), result
            return self._jpeg


def _encode(image: Image) -> bytes:
    height, width = image.shape[:2]
    if width > MAX_WIDTH:
        size = (MAX_WIDTH, max(1, round(height * MAX_WIDTH / width)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
    fine, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return buffer.tobytes() if fine else b""
