"""Training scenes of the proposal network: parts of a shrunk frame with a face anywhere, and their targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.networks.keypoints import haar_box
from monitor.networks.proposals import SMALLEST, STRIDE, encode
from train.data.faceset import FaceSet
from train.engine.augment import Augment, Jitter
from train.tasks.keypoints.placement import BOX, SPEC, Placement
from train.tasks.keypoints.regions import CHECK_LIGHT, Regions, check_rows

SIDE = SPEC.side
"""Side in pixels of a training scene: that of the keypoint network's region, with smaller faces anywhere in it."""
CELLS = SIDE // STRIDE
LOW, HIGH = 0.9 * SMALLEST, 2.15 * SMALLEST
"""Sides of faces that the network must find: its octave and a small part of both neighbouring octaves."""
NEAR_LOW, NEAR_HIGH = 0.7 * SMALLEST, 2.8 * SMALLEST
"""Faces with a side between these limits and those above do not count."""
INNER, OUTER = 0.25, 0.55
"""Distances from a face's centre, in face sides, up to which a cell must propose it, and from which it must not."""
IN_BAND = 0.75
"""Share of the faces whose side is between ``LOW`` and ``HIGH``."""
CHECKED = 2400
"""Scenes with a face, and half as many without, on which each epoch is validated."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One training example.

    Attributes:
        image: (SIDE, SIDE) uint8.
        answer: (CELLS, CELLS) float32: 1 a face, 0 no face, -1 does not count.
        box: (CELLS, CELLS, 3) float32, the true output of cells with a face.
        face: Centre x, y and side in pixels; side 0 without a face that must be found.
        shows_face: Whether there is any face, even one too small, too large or too far from the middle.
    """

    image: NDArray[np.uint8]
    answer: NDArray[np.float32]
    box: NDArray[np.float32]
    face: tuple[float, float, float]
    shows_face: bool = True


class Scenes:
    """Makes scenes of one split of a face set."""

    def __init__(self, data: FaceSet, split: str, jitter: Jitter, light: Augment) -> None:
        self._regions = Regions(data, split, jitter, light)

    def epoch(self, rng: np.random.Generator) -> list[tuple[str, int]]:
        """See ``Regions.epoch``."""
        return self._regions.epoch(rng)

    def make(self, job: tuple[str, int], rng: np.random.Generator) -> Scene:
        """One disturbed scene."""
        if job[0] == "none":
            return self._without(rng)
        return self._face(job[1], rng)

    def _face(self, row: int, rng: np.random.Generator) -> Scene:
        """A face of any size anywhere."""
        kind = rng.random()
        if kind < IN_BAND:
            low, high = LOW, HIGH
        elif kind < (1 + IN_BAND) / 2:
            low, high = 4.0, LOW
        else:
            low, high = HIGH, 6 * HIGH
        side = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        turn = rng.uniform(-1, 1) * (40 if rng.random() < 0.4 else 12)
        shift = rng.uniform(-0.46, 0.46, 2) * SIDE / BOX
        region = self._regions.region(row, Placement(shift, side / BOX, float(turn), bool(rng.random() < 0.5)), rng)
        low_corner, high_corner = ((region.points[n] + 1) * SIDE / 2 for n in (-2, -1))
        x1, y1, x2, y2 = haar_box(low_corner.tolist(), high_corner.tolist())
        return _scene(region.image, (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1)

    def _without(self, rng: np.random.Generator) -> Scene:
        """A scene without a face in the middle; further out there may be part of one."""
        answer = np.zeros((CELLS, CELLS), np.float32)
        edge = int((SIDE - BOX) / 2 / STRIDE)
        inside = np.zeros_like(answer, bool)
        inside[edge:-edge, edge:-edge] = True
        answer[~inside] = -1
        image = self._regions.background(rng)
        return Scene(image, answer, np.zeros((CELLS, CELLS, 3), np.float32), (0.0, 0.0, 0.0), shows_face=False)


def _scene(image: NDArray[np.uint8], x: float, y: float, side: float) -> Scene:
    """The true answers for one face."""
    rows, columns = np.divmod(np.arange(CELLS * CELLS), CELLS)
    away = np.maximum(np.abs((columns + 0.5) * STRIDE - x), np.abs((rows + 0.5) * STRIDE - y)) / side
    answer = np.zeros(CELLS * CELLS, np.float32)
    seen = LOW <= side <= HIGH
    if NEAR_LOW <= side <= NEAR_HIGH:
        answer[away < OUTER] = -1
    if seen:
        answer[away <= INNER] = 1
    elif side > NEAR_HIGH:
        # No cell inside a large face may propose one; cells far from its centre do not count.
        answer[away > 1.5] = -1
    box = encode(x, y, side, rows, columns).reshape(CELLS, CELLS, 3)
    inside = 0 <= x < SIDE and 0 <= y < SIDE
    return Scene(image, answer.reshape(CELLS, CELLS), box, (x, y, side if seen and inside else 0.0))


def check_scenes(data: FaceSet, split: str, count: int) -> list[Scene]:
    """Fixed scenes of a split: ``count`` with a face and half as many without."""
    rng = np.random.default_rng(21)
    scenes = Scenes(data, split, Jitter(hide=0.0, frame=0.05), CHECK_LIGHT)
    faces = [scenes.make(("face", int(r)), rng) for r in check_rows(data, split, count, rng)]
    return faces + [scenes.make(("none", 0), rng) for _ in range(count // 2)]
