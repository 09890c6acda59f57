"""Chooses the driver's face among those in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.types import Face
from monitor.driver.place import NEAR, Strangers, Where, away, middle, size_of
from monitor.driver.timing import LONGEST_STEP_S

LARGER = 0.6
"""A face smaller than this share of the driver's normal size belongs to a person further back."""
USUAL_S = 30.0
"""Time constant of the driver's normal size, so that leaning forward for a moment does not change it."""
BACK, BACK_SIZE = 0.5, 0.8
"""A face within ``BACK`` face sizes of the driver's last place and of at least ``BACK_SIZE`` times the normal size is
the driver's, even if another face was chosen meanwhile."""
CLAIM_S = 5.0
"""Until the driver is calibrated, a face that is larger by this factor for this long takes the seat."""


TENTATIVE_S = 2.0
"""For this long after the seat was empty the driver is chosen again in every frame."""
STRANGER_S = 5.0
"""A face never seen beside the driver takes an empty seat after this time: the driver has changed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Place and size of a driver's face when last seen."""

    middle: tuple[float, float]
    size: float
    t: float

    def is_of(self, face: Face) -> bool:
        """Whether a face is at this place and as large as the driver's."""
        return away(face, self.middle) <= BACK * self.size and size_of(face) >= BACK_SIZE * self.size


class Seat:
    """Keeps one face as the driver's.

    At first the face nearest to the middle among those of similar size is the driver's; with two equally near ones, the
    one on the right of the picture (the driver of a left-hand-drive car before an unmirrored camera). Then the same
    face stays the driver's: a person who leans in or sits behind does not become the driver while the driver looks
    away, because a new face must be where the driver's was and about as large. After ``empty_s`` without the driver any
    face may take the seat, after ``STRANGER_S`` one never seen beside the driver. A passenger may get in first: until
    the driver is calibrated, a face that is larger by ``LARGER``, or nearer to the middle, for ``CLAIM_S`` takes the
    seat.

    Args:
        empty_s: Seconds without the driver after which any face may take the seat; 0 = never.
        side: ``driver.seat``: "auto", "left", "right" or a region; a face outside it is never the driver's.

    Attributes:
        taken: Whether another face has just taken the seat; the baseline is then invalid.
        seated_s: Seconds for which the driver was in view.
        share: Middle of the driver's face as shares of the picture's width and height, when last seen; None = unknown.
    """

    def __init__(self, empty_s: float, side: str = "auto") -> None:
        self._empty_s = empty_s or math.inf
        self._where = Where(side)
        self._id = 0
        self._last_t = -math.inf
        self.seated_s = 0.0
        self._place: tuple[float, float] | None = None
        self._size = self._usual = 0.0
        self._rival, self._since = 0, -math.inf
        self._before: _Place | None = None
        self._beside: frozenset[int] = frozenset()
        self._strangers = Strangers()
        self.taken = False
        self.share: tuple[float, float] | None = None

    def choose(
        self, faces: Sequence[Face], t: float, *, settled: bool = True, size: tuple[int, int] | None = None
    ) -> Face | None:
        """The driver's face among those in view, or None.

        Args:
            faces: Faces in view.
            t: Frame time in seconds.
            settled: Whether the driver is calibrated.
            size: Width and height of the picture; None = unknown, then places in it are ignored.
        """
        faces = [face for face in faces if self._where.allows(face, size)]
        chosen = next((f for f in faces if f.id == self._id), None)
        self.taken = False
        if chosen is None:
            chosen = self._newcomer(faces, t, size)
        elif not settled and self.seated_s < TENTATIVE_S and size is not None:
            best = self._where.best(faces, size)
            self.taken, chosen = best.id != chosen.id, best
        elif (returned := self._returned(chosen, faces, t)) is not None:
            chosen = returned
        elif not settled:
            claimant = self._claimant(faces, t, size)
            self.taken = claimant is not None
            chosen = claimant or chosen
        self._strangers.update(faces, chosen, t)
        if chosen is not None:
            self._sit(chosen, t)
            if size is not None:
                x, y = middle(chosen)
                self.share = (min(1.0, max(0.0, x / size[0])), min(1.0, max(0.0, y / size[1])))
            self._beside = frozenset(face.id for face in faces if face.id != chosen.id)
        return chosen

    def _newcomer(self, faces: list[Face], t: float, size: tuple[int, int] | None) -> Face | None:
        """The face that takes the seat while the driver's is not in view."""
        if self._place is None or t - self._last_t > self._empty_s or t < self._last_t:
            return self._where.best(faces, size) if faces else None
        fitting = [face for face in faces if self._fits(face)]
        if fitting:
            return min(fitting, key=self._away)
        stranger = next((face for face in faces if self._strangers.waited(face, t) >= STRANGER_S), None)
        self.taken = stranger is not None
        return stranger

    def _returned(self, chosen: Face, faces: Sequence[Face], t: float) -> Face | None:
        """The face that is back at the driver's place while a smaller face near it is chosen as the driver's."""
        before = self._before
        if before is None or not 0 <= t - before.t <= self._empty_s:
            return None
        back = [f for f in faces if f.id != chosen.id and size_of(f) > size_of(chosen) and before.is_of(f)]
        return max(back, key=size_of, default=None)

    def _sit(self, face: Face, t: float) -> None:
        size = size_of(face)
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
        self._id, self._last_t, self._place, self._size = face.id, t, middle(face), size

    def _claimant(self, faces: Sequence[Face], t: float, size: tuple[int, int] | None) -> Face | None:
        """The face that has been so much larger than the driver's, or nearer to the middle, for long enough."""
        largest = max(faces, key=size_of)
        if largest.id == self._id or size_of(largest) * LARGER < max(self._size, self._usual):
            own = next(face for face in faces if face.id == self._id)
            largest = self._where.nearer(faces, own, size) or own
        if largest.id == self._id:
            self._rival = 0
            return None
        if largest.id != self._rival or t < self._since:
            self._rival, self._since = largest.id, t
        return largest if t - self._since >= CLAIM_S else None

    def _away(self, face: Face) -> float:
        """Distance in pixels from the driver's last place."""
        assert self._place is not None
        return away(face, self._place)

    def _fits(self, face: Face) -> bool:
        return self._away(face) <= NEAR * self._size and size_of(face) >= LARGER * min(self._size, self._usual)
