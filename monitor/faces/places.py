"""Stores the boxes of the proposal network that may show new faces, and schedules their examination."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from monitor.core.boxes import centre, common_area, iou
from monitor.core.types import Box, Detections, Image
from monitor.faces.scene import Scene

PACE_HZ = 30.0
"""Parts searched and boxes examined per second: one of each per frame of an ordinary camera, more with slower
sources."""
TAKEN = 0.3
"""A box with at least this IoU with a followed face shows that face."""
WITHIN = 0.7
"""A box with at least this share of its area inside a followed face is a part of that face: an open mouth may look like
a small face, but a face in front of or behind another one never overlaps it that much."""
REFUSED_S, DOUBTED_S, UNCLEAR_S = 1.0, 0.25, 10.0
"""Seconds for which a box is not examined again: if the keypoint network found no face there, if the cascade did not
confirm it, and if it remained doubtful. Without this, every search would examine the same boxes of a still
background."""
SAME_PLACE = 0.5
"""Two boxes with at least this IoU are the same place."""
OFTEN, LATELY_S, STEADY = 3, 2.0, 0.97
"""A doubtful place becomes a face after this many doubtful looks within this many seconds with at least this mean
presence: cascades never confirm some faces (small, shaded, tilted), and only a face has such a presence repeatedly."""
APART_S = 4.0
"""Frames further apart than this are unrelated."""


class Proposer(Protocol):
    """The part of ``ProposalNet`` that a search uses.

    Attributes:
        parts: Parts of one search, which ``propose`` can do one by one.
    """

    parts: int

    def propose(
        self, image: Image, smallest: float, least: float, tiles: Iterable[int] = ..., most: int = ...
    ) -> Detections:
        """Boxes that may show a face, most likely first: at most ``most`` in each of the parts ``tiles``."""


class Places:
    """Searches with a proposal network, spread over frames, and the boxes that wait for examination.

    Attributes:
        lately_s: Seconds for which a doubtful look counts; longer when looks are further apart.
    """

    def __init__(self, proposer: Proposer, least: float, most: int) -> None:
        """Considers only boxes with a face probability of at least ``least``, 0..1, and ``most`` of each part."""
        self._proposer, self._least, self._most = proposer, least, most
        self.lately_s = LATELY_S
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether a search has begun and is not finished."""
        return bool(self._parts)

    def forget(self) -> None:
        """Abandons the unfinished search and all boxes that wait for examination."""
        self._parts: list[int] = []
        self._region: Box = (-math.inf, -math.inf, math.inf, math.inf)
        self._waiting: list[tuple[float, Box]] = []
        self._refused: list[tuple[float, Box]] = []
        self._doubts: list[tuple[float, Box, float]] = []

    def begin(self, region: Box) -> None:
        """Begins a search and drops the boxes of the last one; only boxes centred in ``region`` count."""
        self._parts, self._region, self._waiting = list(range(self._proposer.parts)), region, []

    def search(self, scene: Scene, smallest: float, *, hurry: bool) -> bool:
        """Searches the parts that are due in this frame, or all of them.

        Args:
            scene: The frame.
            smallest: Side of the smallest face in frame pixels.
            hurry: Whether to search all parts at once.

        Returns:
            Whether any part was searched.
        """
        parts = self._parts if hurry else self._parts[: _count_due(scene.passed)]
        if not parts:
            return False
        self._parts = self._parts[len(parts) :]
        found = self._proposer.propose(scene.image, smallest, self._least, parts, self._most)
        self._refused = [(until, box) for until, box in self._refused if scene.t < until]
        for box, score in zip(as_boxes(found), found.scores.tolist(), strict=True):
            if _is_centred(box, self._region):
                self._waiting.append((score, box))
        self._waiting.sort(key=lambda place: -place[0])
        return True

    def next(self, scene: Scene, *, hurry: bool) -> list[Box]:
        """The boxes to examine in this frame, most likely first; all waiting boxes with ``hurry``.

        Boxes of followed faces and refused places are left out.
        """
        places = [
            (score, box) for score, box in self._waiting
            if not any(belongs(box, face) for face in scene.faces) and not _contains(self._refused, box)
        ]  # fmt: skip
        count = len(places) if hurry else _count_due(scene.passed)
        self._waiting = places[count:]
        return [box for _, box in places[:count]]

    def refuse(self, box: Box, t: float) -> None:
        """Records that a place showed no face."""
        self._refused.append((t + REFUSED_S, box))

    def doubting(self, t: float) -> bool:
        """Whether a doubtful place needs another look even if nothing moves there."""
        return any(0 <= t - since <= self.lately_s for since, _, _ in self._doubts)

    def doubt(self, box: Box, presence: float, t: float) -> bool:
        """Records a doubtful look at a place; returns whether its looks now suffice to accept a face."""
        self._refused.append((t + DOUBTED_S, box))
        self._doubts = [doubt for doubt in self._doubts if 0 <= t - doubt[0] <= self.lately_s]
        self._doubts.append((t, box, presence))
        own = [doubt for doubt in self._doubts if iou(box, doubt[1]) > SAME_PLACE]
        if len(own) >= OFTEN and sum(seen for _, _, seen in own) / len(own) >= STEADY:
            return True
        if len(own) >= 2 * OFTEN:  # still doubtful after many looks: pause
            self._doubts = [doubt for doubt in self._doubts if doubt not in own]
            self._refused.append((t + UNCLEAR_S, box))
        return False


def as_boxes(found: Detections) -> list[Box]:
    """The boxes as tuples of floats."""
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in found.boxes.tolist()]


def belongs(box: Box, face: Box) -> bool:
    """Whether a box shows a followed face or a part of it."""
    own = (box[2] - box[0]) * (box[3] - box[1])
    return common_area(box, face) > WITHIN * own or iou(box, face) > TAKEN


def _count_due(passed: float) -> int:
    return max(1, round(passed * PACE_HZ)) if math.isfinite(passed) else 10**6


def _contains(places: list[tuple[float, Box]], box: Box) -> bool:
    return any(iou(box, other) > SAME_PLACE for _, other in places)


def _is_centred(box: Box, region: Box) -> bool:
    x, y = centre(box)
    return region[0] <= x <= region[2] and region[1] <= y <= region[3]
