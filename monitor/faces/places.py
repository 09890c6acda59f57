"""Places worth a look: what the proposal network names, a part of the frame and a look or two at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from monitor.core.types import Box, Detections, Image
from monitor.faces.detector import common_area, iou

PACE_HZ = 30.0
"""Tiles and looks a second: one of each in a frame of a usual camera, more in those of a slower one."""
TAKEN = 0.3
"""IoU with a followed face from which a place is that face."""
WITHIN = 0.7
"""Share of a place that lies within a followed face from which it is a part of that face: an open mouth can look like a
small face, but a face before or behind another one is never so far inside it."""
REFUSED_S, DOUBTED_S, UNCLEAR_S, SAME_PLACE = 1.0, 0.25, 10.0, 0.5
"""A place where the keypoint network saw no face, or one that the cascade did not confirm, or has not for long, is not
looked at again for so long: the same box (by IoU) of a resting background is proposed in every search."""

OFTEN, LATELY_S, STEADY = 3, 2.0, 0.97
"""A place doubted so often of late, with that presence on average, is a face all the same: cascades never confirm some
(small, in shade, tilted), and what is no face is not seen as one steadily."""

APART_S = 4.0
"""Pictures further apart than this belong to no one moment."""


class Proposer(Protocol):
    """The part of ``ProposalNet`` that a search needs.

    Attributes:
        parts: Parts of one search, which ``propose`` can do one by one.
    """

    parts: int

    def propose(self, image: Image, smallest: float, least: float, tiles: Iterable[int] = ...) -> Detections:
        """Places that may show a face, best first; ``tiles`` are the parts of the search to do."""


class Places:
    """Searches with a proposal network, spread over frames, and what is still to be looked at.

    Attributes:
        busy: Whether a search has begun and is not through.
        lately_s: Seconds for which a doubt counts; longer where looks are further apart.
    """

    def __init__(self, proposer: Proposer, least: float) -> None:
        """Takes places with a chance of at least ``least``."""
        self._proposer, self._least = proposer, least
        self.lately_s = LATELY_S
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether a search has begun and is not through."""
        return bool(self._tiles)

    def forget(self) -> None:
        """Gives up the search that has begun and what is to be looked at."""
        self._tiles: list[int] = []
        self._region: Box | None = None
        self._waiting: list[tuple[float, Box]] = []
        self._refused: list[tuple[float, Box]] = []
        self._doubts: list[tuple[float, Box, float]] = []

    def begin(self, region: Box | None) -> None:
        """Begins a search, and leaves what the last one named; only places in ``region`` count, where there is one."""
        self._tiles, self._region, self._waiting = list(range(self._proposer.parts)), region, []

    def search(self, image: Image, smallest: float, t: float, passed: float, hurry: bool) -> bool:
        """Searches the tiles that are due, all in a ``hurry``; whether there were any."""
        tiles = self._tiles if hurry else self._tiles[: _due(passed)]
        if not tiles:
            return False
        self._tiles = self._tiles[len(tiles) :]
        found = self._proposer.propose(image, smallest, self._least, tiles)
        self._refused = [(until, box) for until, box in self._refused if t < until]
        for box, score in zip(as_boxes(found), found.scores.tolist(), strict=True):
            if self._region is None or _centred(box, self._region):
                self._waiting.append((score, box))
        self._waiting.sort(key=lambda place: -place[0])
        return True

    def next(self, faces: list[Box], passed: float, hurry: bool) -> list[Box]:
        """The places to look at in this frame, the likeliest first; followed faces and refused places are none."""
        places = [
            (score, box) for score, box in self._waiting
            if not any(belongs(box, face) for face in faces) and not _any_is(self._refused, box)
        ]  # fmt: skip
        count = len(places) if hurry else _due(passed)
        self._waiting = places[count:]
        return [box for _, box in places[:count]]

    def refuse(self, box: Box, t: float) -> None:
        """Remembers that a place showed no face."""
        self._refused.append((t + REFUSED_S, box))

    def doubting(self, t: float) -> bool:
        """Whether a place is to be looked at again, though nothing moves there, until it is clear what it shows."""
        return any(0 <= t - since <= self.lately_s for since, _, _ in self._doubts)

    def doubt(self, box: Box, presence: float, t: float) -> bool:
        """Remembers that a place may show a face; whether it has often enough."""
        self._refused.append((t + DOUBTED_S, box))
        self._doubts = [doubt for doubt in self._doubts if 0 <= t - doubt[0] <= self.lately_s]
        self._doubts.append((t, box, presence))
        own = [doubt for doubt in self._doubts if iou(box, doubt[1]) > SAME_PLACE]
        if len(own) >= OFTEN and sum(seen for _, _, seen in own) / len(own) >= STEADY:
            return True
        if len(own) >= 2 * OFTEN:  # it stays unclear: enough is enough
            self._doubts = [doubt for doubt in self._doubts if doubt not in own]
            self._refused.append((t + UNCLEAR_S, box))
        return False


def as_boxes(found: Detections) -> list[Box]:
    """The boxes as tuples of floats."""
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in found.boxes]


def _due(passed: float) -> int:
    return max(1, round(passed * PACE_HZ)) if math.isfinite(passed) else 10**6


def belongs(box: Box, face: Box) -> bool:
    """Whether a place is a followed face, or a part of it."""
    own = (box[2] - box[0]) * (box[3] - box[1])
    return common_area(box, face) > WITHIN * own or iou(box, face) > TAKEN


def _any_is(places: list[tuple[float, Box]], box: Box) -> bool:
    return any(iou(box, other) > SAME_PLACE for _, other in places)


def _centred(box: Box, region: Box) -> bool:
    """Whether the box's centre lies in the region."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return region[0] <= x <= region[2] and region[1] <= y <= region[3]
