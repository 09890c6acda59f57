"""The frames of one span of a recording, all of them or sampled in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2

from monitor.batch.spans import Span
from monitor.capture.video import VideoSource
from monitor.core.types import Frame
from monitor.settings.inputs import SourceConfig


class SpanSource(VideoSource):
    """A video file, read from a given time on; its pictures are gray if PyAV decodes it.

    Args:
        path: The file.
        start_s: Time of the file at which to begin, in seconds.
        every_s: Time between two frames in seconds; 0 = every frame.
        config: Source settings.

    Raises:
        SourceError: The file cannot be read.
    """

    def __init__(
        self, path: Path, start_s: float = 0.0, every_s: float = 0.0, config: SourceConfig | None = None
    ) -> None:
        super().__init__(path, config=config, gray=True)
        self.sample(every_s)
        if start_s > 0:
            self._sampling.start(start_s)
            self._seek(start_s)

    def _seek(self, start_s: float) -> None:
        """Seeks the first frame at or after ``start_s``; the decoder begins at the key frame before it."""
        self._first, self._image = False, None
        at, index = start_s, None
        if self._pyav is not None and self._pyav.name == "pyav":
            at, index = self._pyav.seek(start_s)
        elif not self._capture.isOpened():  # ffmpeg decodes this file instead
            self._decoder.close()
            self._pyav = None
            self._decoder = self._ffmpeg(start_s)
        else:
            self._capture.set(cv2.CAP_PROP_POS_MSEC, start_s * 1e3)
            at = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            self._decoder = self._decode()  # a new decoder: the old one has read ahead
        self._index = max(0, round(at * self.fps)) if index is None else index
        self._stated = self._t = at - 1 / self.fps


def frames(source: SpanSource, span: Span) -> Iterator[Frame]:
    """The frames of the span, including its overlap."""
    while (frame := source.read()) is not None:
        if frame.t >= span.end:
            return
        if frame.t >= span.read_from:
            yield frame
