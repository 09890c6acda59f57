"""Network streams through OpenCV and FFmpeg: RTSP, HTTP, HLS and others."""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from monitor.capture import ffmpeg
from monitor.capture.camera import capture_facts, delivers, sends_jpeg
from monitor.capture.decoder import differs, identical, is_flat, thread_limit
from monitor.capture.diagnosis import diagnosed
from monitor.capture.ffmpegoptions import ffmpeg_options
from monitor.capture.geometry import Geometry, of_capture
from monitor.capture.jpeg import Jpeg, is_jpeg
from monitor.capture.names import shown
from monitor.capture.playout import Playout
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.settings.inputs import SourceConfig

log = logging.getLogger("monitor")

HLS_BUFFER_S = 2.0
"""Longest wait for a frame of an HLS stream, whose segments arrive in bursts."""


class StreamSource:
    """An http(s), rtsp or other network stream; see ``Source``.

    Pictures have square pixels and stand upright. Interlaced streams, which OpenCV decodes as black, are read through
    the ffmpeg program if it is installed.
    """

    live = True
    frames = 0

    def __init__(self, url: str, config: SourceConfig, *, gray: bool = False) -> None:
        """Opens the stream.

        Args:
            url: The address.
            config: Source settings.
            gray: Deliver (H, W) gray pictures if the stream is MJPEG; ``Frame.color`` decodes them in color.

        Raises:
            SourceError: It cannot be reached, refuses the login, or delivers no picture.
        """
        self._url, self._config = url, config
        self.name = shown(url)
        self._index = 0
        self._transport = ""
        self._jpeg = gray and config.reader != "ffmpeg"
        self._capture = self._open()
        self._shape = of_capture(self._capture, config)
        self._playout = Playout(_buffer_s(url, config.buffer_s, int(self._capture.get(cv2.CAP_PROP_FOURCC))))
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        if not 0.5 <= self.fps <= 1000:
            self.fps = 0.0
        self._facts = capture_facts(self._capture, self.fps)
        self._pipe: ffmpeg.FfmpegDecoder | None = None
        self._pipe = self._through_ffmpeg()

    def _open(self) -> cv2.VideoCapture:
        timeout = int(self._config.open_timeout_s * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout]
        limits += thread_limit(self._config.threads)
        opened = False
        for transport in transports(self._url, self._config.transport):
            with ffmpeg_options(f"rtsp_transport;{transport}" if transport else ""):
                capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)
            if capture.isOpened():
                opened, self._transport = True, transport
                if self._jpeg and not self._keep_jpeg(capture):
                    return self._open()
                if delivers(capture, self._config.open_timeout_s):
                    return capture
        if opened:
            raise SourceError(
                f"--source {self.name}: opened, but delivers no picture; check that it plays in another program"
            )
        why = diagnosed(self._url, min(5.0, self._config.open_timeout_s))
        raise SourceError(f"--source {self.name}: the stream cannot be opened; {why}")

    def _keep_jpeg(self, capture: cv2.VideoCapture) -> bool:
        """Switches off the decoding of an MJPEG stream; False if its pictures cannot be used, and it must be opened
        again."""
        self._jpeg = is_jpeg(capture.get(cv2.CAP_PROP_FOURCC)) and capture.set(cv2.CAP_PROP_FORMAT, -1)
        if not self._jpeg or sends_jpeg(capture, Geometry()):
            return True
        self._jpeg = False
        capture.release()
        return False

    def _through_ffmpeg(self) -> ffmpeg.FfmpegDecoder | None:
        """A decoder that uses the ffmpeg program, if OpenCV's pictures are wrong (see ``checked``) or the user chose
        it."""
        reader = self._config.reader
        if reader == "opencv" or self._jpeg or self.is_file or (reader == "auto" and not ffmpeg.available()):
            return None
        last = None
        if reader == "auto":
            first, last = self._grab()[0], self._grab()[0]
            if first is None or last is None or not (is_flat(last) or identical(first, last)):
                return None
        before = ["-rtsp_transport", self._transport] if self._transport else []
        try:
            pipe = ffmpeg.FfmpegDecoder(self._url, (self._facts["width"], self._facts["height"]), before)
        except OSError as error:
            raise SourceError(
                f"--source {self.name}: ffmpeg cannot be started: {error.strerror}; install it or set source.reader"
            ) from None
        image = pipe.read()
        if image is None or (last is not None and (is_flat(image) or not differs(last, image))):
            pipe.close()
            return None
        log.info("%s: reading through ffmpeg", self.name)
        self._capture.release()
        self._facts["backend"] = "ffmpeg"
        return pipe

    @property
    def is_file(self) -> bool:
        """Whether the stream is a file behind a URL, which has an end."""
        return 0 < self._capture.get(cv2.CAP_PROP_FRAME_COUNT) < 10**8

    def read(self) -> Frame | None:
        """The next frame, None if the stream delivered none; a frame of a bursty stream waits until it is due."""
        picture, stated_s = self._grab()
        if picture is None:
            return None
        arrived = time.monotonic()
        due = self._playout.due(stated_s, arrived)
        if due > arrived:
            time.sleep(due - arrived)
        if self._jpeg:
            jpeg = Jpeg(picture, self._shape)
            if jpeg.gray is None:
                return None
            frame = Frame(self._index, due, time.time(), jpeg.gray, self.name, decode=jpeg.color)
        else:
            image = self._shape(picture)
            image.setflags(write=False)
            frame = Frame(self._index, due, time.time(), image, self.name)
        self._index += 1
        return frame

    def _grab(self) -> tuple[Image | None, float]:
        """A picture, or the bytes of a JPEG, and its presentation time in seconds."""
        if self._pipe is not None:
            image = self._pipe.read()
            return image, self._pipe.stated_s()
        ok, picture = self._capture.read()
        if not ok or picture is None or (picture.ndim == 3) == self._jpeg:
            return None, 0.0
        return picture.astype(np.uint8, copy=False), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def close(self) -> None:
        """Ends the connection."""
        if self._pipe is not None:
            self._pipe.close()
        self._capture.release()

    def facts(self) -> dict[str, Any]:
        """Size and rate of the stream."""
        return {"kind": "stream", "device": self.name, **self._facts, "decoded": "gray" if self._jpeg else "color"}


def _buffer_s(url: str, wanted: float, codec: int) -> float:
    """Longest wait for a frame that arrived early.

    MJPEG has no presentation times; FFmpeg invents 25 a second for it.
    """
    if codec == cv2.VideoWriter.fourcc(*"MJPG"):
        return 0.0
    return wanted or (HLS_BUFFER_S if urlsplit(url).path.lower().endswith(".m3u8") else 0.0)


def transports(url: str, wanted: str) -> tuple[str, ...]:
    """The RTSP transports to try in turn; "" for other protocols."""
    if not url.lower().startswith(("rtsp://", "rtsps://")):
        return ("",)
    return ("tcp", "udp") if wanted == "auto" else (wanted,)
