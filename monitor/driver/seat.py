"""Which of the faces in view is the driver's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.types import Face
from monitor.driver.timing import LONGEST_STEP_S

NEAR = 1.5
"""In face sizes: a face this close to where the driver's was is the driver's again."""
LARGER = 0.6
"""A face smaller than this share of the driver's usual size sits further back."""
USUAL_S = 30.0
"""Time constant of the driver's usual size: leaning forward for a moment does not change it."""
BACK, BACK_SIZE = 0.5, 0.8
"""A face within ``BACK`` face sizes of the driver's last place and of at least ``BACK_SIZE`` times the usual size is
the driver's, whichever face was taken for the driver's meanwhile."""
CLAIM_S = 5.0
"""Until the driver is calibrated, a face that was so much larger for this long takes the seat."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a driver's face was and how large, when last seen there."""

    middle: tuple[float, float]
    size: float
    t: float

    def is_of(self, face: Face) -> bool:
        """Whether a face is at this place and as large."""
        return _away(face, self.middle) <= BACK * self.size and _size(face) >= BACK_SIZE * self.size


class Seat:
    """Keeps one face as the driver's: the largest at first, then the same one.

    A person who leans in or sits behind does not become the driver while the driver looks away: a new face must be
    where the driver's was and about as large. After ``empty_s`` without the driver any face may take the seat. A
    passenger may get in first and sit further back: until the driver is calibrated, a face that is larger by
    ``LARGER`` for ``CLAIM_S`` takes the seat.

    Args:
        empty_s: Seconds without the driver after which any face may take the seat; 0 = never.

    Attributes:
        taken: Whether the seat has just passed from one face in view to another, before the driver was calibrated.
        seated_s: Seconds for which the driver was in view.
    """

    def __init__(self, empty_s: float) -> None:
        self._empty_s = empty_s or math.inf
        self._id = 0
        self._last_t = -math.inf
        self.seated_s = 0.0
        self._place: tuple[float, float] | None = None
        self._size = self._usual = 0.0
        self._rival, self._since = 0, -math.inf
        self._before: _Place | None = None
        self._beside: frozenset[int] = frozenset()
        self.taken = False

    def choose(self, faces: Sequence[Face], t: float, *, settled: bool = True) -> Face | None:
        """The driver's face among those in view, or None.

        Args:
            faces: Faces in view.
            t: Frame time in seconds.
            settled: Whether the driver is calibrated.
        """
        chosen = next((f for f in faces if f.id == self._id), None)
        self.taken = False
        if chosen is None:
            empty = self._place is None or t - self._last_t > self._empty_s or t < self._last_t
            fitting = [f for f in faces if empty or self._fits(f)]
            chosen = max(fitting, key=_size, default=None) if empty else min(fitting, key=self._away, default=None)
        elif (returned := self._returned(chosen, faces, t)) is not None:
            chosen = returned
        elif not settled:
            claimant = self._claimant(faces, t)
            self.taken = claimant is not None
            chosen = claimant or chosen
        if chosen is not None:
            self._sit(chosen, t)
            self._beside = frozenset(face.id for face in faces if face.id != chosen.id)
        return chosen

    def _returned(self, chosen: Face, faces: Sequence[Face], t: float) -> Face | None:
        """The face that is back at the driver's place while a smaller face near it is taken for the driver's."""
        before = self._before
        if before is None or not 0 <= t - before.t <= self._empty_s:
            return None
        back = [f for f in faces if f.id != chosen.id and _size(f) > _size(chosen) and before.is_of(f)]
        return max(back, key=_size, default=None)

    def _sit(self, face: Face, t: float) -> None:
        size = _size(face)
        if face.id != self._id and self._place is not None:
            left = _Place(self._place, self._usual, self._last_t)
            if self._before is not None and t - self._before.t > self._empty_s:
                self._before = None
            # A face that was seen beside the driver's is another person; a new id is the driver found again.
            if self.taken or face.id not in self._beside or left.is_of(face):
                self._before = None
            else:
                self._before = self._before or left
        if self.taken or self._place is None or not 0 <= t - self._last_t <= self._empty_s:
            self._usual, self.seated_s = size, 0.0
        else:
            self.seated_s += min(t - self._last_t, LONGEST_STEP_S)
            self._usual += (1 - math.exp((self._last_t - t) / USUAL_S)) * (size - self._usual)
        self._id, self._last_t, self._place, self._size = face.id, t, _middle(face), size

    def _claimant(self, faces: Sequence[Face], t: float) -> Face | None:
        """The largest face, if it has been so much larger than the driver's for long enough."""
        largest = max(faces, key=_size)
        if largest.id == self._id or _size(largest) * LARGER < max(self._size, self._usual):
            self._rival = 0
            return None
        if largest.id != self._rival or t < self._since:
            self._rival, self._since = largest.id, t
        return largest if t - self._since >= CLAIM_S else None

    def _away(self, face: Face) -> float:
        """Pixels from where the driver's face was."""
        assert self._place is not None
        return _away(face, self._place)

    def _fits(self, face: Face) -> bool:
        return self._away(face) <= NEAR * self._size and _size(face) >= LARGER * min(self._size, self._usual)


def _middle(face: Face) -> tuple[float, float]:
    x1, y1, x2, y2 = face.box
    return (x1 + x2) / 2, (y1 + y2) / 2


def _away(face: Face, place: tuple[float, float]) -> float:
    """Pixels between a face's middle and a place."""
    return math.dist(_middle(face), place)


def _size(face: Face) -> float:
    return max(1.0, face.box[2] - face.box[0])
