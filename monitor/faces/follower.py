"""Following known faces with the keypoint network, and asking it whether a newcomer is a face at all."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.detector import iou
from monitor.settings.config import FollowConfig

SETTLED = 0.12
"""A look whose box moved by more than this share of its size is followed by a second look from there:
the network is most exact when the face is where it was expected."""


class Reader(Protocol):
    """The part of ``KeypointNet`` that following needs."""

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """Looks at the region around a box; None when it does not touch the frame."""


class Follower:
    """Looks at regions of one frame after another; keeps no state between them."""

    def __init__(self, net: Reader, config: FollowConfig) -> None:
        self._net = net
        self._config = config

    def follow(self, image: Image, box: Box) -> Keypoints | None:
        """The face near ``box``, or None when there is none any more.

        Args:
            image: (H, W, 3) BGR full frame.
            box: Where a face was or is expected.
        """
        keypoints = self._net.read(image, box)
        if keypoints is None or keypoints.presence < self._config.keep:
            return None
        if moved(box, keypoints.box) > SETTLED:
            keypoints = self._net.read(image, keypoints.box)
            if keypoints is None or keypoints.presence < self._config.keep:
                return None
        return keypoints if _plausible(keypoints.box, image) else None

    def accept(self, image: Image, box: Box) -> Keypoints | None:
        """The face that a detector's box shows, or None when it shows none.

        Looks twice: the second look starts from the first one's box, and both the agreement of the two
        and the presence in the second must hold. False boxes drift away or are let go.
        """
        keypoints = self._net.read(image, box)
        if keypoints is None or keypoints.presence < self._config.keep:
            return None
        again = self._net.read(image, keypoints.box)
        if again is None or again.presence < self._config.start or not _plausible(again.box, image):
            return None
        near = np.array(again.box)
        return again if iou(near, np.array(keypoints.box)) > 0.5 and iou(near, np.array(box)) > 0.2 else None


def moved(before: Box, after: Box) -> float:
    """Largest shift of an edge, in sides of the first box."""
    size = max(before[2] - before[0], before[3] - before[1], 1.0)
    return max(abs(a - b) for a, b in zip(before, after, strict=True)) / size


def _plausible(box: Box, image: Image) -> bool:
    """Whether a box is finite, larger than a few pixels, no larger than the frame and centred inside it."""
    height, width = image.shape[:2]
    if not np.isfinite(box).all():
        return False
    cx, cy, side = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0]
    return bool(0 <= cx < width and 0 <= cy < height and 8 <= side <= 1.6 * max(height, width))
