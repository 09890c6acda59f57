"""Finds faces on their side and upside down: searches the picture turned by 90, 180 and 270 degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.admission import CERTAIN
from monitor.faces.follower import Follower
from monitor.faces.framesearch import FrameSearch
from monitor.faces.pace import Pace
from monitor.faces.places import STEADY, Proposer, as_boxes, belongs
from monitor.settings.config import DetectConfig

QUARTERS = (1, 2, 3)
"""Counter-clockwise quarter turns of the picture."""
UPRIGHT_DEG = 50.0
"""A face with more roll in a turned picture belongs to another turn."""


class TurnedSearch:
    """Searches turned copies of a picture.

    A face counts with a presence of at least ``CERTAIN``, or when looks from other crops agree. In a film it is not
    followed; every search finds it again.
    """

    def __init__(self, proposer: Proposer, follower: Follower, frames: FrameSearch, config: DetectConfig) -> None:
        self._proposer, self._follower, self._frames, self._config = proposer, follower, frames, config
        self.forget()

    def forget(self) -> None:
        """Makes a search due."""
        self._last = -math.inf

    def search(self, image: Image, known: Sequence[Box], t: float, pace: Pace) -> list[Keypoints]:
        """The turned faces of a frame of a source, if a search is due at ``t`` seconds; see ``find``."""
        if not pace.is_due(self._last, self._config.every_ms / 1000, t):
            return []
        self._last = t
        return self.find(image, known)

    def find(self, image: Image, known: Sequence[Box], quarters: Sequence[int] = QUARTERS) -> list[Keypoints]:
        """All faces that are not upright.

        Args:
            image: (H, W, 3) BGR picture.
            known: Boxes of the faces found upright.
            quarters: Counter-clockwise turns of the picture to search.

        Returns:
            Their keypoints in the picture's own pixels; the roll includes the turn.
        """
        found: list[Keypoints] = []
        smallest = self._frames.smallest(image)
        for turns in quarters:
            turned = np.ascontiguousarray(np.rot90(image, turns))
            proposed = self._proposer.propose(turned, smallest, self._config.propose, most=self._config.most)
            for box in as_boxes(proposed):
                taken = [*known, *(keypoints.box for keypoints in found)]
                if any(belongs(back_box(box, turns, image), place) for place in taken):
                    continue
                keypoints = self._face(turned, box)
                if keypoints is not None:
                    own = turned_back(keypoints, turns, image)
                    if not any(belongs(own.box, place) for place in taken):
                        found.append(own)
        return found

    def _face(self, turned: Image, box: Box) -> Keypoints | None:
        """The face in a box of a turned picture, or None."""
        keypoints = self._follower.accept(turned, box)
        if keypoints is None or abs(float(keypoints.pose[2])) > UPRIGHT_DEG:
            return None
        if keypoints.presence >= CERTAIN:
            return keypoints
        looks = [keypoints.presence, *self._follower.presences(turned, keypoints.box)]
        return keypoints if sum(looks) / len(looks) >= STEADY else None


def turned_back(keypoints: Keypoints, quarters: int, image: Image) -> Keypoints:
    """Converts the keypoints of a turned picture to the picture itself.

    Args:
        keypoints: In the pixels of ``np.rot90(image, quarters)``.
        quarters: Counter-clockwise turns.
        image: (H, W, ...) the picture itself.
    """
    height, width = image.shape[:2]
    points = keypoints.points
    x, y = points[:, 0], points[:, 1]
    back = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarters]
    roll = {1: 90.0, 2: 180.0, 3: -90.0}[quarters]
    return replace(
        keypoints,
        points=np.stack(back, axis=1).astype(np.float32),
        box=back_box(keypoints.box, quarters, image),
        pose=keypoints.pose + np.array((0.0, 0.0, roll), np.float32),
    )


def back_box(box: Box, quarters: int, image: Image) -> Box:
    """A box of ``np.rot90(image, quarters)`` in the picture's own pixels."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    return {
        1: (width - y2, x1, width - y1, x2),
        2: (width - x2, height - y2, width - x1, height - y1),
        3: (y1, height - x2, y2, height - x1),
    }[quarters]
