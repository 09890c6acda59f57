"""Places of faces in the picture: the driver's region, and the faces seen beside the driver's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.core.types import Face
from monitor.settings.crossfield import near, region

NEAR = 1.5
"""Largest distance, in face sizes, from the driver's last place at which a face is the driver's again."""
ALIKE = 0.7
"""Faces of at least this share of the largest one's size count as equally large; then their places decide."""
CENTRAL = 0.15
"""A face nearer to the middle than the driver's by this share of the picture's width becomes the driver's, because the
camera is aimed at the driver."""


class Where:
    """The driver's place in the picture.

    Args:
        side: The text of ``driver.seat``. The driver's usual place is the middle of the picture, or that of near:x,y.
    """

    def __init__(self, side: str) -> None:
        self._side = side
        known = near(side)
        self._known = known is not None
        self._middle = 0.5 if known is None else known[0]
        self._region = {"left": (0.0, 0.0, 0.5, 1.0), "right": (0.5, 0.0, 0.5, 1.0)}.get(side, region(side))

    def allows(self, face: Face, size: tuple[int, int] | None) -> bool:
        """Whether a face's middle lies in the region; always true if no region or size is known."""
        if self._region is None or size is None:
            return True
        (x, y), (left, top, width, height) = middle(face), self._region
        x, y = x / size[0], y / size[1]
        return left <= x <= left + width and top <= y <= top + height

    def best(self, faces: Sequence[Face], size: tuple[int, int] | None) -> Face:
        """The face that is the driver's by size and place."""
        largest = max(faces, key=size_of)
        if size is None:
            return largest
        alike = [face for face in faces if size_of(face) >= ALIKE * size_of(largest)]
        if self._known:
            return min(alike, key=lambda face: self._off(face, size))
        nearest = min(self._off(face, size) for face in alike)
        central = [face for face in alike if self._off(face, size) <= nearest + CENTRAL]
        return max(central, key=lambda face: middle(face)[0])

    def nearer(self, faces: Sequence[Face], own: Face, size: tuple[int, int] | None) -> Face | None:
        """A face as large as the driver's and clearly nearer to the middle, or None."""
        if size is None:
            return None
        found = [
            face
            for face in faces
            if size_of(face) >= ALIKE * size_of(own) and self._off(face, size) < self._off(own, size) - CENTRAL
        ]
        return min(found, key=lambda face: self._off(face, size), default=None)

    def _off(self, face: Face, size: tuple[int, int]) -> float:
        """Distance of a face's middle from the driver's usual place, as a share of the picture's width."""
        return abs(middle(face)[0] / size[0] - self._middle)


class Strangers:
    """Faces in view without the driver, and since when; also the faces seen beside the driver."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[float, float], float]] = {}
        self._since: dict[int, float] = {}

    def update(self, faces: Sequence[Face], chosen: Face | None, t: float) -> None:
        """Takes a frame's faces and the driver's among them."""
        if chosen is not None:
            self._since.clear()
            self._known |= {face.id: (middle(face), size_of(face)) for face in faces if face.id != chosen.id}
            self._known.pop(chosen.id, None)
            return
        self._since = {face.id: self._since.get(face.id, t) for face in faces if not self._is_known(face)}

    def waited(self, face: Face, t: float) -> float:
        """Seconds for which a face that was never seen beside the driver has been in view."""
        return t - self._since.get(face.id, t)

    def _is_known(self, face: Face) -> bool:
        near = (away(face, place) <= NEAR * size for place, size in self._known.values())
        return face.id in self._known or any(near)


def middle(face: Face) -> tuple[float, float]:
    """Middle of a face in pixels."""
    x1, y1, x2, y2 = face.box
    return (x1 + x2) / 2, (y1 + y2) / 2


def away(face: Face, place: tuple[float, float]) -> float:
    """Pixels between a face's middle and a place."""
    return math.dist(middle(face), place)


def size_of(face: Face) -> float:
    """Width of a face in pixels, at least 1."""
    return max(1.0, face.box[2] - face.box[0])
