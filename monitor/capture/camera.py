"""Cameras through OpenCV."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.capture.geometry import Geometry, wanted
from monitor.capture.jpeg import Jpeg, is_jpeg
from monitor.core.errors import SourceError
from monitor.core.types import Frame
from monitor.settings.inputs import SourceConfig

TRIES = 3
"""Number of pictures of which one must be a whole JPEG."""


class CameraSource:
    """A V4L2 camera by number or path; see ``Source``.

    The pixel format is set before the size, because in the other order many webcams stay at 5-10 fps.
    """

    live = True
    frames = 0

    def __init__(self, text: str, config: SourceConfig, *, gray: bool = False) -> None:
        """Opens the device.

        Args:
            text: Its number or path.
            config: Source settings.
            gray: Deliver (H, W) gray pictures if the device sends JPEG; ``Frame.color`` decodes them in color.

        Raises:
            SourceError: No such device, no permission, busy, or no picture.
        """
        self._text, self._config = text, config
        self.name = f"camera{text}" if text.isdigit() else Path(text).name
        self._index = 0
        self._shape = wanted(config.rotate, config.flip)
        self._capture = self._open()
        self._jpeg = gray and _keeps_jpeg(self._capture, self._shape)
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not 0.5 <= self.fps <= 1000:
            self.fps = 0.0

    def _open(self) -> cv2.VideoCapture:
        _check_device(self._text)
        backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
        capture = cv2.VideoCapture(int(self._text) if self._text.isdigit() else self._text, backend)
        if not capture.isOpened():
            raise SourceError(f"--source {self._text}: is not a camera or is busy; see: emotion-monitor devices")
        self._request_format(capture)
        if not delivers(capture, self._config.open_timeout_s):
            fix = "replug it, or try another source.width and height"
            raise SourceError(f"--source {self.name}: opened, but delivers no picture; {fix}")
        return capture

    def _request_format(self, capture: cv2.VideoCapture) -> None:
        config = self._config
        if config.fourcc:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*config.fourcc))
        wishes = {
            cv2.CAP_PROP_FRAME_WIDTH: config.width,
            cv2.CAP_PROP_FRAME_HEIGHT: config.height,
            cv2.CAP_PROP_FPS: config.fps,
        }
        for property_id, value in wishes.items():
            if value:
                capture.set(property_id, value)

    def read(self) -> Frame | None:
        """The next frame, stamped right after the grab; None if the device delivered none."""
        if not self._capture.grab():
            return None
        t, wall = time.monotonic(), time.time()
        ok, image = self._capture.retrieve()
        if not ok or image is None or (image.ndim == 3) == self._jpeg:
            return None
        if self._jpeg:
            jpeg = Jpeg(image, self._shape)
            if jpeg.gray is None:
                return None
            frame = Frame(self._index, t, wall, jpeg.gray, self.name, decode=jpeg.color)
        else:
            picture = self._shape(image.astype(np.uint8, copy=False))
            picture.setflags(write=False)
            frame = Frame(self._index, t, wall, picture, self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Releases the device."""
        self._capture.release()

    def facts(self) -> dict[str, Any]:
        """Size and rate that the device chose."""
        decoded = "gray" if self._jpeg else "color"
        return {"kind": "camera", "device": self.name, **capture_facts(self._capture, self.fps), "decoded": decoded}


def delivers(capture: cv2.VideoCapture, limit_s: float) -> bool:
    """Whether a capture delivers a picture in time; releases it otherwise."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        if capture.read()[0]:
            return True
        time.sleep(0.01)  # some devices refuse at once
    capture.release()
    return False


def sends_jpeg(capture: cv2.VideoCapture, shape: Geometry) -> bool:
    """Whether a capture that does not decode delivers a whole JPEG picture among the next few."""
    for _ in range(TRIES):
        ok, data = capture.read()
        if ok and data is not None and data.ndim < 3 and Jpeg(data, shape).gray is not None:
            return True
    return False


def _keeps_jpeg(capture: cv2.VideoCapture, shape: Geometry) -> bool:
    """Switches off OpenCV's decoding if the device sends JPEG pictures; returns whether it is off."""
    if not is_jpeg(capture.get(cv2.CAP_PROP_FOURCC)) or not capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        return False
    if sends_jpeg(capture, shape):
        return True
    capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
    return False


def capture_facts(capture: cv2.VideoCapture, fps: float) -> dict[str, Any]:
    """Size, rate and backend of a capture."""
    return {
        "width": int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), "height": int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        "fps": round(fps, 3), "backend": capture.getBackendName(),
    }  # fmt: skip


def _check_device(text: str) -> None:
    """Raises an error with the precise reason why a Linux device cannot be opened; OpenCV does not report it."""
    if not sys.platform.startswith("linux"):
        return
    path = Path(f"/dev/video{text}" if text.isdigit() else text)
    if not path.exists():
        raise SourceError(f"--source {text}: there is no camera at {path}; see: emotion-monitor devices, or use demo")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceError(
            f"--source {text}: no permission to use {path}; run: sudo usermod -aG video $USER, then log in again"
        )
