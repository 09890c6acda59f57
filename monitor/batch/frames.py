"""The frames of one span of a recording, all of them or sampled in time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from monitor.batch.spans import Span
from monitor.capture.video import VideoSource
from monitor.core.types import Frame

SLACK_S = 1e-6
"""Tolerance in seconds, so that rounded time stamps do not skip a frame that is due."""


class SpanSource(VideoSource):
    """A video file, read from a given time on.

    Args:
        path: The file.
        start_s: Time of the file at which to begin, in seconds.
        every_s: Shortest time between two frames in seconds; 0 = every frame.

    Raises:
        SourceError: The file cannot be read.
    """

    def __init__(self, path: Path, start_s: float = 0.0, every_s: float = 0.0) -> None:
        super().__init__(path)
        self._every_s, self._due = every_s, -math.inf
        if start_s > 0:
            self._seek(start_s)

    def _seek(self, start_s: float) -> None:
        """Seeks the first frame at or after ``start_s``; OpenCV decodes from the key frame before it."""
        self._first = None
        if not self._capture.isOpened():  # ffmpeg decodes this file
            self._decoder.close()
            self._decoder = self._ffmpeg(start_s)
            self._index, at = round(start_s * self.fps), start_s
        else:
            self._capture.set(cv2.CAP_PROP_POS_MSEC, start_s * 1e3)
            self._index = max(0, int(self._capture.get(cv2.CAP_PROP_POS_FRAMES)))
            at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            self._decoder = self._decode()  # a fresh one: the old one has read ahead
        self._stated = self._t = at - 1 / self.fps

    def read(self) -> Frame | None:
        """The next frame that is due, None at the end."""
        while (frame := super().read()) is not None:
            if frame.t + SLACK_S >= self._due:
                # Due times lie on a grid, so that rounding does not make the rate drift; a gap starts a new grid.
                late = self._due if math.isfinite(self._due) else frame.t
                self._due = max(late, frame.t - self._every_s / 2) + self._every_s
                return frame
        return None


def frames(source: SpanSource, span: Span) -> Iterator[Frame]:
    """The frames of the span, including its overlap."""
    while (frame := source.read()) is not None:
        if frame.t >= span.end:
            return
        if frame.t >= span.read_from:
            yield frame
