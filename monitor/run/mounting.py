"""Detects how a camera is mounted: turns its pictures when faces are on their side or upside down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np

from monitor.capture.geometry import TURNS
from monitor.core.types import Frame, Image, Result

log = logging.getLogger("monitor")

LOOK_S, RARELY_S = 0.5, 5.0
"""Interval in seconds of searches in turned pictures, and the interval after ``EAGER_S`` without any face."""
EAGER_S = 10.0
AGREE = 3
"""Searches that must agree on a turn, and frames with an upright face after which the camera counts as upright."""
CLOCKWISE = {1: 270, 2: 180, 3: 90}
"""Maps counter-clockwise quarter turns that make a picture upright to the same turn clockwise in degrees."""


class Mounting:
    """The orientation of a live camera with ``source.rotate`` "auto".

    While no upright face is found, turned copies of pictures are also searched; when three searches agree, all pictures
    are turned from then on. Once upright faces are found, this search ends permanently. One thread owns it.

    Args:
        turned: Counts the faces in a picture for each counter-clockwise quarter turn of it (1 to 3).

    Attributes:
        degrees: Clockwise turn of all pictures.
        settled: Whether the orientation is known.
    """

    def __init__(self, turned: Callable[[Image], Mapping[int, int]]) -> None:
        self._turned = turned
        self._start: float | None = None
        self._looked = self._counted = -RARELY_S
        self._upright = 0
        self._votes = dict.fromkeys(CLOCKWISE, 0)
        self.degrees = 0
        self.settled = False

    def upright(self, frame: Frame) -> Frame:
        """The frame, turned if the camera is."""
        if not self.degrees:
            return frame
        turn = TURNS[self.degrees]
        colored = None if frame.decode is None else lambda: _turned(frame.color(), turn)
        return replace(frame, image=_turned(frame.image, turn), decode=colored)

    def learn(self, result: Result) -> None:
        """Takes the result of a frame; may search the frame again, turned."""
        t = result.frame.t
        if self.settled:
            return
        if self._start is None or t < self._start:
            self._start = self._looked = self._counted = t
        if result.faces:
            if t - self._counted >= LOOK_S:
                self._counted, self._upright = t, self._upright + 1
            self.settled = self._upright >= AGREE
            return
        eager = t - self._start <= EAGER_S or any(self._votes.values())
        if t - self._looked >= (LOOK_S if eager else RARELY_S):
            self._looked = t
            self._look(result.frame.image)

    def _look(self, image: Image) -> None:
        """Searches turned copies of a picture, and turns all further pictures when enough searches agree."""
        seen = self._turned(image)
        best = max(CLOCKWISE, key=lambda quarters: seen.get(quarters, 0))
        if not seen.get(best, 0):
            return
        self._votes[best] += 1
        if self._votes[best] >= AGREE + sum(self._votes.values()) - self._votes[best]:
            self.degrees, self.settled = CLOCKWISE[best], True
            log.warning(
                "faces are turned: pictures are turned clockwise by %d degrees from now on; source.rotate=%d says so "
                "from the start", self.degrees, self.degrees,
            )  # fmt: skip


def _turned(image: Image, turn: int) -> Image:
    turned = np.asarray(cv2.rotate(image, turn), np.uint8)
    turned.setflags(write=False)
    return turned
