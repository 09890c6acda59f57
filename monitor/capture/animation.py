"""Animated WebP, PNG, GIF and AVIF pictures; each frame has its own time."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor.capture.geometry import Geometry, wanted
from monitor.capture.magic import content_of
from monitor.capture.picture import MAX_MEGAPIXELS, is_whole, refusal
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.settings.inputs import SourceConfig

log = logging.getLogger("monitor")

DEFAULT_FRAME_S = 0.1
"""Duration assumed for a frame without one, as in browsers."""
MAX_FRAMES = 10_000


class AnimationSource:
    """An animated picture; see ``Source``. The whole animation is decoded at the start, up to a limit."""

    live = False

    def __init__(self, path: Path, *, loop: bool = False, config: SourceConfig | None = None) -> None:
        """Decodes the animation.

        Raises:
            SourceError: It cannot be decoded.
        """
        self.name, self._loop, self._path = path.name, loop, path
        size = content_of(path).size
        most = int(min(MAX_FRAMES, max(1.0, MAX_MEGAPIXELS * 1e6 / max(1, size[0] * size[1]))))
        images, self._durations = _decoded(path, most)
        shape = wanted(config.rotate, config.flip) if config is not None else Geometry()
        self._images = [shape(image) for image in images]
        if not self._images:
            why = refusal(path) or "it may be damaged"
            raise SourceError(f"{path}: cannot be read as an animated picture; {why}")
        if len(self._images) >= most:
            log.warning("%s: only the first %d pictures are read; convert it to a video for all", path, most)
        self.fps = len(self._images) / sum(self._durations)
        self.frames = 0 if loop else len(self._images)
        self._index, self._t = 0, 0.0

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        if self._index >= len(self._images) and not self._loop:
            return None
        at = self._index % len(self._images)
        self._images[at].setflags(write=False)
        frame = Frame(self._index, round(self._t, 6), time.time(), self._images[at], self.name)
        self._index += 1
        self._t += self._durations[at]
        return frame

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def facts(self) -> dict[str, Any]:
        """Size, rate and number of pictures."""
        height, width = self._images[0].shape[:2]
        return {
            "kind": "video", "file": self.name, "width": width, "height": height, "fps": round(self.fps, 3),
            "frames": len(self._images), "bytes": self._path.stat().st_size, "codec": content_of(self._path).kind,
        }  # fmt: skip


def _decoded(path: Path, most: int) -> tuple[list[Image], list[float]]:
    """At most ``most`` BGR frames and their durations in seconds."""
    try:
        data = np.fromfile(path, np.uint8).reshape(1, -1)  # the WebP decoder requires one row
        if not is_whole(data):
            return [], []
        ok, animation = cv2.imdecodeanimation(data, start=0, count=most)
    except (OSError, cv2.error, AttributeError):  # OpenCV before 4.11 decodes no animations
        return [], []
    if not ok:
        return [], []
    images: list[Image] = []
    for frame in animation.frames:
        image = frame[:, :, :3] if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)
        images.append(np.ascontiguousarray(image).astype(np.uint8, copy=False))
    return images, [duration / 1000 if duration > 0 else DEFAULT_FRAME_S for duration in animation.durations]
