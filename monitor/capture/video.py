"""Video files: every frame, in order, on the file's own clock."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.capture.names import shown
from monitor.capture.picture import refusal
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.system.paths import encodable

log = logging.getLogger("monitor")

MAX_FPS = 240.0
DEFAULT_FPS = 25.0
"""Taken when a file states no rate, or an absurd one."""
LONGEST_STEP_S = 60.0
"""A longer step between the times that a container states, or one back, is taken for a broken stamp."""
COUNTED, ESTIMATED, FEW_LACKING = 0.01, 0.1, 5
"""Shares and number of pictures lacking at the end from which on that is told: an AVI counts its pictures, of others
OpenCV multiplies rate and length, which of a variable rate says little."""
MOST_MISSES = 1000
"""Pictures in a row that may be unreadable in the middle of a file, before that is its end."""


class VideoSource:
    """A video file (or animated GIF); see ``Source``.

    A frame's time is the one its container states as long as that advances, by ``LONGEST_STEP_S`` at most; else it
    follows the one before by the stated rate, and the container's times count on from there. So variable frame rates
    keep true seconds and broken stamps do no harm.
    """

    live = False

    def __init__(self, path: Path | str, *, loop: bool = False) -> None:
        """Opens a file, or one behind a URL, and checks that it holds a readable frame.

        Raises:
            SourceError: It is empty, damaged or of no known kind.
        """
        self._path, self._loop = path, loop
        self.name = path.name if isinstance(path, Path) else shown(path)
        self._capture = _opened(path)
        if not self._capture.isOpened():
            why = refusal(path) if isinstance(path, Path) else ""
            raise SourceError(
                f"{self.name}: cannot be opened as a video; {why or 'it may be damaged or of an unknown format'}"
            )
        stated = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = stated if 0.1 <= stated <= MAX_FPS else DEFAULT_FPS
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frames = count if 0 < count < 10**8 and not loop else 0
        self._stated_count = max(0, count)
        self._index = self._missed = 0
        self._offset = 0.0
        self._stated = self._t = -1.0
        self._first: Image | None = self._grab()
        if self._first is None:
            self.close()
            raise SourceError(f"{self.name}: holds no readable picture; it may be truncated or damaged")
        self._size = (self._first.shape[1], self._first.shape[0])

    def read(self) -> Frame | None:
        """The next frame, None at the end of the file."""
        image = self._first if self._first is not None else self._grab_on()
        self._first = None
        if image is None and self._loop:
            self._rewind()
            image = self._grab()
        if image is None:
            lacking = self.frames - self._index - self._missed
            counts = self.name.lower().endswith(".avi")
            if lacking >= max(FEW_LACKING, (COUNTED if counts else ESTIMATED) * self.frames):
                late = "; what comes after a damage is too early then" if counts else ""
                log.warning(
                    "%s: ended after %d of %d frames; the file may be truncated or damaged%s",
                    self.name, self._index, self.frames, late,
                )  # fmt: skip
            return None
        frame = Frame(self._index, self._time(), time.time(), image, self.name)
        self._index += 1
        return frame

    def _grab_on(self) -> Image | None:
        """The next picture that can be read; damaged ones before it are passed over, None at the end of the file."""
        image = self._grab()
        if image is None and not self._loop:
            most = min(self.frames - self._index - self._missed - 1, MOST_MISSES)
            for missed in range(1, most + 1):
                if (image := self._grab()) is not None:
                    log.warning("%s: damaged after frame %d; %d pictures passed over", self.name, self._index, missed)
                    self._missed += missed
                    break
        return image

    def _grab(self) -> Image | None:
        ok, image = self._capture.read()
        if not ok or image is None or image.ndim != 3:
            return None
        image.setflags(write=False)
        return image.astype(np.uint8, copy=False)

    def _time(self) -> float:
        by_rate = (self._t + 1 / self.fps) if self._t >= 0 else 0.0
        stated = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        if not np.isfinite(stated):
            stated = self._stated
        t = stated + self._offset
        if not self._t < t < by_rate + LONGEST_STEP_S:
            t = by_rate
        if not -1.0 < stated - self._stated < LONGEST_STEP_S:
            self._offset = t - stated  # its clock was set: what it states from now on follows from here
        self._stated, self._t = stated, round(t, 6)
        return self._t

    def _rewind(self) -> None:
        self._offset, self._stated = self._t + 1 / self.fps, 0.0
        self._capture.release()
        self._capture = _opened(self._path)

    def close(self) -> None:
        """Releases the file."""
        self._capture.release()

    def facts(self) -> dict[str, Any]:
        """Path, size and rate."""
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        size = self._path.stat().st_size if isinstance(self._path, Path) else 0
        return {
            "kind": "video", "file": self.name, "width": self._size[0], "height": self._size[1],
            "fps": round(self.fps, 3), "frames": self._stated_count, "bytes": size,
            "codec": "".join(chr(code >> s & 0xFF) for s in (0, 8, 16, 24)).strip("\0 "),
        }  # fmt: skip


def _opened(path: Path | str) -> cv2.VideoCapture:
    """A video file, or one behind a URL.

    Raises:
        SourceError: Its name is none that OpenCV can be given.
    """
    if isinstance(path, Path):
        if not encodable(path):
            raise SourceError(f"{str(path)!r}: the name is not in UTF-8, which OpenCV cannot open; rename the file")
        path = path.absolute()  # FFmpeg takes what is before a colon in a relative one for a protocol
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
