"""Which of the faces in view is the driver's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.types import Face

NEAR = 1.5
"""In face sizes: a face this close to where the driver's was is the driver's again."""
LARGER = 0.6
"""A face smaller than this share of the driver's usual size sits further back."""


class Seat:
    """Keeps one face as the driver's: the largest at first, then the same one.

    Somebody who leans in or sits behind does not become the driver while the driver looks away: a new face must
    be where the driver's was and about as large. Only after ``empty_s`` without the driver may anybody take it.
    """

    def __init__(self, empty_s: float) -> None:
        self._empty_s = empty_s
        self._id = 0
        self._last_t = -math.inf
        self._place: tuple[float, float, float] | None = None

    def choose(self, faces: Sequence[Face], t: float) -> Face | None:
        """The driver's face among those in view, or None."""
        chosen = next((f for f in faces if f.id == self._id), None)
        if chosen is None:
            empty = self._place is None or t - self._last_t > self._empty_s or t < self._last_t
            fitting = [f for f in faces if empty or self._fits(f)]
            chosen = max(fitting, key=lambda f: _place(f)[2], default=None)
        if chosen is not None:
            self._id, self._last_t, self._place = chosen.id, t, _place(chosen)
        return chosen

    def _fits(self, face: Face) -> bool:
        assert self._place is not None
        x, y, size = _place(face)
        away = math.hypot(x - self._place[0], y - self._place[1])
        return away <= NEAR * self._place[2] and size >= LARGER * self._place[2]


def _place(face: Face) -> tuple[float, float, float]:
    x1, y1, x2, y2 = face.box
    return (x1 + x2) / 2, (y1 + y2) / 2, max(1.0, x2 - x1)
