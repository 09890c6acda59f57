"""Following known faces with the keypoint network, and asking it whether a box shows a face at all."""

from __future__ import annotations

import math
from typing import Protocol

from monitor.core.boxes import iou, is_in_frame, longer_side
from monitor.core.types import Box, Image, Keypoints
from monitor.settings.config import FollowConfig

SETTLED = 0.12
"""A look whose box moved by more than this share of its size is followed by a second look from there: the network is
most exact when the face is where it was expected."""
LEAST_SIDE, MOST_SIDE = 8.0, 1.6
"""A face is at least so many pixels wide, and at most so many times the frame's longer side."""


class Reader(Protocol):
    """The part of ``KeypointNet`` that following needs."""

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """Looks at the region around a box; None when it does not touch the frame."""


class Follower:
    """Looks at regions of one frame after another; keeps no state between them.

    Attributes:
        every_s: Each known face is looked at this often; 0 = in every frame.
        within_s: Longest interval between two looks, however slow the machine is.
    """

    def __init__(self, net: Reader, config: FollowConfig, within_s: float = math.inf) -> None:
        """Prepares following.

        Args:
            net: The keypoint network.
            config: Settings.
            within_s: Longest interval between two looks: well below ``track.lost_s``, after which a face that was not
                seen is no longer shown.
        """
        self._net, self._config = net, config
        self.every_s, self.within_s = config.every_ms / 1000, within_s

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
        return keypoints if _is_plausible(keypoints.box, image) else None

    def accept(self, image: Image, box: Box) -> Keypoints | None:
        """The face in a detected box, or None when it shows none.

        Looks twice, the second time from the box of the first look: the presence of the second look and the agreement
        of both boxes decide. From a false detection the second look usually drifts away.
        """
        keypoints = self._net.read(image, box)
        if keypoints is None or keypoints.presence < self._config.keep:
            return None
        again = self._net.read(image, keypoints.box)
        if again is None or again.presence < self._config.start or not _is_plausible(again.box, image):
            return None
        return again if iou(again.box, keypoints.box) > 0.5 and iou(again.box, box) > 0.2 else None


def moved(before: Box, after: Box) -> float:
    """Largest shift of an edge, in sides of the first box."""
    return max(abs(a - b) for a, b in zip(before, after, strict=True)) / longer_side(before)


def _is_plausible(box: Box, image: Image) -> bool:
    """Whether a box is finite, of a plausible size and centred inside the frame."""
    height, width = image.shape[:2]
    side = box[2] - box[0]
    return is_in_frame(box, width, height) and LEAST_SIDE <= side <= MOST_SIDE * max(height, width)
