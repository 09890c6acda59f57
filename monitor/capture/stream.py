"""Network streams through OpenCV and FFmpeg: RTSP, HTTP and others."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from monitor.capture.camera import capture_facts, delivers
from monitor.capture.diagnosis import diagnosed
from monitor.capture.names import shown
from monitor.core.errors import SourceError
from monitor.core.types import Frame
from monitor.settings.inputs import SourceConfig

FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""Environment variable from which OpenCV takes FFmpeg's options; a value the user set is kept."""
_opening = threading.Lock()


class StreamSource:
    """An http(s), rtsp or other network stream; see ``Source``."""

    live = True
    frames = 0

    def __init__(self, url: str, config: SourceConfig) -> None:
        """Opens the stream.

        Raises:
            SourceError: It cannot be reached, refuses the login, or delivers no picture.
        """
        self._url, self._config = url, config
        self.name = shown(url)
        self._index = 0
        self._capture = self._open()
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not 0.5 <= self.fps <= 1000:
            self.fps = 0.0

    def _open(self) -> cv2.VideoCapture:
        timeout = int(self._config.open_timeout_s * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout]
        opened = False
        for transport in transports(self._url, self._config.transport):
            with ffmpeg_options(f"rtsp_transport;{transport}" if transport else ""):
                capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)
            if capture.isOpened():
                opened = True
                if delivers(capture, self._config.open_timeout_s):
                    return capture
        if opened:
            raise SourceError(
                f"--source {self.name}: opened, but delivers no picture; check that it plays in another program"
            )
        why = diagnosed(self._url, min(5.0, self._config.open_timeout_s))
        raise SourceError(f"--source {self.name}: the stream cannot be opened; {why}")

    @property
    def is_file(self) -> bool:
        """Whether the stream is a file behind a URL, with an end."""
        return 0 < self._capture.get(cv2.CAP_PROP_FRAME_COUNT) < 10**8

    def read(self) -> Frame | None:
        """The next frame, stamped right after the grab; None if the stream delivered none."""
        if not self._capture.grab():
            return None
        t, wall = time.monotonic(), time.time()
        ok, image = self._capture.retrieve()
        if not ok or image is None or image.ndim != 3:
            return None
        image.setflags(write=False)
        frame = Frame(self._index, t, wall, image.astype(np.uint8, copy=False), self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Ends the connection."""
        self._capture.release()

    def facts(self) -> dict[str, Any]:
        """Size and rate of the stream."""
        return {"kind": "stream", "device": self.name, **capture_facts(self._capture, self.fps)}


def transports(url: str, wanted: str) -> tuple[str, ...]:
    """The RTSP transports to try in turn; "" for other protocols."""
    if not url.lower().startswith(("rtsp://", "rtsps://")):
        return ("",)
    return ("tcp", "udp") if wanted == "auto" else (wanted,)


@contextlib.contextmanager
def ffmpeg_options(options: str) -> Iterator[None]:
    """Passes options to FFmpeg while a capture is opened; OpenCV takes them from the environment only."""
    if not options or FFMPEG_OPTIONS in os.environ:
        yield
        return
    with _opening:
        os.environ[FFMPEG_OPTIONS] = options
        try:
            yield
        finally:
            os.environ.pop(FFMPEG_OPTIONS, None)
