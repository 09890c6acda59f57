"""Pictures of MJPEG cameras: decoded in gray for the analysis, and in color only when an output needs it."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.geometry import Geometry
from monitor.core.types import Image

END = b"\xff\xd9"
"""The last two bytes of a JPEG picture."""
PADDING = 4096
"""Bytes at the end of a buffer that may be padding with zeros."""


class Jpeg:
    """One picture of a camera.

    Decoding it in gray takes a quarter of the time of decoding it in color, because the colors are not transformed,
    enlarged or converted. The levels are the picture's own luma.

    Args:
        data: The bytes of the JPEG picture, any shape, uint8; zeros may follow it.
        shape: Turns the decoded picture upright.

    Attributes:
        gray: (H, W) uint8, read-only; None if the picture is damaged.
    """

    def __init__(self, data: NDArray[Any], shape: Geometry) -> None:
        self._data, self._shape = data.reshape(-1), shape
        self._lock = threading.Lock()
        self._color: Image | None = None
        image = _decoded(self._data, cv2.IMREAD_GRAYSCALE)
        self.gray: Image | None = None if image is None else _finished(image, shape)

    def color(self) -> Image:
        """(H, W, 3) uint8 BGR, read-only; decoded at the first call, from any thread.

        Raises:
            ValueError: The picture is damaged.
        """
        if self.gray is None:
            raise ValueError("a damaged picture has no colors")
        with self._lock:
            if self._color is None:
                image = _decoded(self._data, cv2.IMREAD_COLOR)
                gray = self.gray
                self._color = np.dstack([gray] * 3) if image is None else _finished(image, self._shape)
                self._color.setflags(write=False)
            return self._color


def is_jpeg(fourcc: float) -> bool:
    """Whether a capture's pixel format is MJPEG or JPEG."""
    return int(fourcc) in (cv2.VideoWriter.fourcc(*"MJPG"), cv2.VideoWriter.fourcc(*"JPEG"))


def _decoded(data: NDArray[Any], mode: int) -> Image | None:
    """Decodes a JPEG picture; None if it is cut off or cannot be decoded."""
    if END not in data[-PADDING:].tobytes():
        return None
    try:
        image = cv2.imdecode(data, mode | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return None if image is None else image.astype(np.uint8, copy=False)


def _finished(image: Image, shape: Geometry) -> Image:
    image = shape(image)
    image.setflags(write=False)
    return image
