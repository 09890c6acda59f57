"""Deciding where and when to search, because searching is what costs.

Known faces are followed by the keypoint network. For newcomers the proposal network looks at the whole
frame now and then, and the keypoint network at the few places it names. Without proposals, a cascade
searches the frame, a slice at a time; without the keypoint network, it also searches around known faces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import numpy as np

from monitor.core.types import Box, Detections, Image, Keypoints
from monitor.faces.detector import Detector, suppress
from monitor.faces.follower import Follower
from monitor.faces.framesearch import FrameSearch
from monitor.faces.motion import MotionGate
from monitor.faces.places import APART_S, LATELY_S, OFTEN, Places, Proposer, as_boxes, belongs
from monitor.faces.slices import SlicedSearch
from monitor.settings.config import DetectConfig

REST_S, EMPTY_REST_S = 2.0, 0.5
"""A picture that rests is searched again after this long, with somebody and with nobody in view: a face that was
missed at first, turned away or in shade, may have come to be found without the picture changing much."""
SURE, LIKELY = 0.998, 0.97
"""Presence from which a proposed place is a face; from the second on a cascade, which errs elsewhere, must see one
there, too. Of 6,518 held-out windows without a face, two fifths of them chosen because cascades or proposals err there,
none reaches the first and 4 the second, of 764 faces 99.7 % and all (docs/FOLLOWING.md)."""


@dataclass(frozen=True, slots=True)
class Search:
    """What one frame's search did.

    Attributes:
        found: Boxes in full-frame pixels.
        full: Whether the whole frame was searched, or a slice of it.
        looked: Indices of the known boxes that were looked for.
        followed: What the keypoint network saw at known boxes, by index.
        keypoints: What it saw at each box of ``found``; empty when it was not asked.
    """

    found: Detections
    full: bool
    looked: frozenset[int]
    followed: dict[int, Keypoints] = field(default_factory=dict)
    keypoints: tuple[Keypoints, ...] = ()


class Finder:
    """Plans and runs the searches of one source.

    With a follower, known faces are looked at by the keypoint network, and searches only serve to find
    newcomers and lost faces. Without, they are searched around where they were.

    Attributes:
        slowdown: Factor on all intervals, at least 1; raised when the machine cannot keep up.
    """

    def __init__(
        self,
        detector: Detector,
        config: DetectConfig,
        follower: Follower | None = None,
        follow_every_ms: float = 0.0,
        proposer: Proposer | None = None,
        follow_within: float = math.inf,
    ) -> None:
        """Prepares the searches.

        Args:
            detector: The cascade, or another detector.
            config: What is searched when.
            follower: The keypoint network's looks; None = the detector alone.
            follow_every_ms: Each known face is looked at this often; 0 = every frame.
            proposer: Names places where newcomers may be; None = the detector searches for them.
            follow_within: Seconds within which known faces are looked at however slow the machine is: well below
                those after which one that was not seen is no longer shown.
        """
        self._config = config
        self._frames = FrameSearch(detector, config)
        self._slices = SlicedSearch(self._frames, config.profile == "auto")
        self._follower = follower
        self._places = Places(proposer, config.propose) if proposer is not None else None
        self._follow_every, self._follow_within = follow_every_ms / 1000, follow_within
        self._motion = MotionGate()
        self._last_t = self._last_full = self._last_region = self._last_follow = self._all_searched = -np.inf
        self._shape: tuple[int, ...] = ()
        self.slowdown = 1.0

    @property
    def width(self) -> float:
        """Factor on the width at which faces are searched, at most 1; lowered when the machine cannot keep up."""
        return self._frames.width

    @width.setter
    def width(self, factor: float) -> None:
        self._frames.width = factor

    def search(self, image: Image, known: Sequence[Box], t: float, missed: Set[int] = frozenset()) -> Search:
        """Searches what is due at time ``t``.

        Args:
            image: (H, W, 3) BGR full frame.
            known: Where faces are expected now, in full-frame pixels.
            t: Frame time in seconds.
            missed: Indices of the known faces that are out of sight; proposals look for them like for newcomers.
        """
        if t < self._last_t or image.shape != self._shape:  # the clip started again, or another picture came
            self._forget()
            self._last_t, self._shape = -np.inf, image.shape
        passed, self._last_t = t - self._last_t, t
        if self._follower is not None:
            return self._follow(self._follower, image, known, t, passed, missed)
        if self._is_due(self._last_full, self._full_every(bool(known)), t):
            self._last_full = self._last_region = t
            return Search(self._frames.whole(image), True, frozenset(range(len(known))))
        if known and self._is_due(self._last_region, self._config.region_ms / 1000, t):
            self._last_region = t
            parts = [self._frames.around(image, box) for box in known]
            return Search(suppress(Detections.join(parts)), False, frozenset(range(len(known))))
        return Search(Detections.none(), False, frozenset())

    def _forget(self) -> None:
        self._last_full = self._last_region = self._last_follow = self._all_searched = -np.inf
        self._slices.forget()
        if self._places is not None:
            self._places.forget()
        self._motion.forget()

    def _full_every(self, known: bool) -> float:
        return (self._config.every_ms if known else self._config.empty_ms) / 1000

    def _is_due(self, last: float, every: float, t: float, within: float = math.inf) -> bool:
        # A frame that arrives a little early counts as due, or a 30 Hz camera and 33 ms would alias to 15 Hz.
        return t - last >= min(every * self.slowdown, within) * 0.95

    def _follow(
        self, follower: Follower, image: Image, known: Sequence[Box], t: float, passed: float, missed: Set[int]
    ) -> Search:
        """Looks at known faces, and for newcomers and those that are missing."""
        followed: dict[int, Keypoints] = {}
        looked: frozenset[int] = frozenset()
        if known and self._is_due(self._last_follow, self._follow_every, t, self._follow_within):
            self._last_follow = t
            out = missed if self._places is not None else frozenset()
            looked = frozenset(range(len(known))) - out
            keypoints = {i: follower.follow(image, known[i]) for i in sorted(looked)}
            followed = {i: mark for i, mark in keypoints.items() if mark is not None}
        missing = [known[i] for i in sorted((looked | missed) - followed.keys())]
        seen = bool(followed) or (len(known) > len(missing) and not looked)
        # Between looks the known faces are taken to be where they are expected, or they would pass for newcomers.
        faces = (
            [mark.box for mark in followed.values()]
            if looked
            else [box for i, box in enumerate(known) if i not in missed]
        )
        if self._places is not None:
            found, full = self._proposed(self._places, image, faces, seen, bool(missing), t, passed)
        else:
            found, full = self._sliced(image, faces, seen, missing, bool(known), t, passed)
        accepted = self._accepted(follower, image, found, list(faces), t)
        boxes = np.array([mark.box for mark in accepted], np.float32).reshape(-1, 4)
        scores = np.ones(len(accepted), np.float32)
        return Search(Detections(boxes, scores), full, looked, followed, tuple(accepted))

    def _accepted(
        self, follower: Follower, image: Image, found: list[Box], taken: list[Box], t: float
    ) -> list[Keypoints]:
        """The faces that the keypoint network sees in found boxes where none is followed already."""
        accepted = []
        for box in found:
            if any(belongs(box, place) for place in taken):
                continue
            mark = follower.accept(image, box)
            if mark is not None and any(belongs(mark.box, place) for place in taken):
                continue
            if self._places is not None and not self._believed(self._places, image, box, mark, t):
                continue
            if mark is not None:
                taken.append(mark.box)
                accepted.append(mark)
        return accepted

    def _believed(self, places: Places, image: Image, box: Box, mark: Keypoints | None, t: float) -> bool:
        """Whether a proposed place shows a face: for sure, or confirmed by the cascade, or again and again."""
        if mark is None:
            places.refuse(box, t)
            return False
        if mark.presence >= SURE or (mark.presence >= LIKELY and self._frames.confirms(image, mark)):
            return True
        return places.doubt(box, mark.presence, t)

    def _proposed(
        self, places: Places, image: Image, faces: list[Box], seen: bool, missing: bool, t: float, passed: float
    ) -> tuple[list[Box], bool]:
        """The proposed places to look at now, and whether a part of the frame was searched for them."""
        every = self._full_every(seen)
        if missing:
            every = min(every, self._config.region_ms / 1000)
        # Three looks must fit in, however rarely they come.
        places.lately_s = max(LATELY_S * self.slowdown, (OFTEN + 0.5) * min(passed, APART_S))
        apart = every <= 0  # pictures that do not follow one another: what the last one showed says nothing
        if apart:
            places.forget()
        if not places.busy and self._is_due(self._last_full, every, t):
            self._last_full = t
            searched, region = self._wanted(image, faces, seen, missing or places.doubting(t), t)
            if searched:
                places.begin(region)
        smallest = self._frames.smallest(image.shape[1]) / self.width
        full = places.search(image, smallest, t, passed, hurry=missing or apart)
        return places.next(faces, passed, hurry=apart), full

    def _sliced(
        self, image: Image, faces: list[Box], seen: bool, missing: list[Box], known: bool, t: float, passed: float
    ) -> tuple[list[Box], bool]:
        """What the cascade finds in the slices that are due and around missing faces."""
        parts = [Detections.none()]
        if missing and self._is_due(self._last_region, self._config.region_ms / 1000, t):
            self._last_region = t
            parts += [self._frames.around(image, box) for box in missing]
        if not self._slices.busy and self._is_due(self._last_full, self._full_every(known), t):
            self._last_full = t
            searched, region = self._wanted(image, faces, seen, bool(missing), t)
            if searched:
                self._slices.begin(region, seen)
        slices = self._slices.search(image, passed, self._full_every(known) * self.slowdown)
        return as_boxes(suppress(Detections.join(parts + slices))), bool(slices)

    def _wanted(self, image: Image, faces: list[Box], seen: bool, urgent: bool, t: float) -> tuple[bool, Box | None]:
        """Whether a full search is worth it, and of which part: of what has changed, or of all now and then (None)."""
        region: Box | None = None
        rest = (REST_S if seen else EMPTY_REST_S) * self.slowdown
        if self._config.motion and not urgent and t - self._all_searched < 0.95 * rest:
            region = self._motion.changed(image, faces)
            if region is None:
                return False, None
        else:
            self._all_searched = t
        self._motion.searched(image)
        return True, region
