"""Decides whether a box found by a search shows a face that is not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.follower import Follower
from monitor.faces.framesearch import FrameSearch
from monitor.faces.places import STEADY, Places, belongs

CERTAIN, LIKELY = 0.998, 0.97
"""Lowest presence at which a proposed box is accepted as a face: the first value without further evidence, the second
when a cascade, whose errors differ, also detects a face there. Of 6,518 held-out windows without a face (two fifths of
them chosen because cascades or proposals fail there) none reaches the first value and 4 reach the second; of 764 faces
99.7 % reach the first and all reach the second (docs/results/following.md)."""


def steady(follower: Follower, image: Image, keypoints: Keypoints) -> bool:
    """Whether looks from other crops agree that there is a face; covered faces often are not certain in one look."""
    looks = [keypoints.presence, *follower.presences(image, keypoints.box)]
    return sum(looks) / len(looks) >= STEADY


class Admission:
    """Examines found boxes with the keypoint network; used by one thread only."""

    def __init__(self, follower: Follower, frames: FrameSearch, places: Places | None, *, again: bool = False) -> None:
        """Prepares the examination.

        Args:
            follower: The keypoint network.
            frames: Runs the detector, which confirms doubtful faces.
            places: Memory of examined boxes; None if a cascade finds the boxes, which then only the keypoint network
                confirms.
            again: Whether all doubtful boxes are decided at once by looks from other crops, as photographs need;
                else these can only accept a likely face sooner than looks in later frames would.
        """
        self._follower, self._frames, self._places, self._again = follower, frames, places, again

    def admit(self, image: Image, boxes: Iterable[Box], known: Sequence[Box], t: float) -> list[Keypoints]:
        """The keypoints of all new faces.

        Args:
            image: (H, W, 3) BGR full frame.
            boxes: The boxes that a search found, most likely first.
            known: Boxes of the faces in view.
            t: Frame time in seconds.
        """
        taken = list(known)
        admitted = []
        for box in boxes:
            if any(belongs(box, place) for place in taken):
                continue
            keypoints = self._follower.accept(image, box)
            if keypoints is not None and any(belongs(keypoints.box, place) for place in taken):
                continue
            if self._is_face(image, box, keypoints, t) and keypoints is not None:
                taken.append(keypoints.box)
                admitted.append(keypoints)
        return admitted

    def _is_face(self, image: Image, box: Box, keypoints: Keypoints | None, t: float) -> bool:
        """Whether the box shows a face: its presence is high, the detector or looks from other crops confirm it, or a
        face was found there repeatedly."""
        if self._places is None:
            return keypoints is not None
        if keypoints is None:
            self._places.refuse(box, t)
            return False
        if keypoints.presence >= CERTAIN:
            return True
        if keypoints.presence >= LIKELY and self._frames.confirms(image, keypoints):
            return True
        if self._again or keypoints.presence >= LIKELY:
            if steady(self._follower, image, keypoints):
                return True
            if self._again:
                return False
        return self._places.doubt(box, keypoints.presence, t)
