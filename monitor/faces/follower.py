"""Follows known faces with the keypoint network, and checks with it whether a box shows a face."""

from __future__ import annotations

import math
from typing import Protocol

from monitor.core.boxes import centre, iou, is_in_frame, longer_side
from monitor.core.types import Box, Image, Keypoints
from monitor.settings.config import FollowConfig

SETTLED = 0.12
"""If a look moves the box by more than this share of its size, a second look starts from the new box, because the
network is most accurate when the face is at the expected place."""
LEAST_SIDE, MOST_SIDE = 8.0, 1.6
"""Smallest width of a face in pixels, and its largest width as a multiple of the frame's longer side."""


OTHER_CROPS = (
    (-0.08, 0.0, 1.0),
    (0.08, 0.0, 1.0),
    (0.0, -0.08, 1.0),
    (0.0, 0.08, 1.0),
    (0.0, 0.0, 0.88),
    (0.0, 0.0, 1.14),
)
"""Shifts of a box in box sides, and factors on its side, for the looks that decide on a doubtful box."""


class Reader(Protocol):
    """The part of ``KeypointNet`` that the follower uses."""

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """Reads the region around a box; None when it does not touch the frame."""


class Follower:
    """Examines regions of frames with the keypoint network (a look); holds no state between looks.

    Attributes:
        every_s: Interval in seconds between two looks at a known face; 0 = every frame.
        within_s: Longest interval between two looks in seconds, however slow the machine is.
    """

    def __init__(self, net: Reader, config: FollowConfig, within_s: float = math.inf) -> None:
        """Prepares following.

        Args:
            net: The keypoint network.
            config: Settings.
            within_s: Longest interval between two looks in seconds; well below ``track.lost_s``, after which an unseen
                face is no longer shown.
        """
        self._net, self._config = net, config
        self.every_s, self.within_s = config.every_ms / 1000, within_s

    def follow(self, image: Image, box: Box) -> Keypoints | None:
        """The face near ``box``, or None when no face is there any more.

        Args:
            image: (H, W, 3) BGR full frame.
            box: The place where a face was found or is expected, in full-frame pixels.
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
        """The face in a detected box, or None when the box shows no face.

        The second of two looks starts from the box of the first. The box shows a face when the second look finds one
        and both boxes agree; on a false detection the second box usually drifts away.
        """
        keypoints = self._net.read(image, box)
        if keypoints is None or keypoints.presence < self._config.keep:
            return None
        again = self._net.read(image, keypoints.box)
        if again is None or again.presence < self._config.start or not _is_plausible(again.box, image):
            return None
        return again if iou(again.box, keypoints.box) > 0.5 and iou(again.box, box) > 0.2 else None

    def presences(self, image: Image, box: Box) -> list[float]:
        """Presence 0..1 of the face in a box, from the crops ``OTHER_CROPS``; 0 where a look leads to another box."""
        (cx, cy), side = centre(box), box[2] - box[0]
        seen = []
        for dx, dy, factor in OTHER_CROPS:
            x, y, half = cx + dx * side, cy + dy * side, side * factor / 2
            keypoints = self._net.read(image, (x - half, y - half, x + half, y + half))
            agrees = keypoints is not None and iou(keypoints.box, box) > 0.5
            seen.append(keypoints.presence if keypoints is not None and agrees else 0.0)
        return seen


def moved(before: Box, after: Box) -> float:
    """Largest shift of an edge between two boxes, as a multiple of the first box's side."""
    return max(abs(a - b) for a, b in zip(before, after, strict=True)) / longer_side(before)


def _is_plausible(box: Box, image: Image) -> bool:
    """Whether a box is finite, of a plausible size and centred inside the frame."""
    height, width = image.shape[:2]
    side = box[2] - box[0]
    return is_in_frame(box, width, height) and LEAST_SIDE <= side <= MOST_SIDE * max(height, width)
