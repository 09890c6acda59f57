"""Photographs in the window, one at a time; keys turn the pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Event, Face, Image, Keypoints, Result
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Detail
from monitor.settings.config import DisplayConfig

log = logging.getLogger("monitor")

MOST_BYTES = 64_000_000
"""Most bytes of pictures, kept as JPEG at the window's size; beyond this the oldest ones are dropped."""
QUALITY = 95


@dataclass(frozen=True, slots=True)
class _Page:
    """One photograph: its result without pixels, the picture as JPEG, its number in the source, from 1."""

    result: Result
    packed: NDArray[np.uint8]
    number: int


class Album:
    """A sink that keeps photographs with their readings, at the window's size.

    The run reads and logs all photographs at its own speed, while the user turns the pages.

    Args:
        config: Size of the window, and how pictures are drawn.
        total: Photographs in the source, 0 when unknown.
    """

    def __init__(self, config: DisplayConfig, total: int) -> None:
        self._config, self._total = config, total
        self._annotator = Annotator(config)
        self._pages: list[_Page] = []
        self._bytes, self._count = 0, 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pages)

    def handle(self, result: Result) -> None:
        """Stores one photograph."""
        small = fitted(result, self._config.max_width, self._config.max_height)
        ok, packed = cv2.imencode(".jpg", small.frame.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not ok:
            return
        bare = replace(small, frame=replace(small.frame, image=np.empty((0, 0, 3), np.uint8)))
        with self._lock:
            self._count += 1
            self._pages.append(_Page(bare, packed.astype(np.uint8, copy=False), self._count))
            self._bytes += packed.nbytes
            while self._bytes > MOST_BYTES and len(self._pages) > 1:
                self._bytes -= self._pages.pop(0).packed.nbytes

    def picture(self, index: int, detail: Detail) -> tuple[Image, str]:
        """A photograph with its readings, and its caption.

        Args:
            index: From 0, less than ``len``.
            detail: See ``Annotator.annotate``.
        """
        with self._lock:
            page = self._pages[index]
        image = cv2.imdecode(page.packed, cv2.IMREAD_COLOR)
        assert image is not None  # it was packed here
        result = replace(page.result, frame=replace(page.result.frame, image=image.astype(np.uint8, copy=False)))
        name = result.frame.file or result.frame.source
        total = max(self._total, self._count)
        return self._annotator.annotate(result, detail), f"{page.number} / {total}   {name}" if total > 1 else name

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: only results are stored."""

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Does nothing: the pictures can be viewed after the run."""


def fitted(result: Result, width: int, height: int) -> Result:
    """The result with its picture, boxes and keypoints shrunk to fit."""
    image = result.frame.color()
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    if scale == 1.0:
        return result
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    faces = tuple(_scaled(face, scale) for face in result.faces)
    return replace(result, frame=replace(result.frame, image=small, decode=None), faces=faces)


def _scaled(face: Face, scale: float) -> Face:
    keypoints: Keypoints | None = face.keypoints
    if keypoints is not None:
        keypoints = replace(keypoints, points=keypoints.points * np.float32(scale))
    box: Box = (face.box[0] * scale, face.box[1] * scale, face.box[2] * scale, face.box[3] * scale)
    return replace(face, box=box, keypoints=keypoints)
