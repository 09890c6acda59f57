"""Deciding where and when to search, because searching is what costs.

Known faces are followed by the keypoint network, and the whole frame is searched now and then for
newcomers, a slice at a time, so that no frame pays for all of it. Without the network, a region around
each known face is searched instead, at a few sizes near its last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from monitor.config import DetectConfig
from monitor.faces.detector import Detector, iou, suppress
from monitor.faces.follower import Follower
from monitor.faces.motion import MotionGate
from monitor.types import Box, Detections, Image, Landmarks

REGION = 1.9
"""Side of the searched region in face sizes: a face may move 0.45 of its size between searches."""
SMALLER, LARGER = 0.7, 1.25
"""Sizes searched in a region, relative to the last one."""
REGION_FACE = 56.0
"""Size in pixels that a known face is shrunk to for the search around it.

Together these keep region boxes as large as full-frame ones. A cascade's box is the mean over all
sizes that fire; cutting the small ones off (0.8, at 48 px) made boxes 5-21 % larger than full searches
on six clips, and so the crops; 0.7 at 56 px gives 0.96-1.00 of their size (docs/MEASUREMENTS.md)."""
REFERENCE_WIDTH = 640
"""Picture width that ``detect.min_face`` is given for."""


THIRDS = ((0.0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1.0))
HALVES = ((0.0, 0.5), (0.5, 1.0))
SMALL, MIDDLE = (1.0, 1.35), (1.35, 2.0)
LARGE = ((2.0, 2.8), (2.5, 3.8), (3.4, np.inf))
"""A full search is cut into slices by face size, in shares of the smallest: small ones are searched a third of the
picture at a time, middle ones half, large ones all of it but a band of sizes at a time (OpenCV looks at every pixel
for windows of 48 pixels and more, at every second below, so they cost as much). Bands overlap: the hits of one face
must not be parted. Halving the picture for large faces instead is faster and lost two of the three walkers."""
PROFILE_EVERY = 3
"""One full search in this many also looks for turned faces, which takes two more passes."""
REST_S, EMPTY_REST_S = 2.0, 0.5
"""A picture that rests is searched again after this long, with somebody and with nobody in view: a face that was
missed at first, turned away or in shade, may have come to be found without the picture changing much."""
KNOWN_OVERLAP = 0.3
"""IoU with a followed face from which a found box is that face, not a newcomer."""


@dataclass(frozen=True, slots=True)
class Search:
    """What one frame's search did.

    Attributes:
        found: Boxes in full-frame pixels.
        full: Whether the whole frame was searched, or a slice of it.
        looked: Indices of the known boxes that were looked for.
        followed: What the keypoint network saw at known boxes, by index.
        marks: What it saw at each box of ``found``; empty when it was not asked.
    """

    found: Detections
    full: bool
    looked: frozenset[int]
    followed: dict[int, Landmarks] = field(default_factory=dict)
    marks: tuple[Landmarks, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a full search.

    Attributes:
        top, bottom: The stripe, in shares of the region's height.
        low, high: Face sizes, in shares of the smallest.
        profile: Whether turned faces are looked for too.
        region: The part of the frame, x1, y1, x2, y2 in its pixels; None = all.
    """

    top: float
    bottom: float
    low: float
    high: float
    profile: bool = False
    region: Box | None = None


class Finder:
    """Plans and runs the searches of one source.

    With a follower, known faces are looked at by the keypoint network, and searches only serve to find
    newcomers and lost faces, a slice at a time. Without, they are searched around where they were.

    Attributes:
        slowdown: Factor on all intervals, at least 1; raised when the machine cannot keep up.
        width: Factor on the width at which faces are searched, at most 1; lowered likewise.
    """

    def __init__(
        self,
        detector: Detector,
        config: DetectConfig,
        follower: Follower | None = None,
        follow_every_ms: float = 0.0,
    ) -> None:
        self._detector = detector
        self._config = config
        self._follower = follower
        self._follow_every = follow_every_ms / 1000
        self._last_full = -np.inf
        self._last_region = -np.inf
        self._last_follow = -np.inf
        self._last_t = -np.inf
        self._slices: list[Slice] = []
        self._planned = self._searches = 0
        self._motion = MotionGate()
        self._all_searched = -np.inf
        self.slowdown = 1.0
        self.width = 1.0

    def search(self, image: Image, known: Sequence[Box], t: float) -> Search:
        """Searches what is due at time ``t``.

        Args:
            image: (H, W, 3) BGR full frame.
            known: Where faces are expected now, in full-frame pixels.
            t: Frame time in seconds.
        """
        if t < self._last_t:  # the clip started again
            self._last_full = self._last_region = self._last_follow = self._all_searched = -np.inf
            self._slices = []
            self._motion.forget()
        passed, self._last_t = t - self._last_t, t
        if self._follower is not None:
            return self._follow(self._follower, image, known, t, passed)
        if self._is_due(self._last_full, self._full_every(bool(known)), t):
            self._last_full = self._last_region = t
            return Search(self._whole(image), True, frozenset(range(len(known))))
        if known and self._is_due(self._last_region, self._config.region_ms / 1000, t):
            self._last_region = t
            parts = [self._around(image, box) for box in known]
            return Search(suppress(Detections.join(parts)), False, frozenset(range(len(known))))
        return Search(Detections.none(), False, frozenset())

    def _full_every(self, known: bool) -> float:
        return (self._config.every_ms if known else self._config.empty_ms) / 1000

    def _is_due(self, last: float, every: float, t: float) -> bool:
        # A frame that arrives a little early counts as due, or a 30 Hz camera and 33 ms would alias to 15 Hz.
        return t - last >= every * self.slowdown * 0.95

    def _follow(self, follower: Follower, image: Image, known: Sequence[Box], t: float, passed: float) -> Search:
        """Looks at known faces, searches around those that are missing, and one slice for newcomers."""
        followed: dict[int, Landmarks] = {}
        looked: frozenset[int] = frozenset()
        if known and self._is_due(self._last_follow, self._follow_every, t):
            self._last_follow = t
            looked = frozenset(range(len(known)))
            marks = [follower.follow(image, box) for box in known]
            followed = {i: mark for i, mark in enumerate(marks) if mark is not None}
        missing = sorted(looked - followed.keys())
        parts = [Detections.none()]
        if missing and self._is_due(self._last_region, self._config.region_ms / 1000, t):
            self._last_region = t
            parts += [self._around(image, known[i]) for i in missing]
        seen = bool(followed) or (bool(known) and not looked)
        if not self._slices and self._is_due(self._last_full, self._full_every(bool(known)), t):
            self._last_full = t
            self._plan(image, [mark.box for mark in followed.values()], seen, bool(missing), t)
        slices = self._next_slices(bool(known), passed)
        parts += [self._slice(image, part) for part in slices]
        places = [np.array(mark.box) for mark in followed.values()]
        boxes, scores, accepted = [], [], []
        everything = suppress(Detections.join(parts))
        for box, score in zip(everything.boxes, everything.scores, strict=True):
            if any(iou(box, place) > KNOWN_OVERLAP for place in places):
                continue
            x1, y1, x2, y2 = (float(v) for v in box)
            mark = follower.accept(image, (x1, y1, x2, y2))
            if mark is not None and not any(iou(np.array(mark.box), place) > KNOWN_OVERLAP for place in places):
                places.append(np.array(mark.box))
                boxes.append(mark.box)
                scores.append(max(float(score), 0.5))
                accepted.append(mark)
        found = Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))
        return Search(found, bool(slices), looked, followed, tuple(accepted))

    def _plan(self, image: Image, faces: list[Box], seen: bool, missing: bool, t: float) -> None:
        """Cuts the next full search into slices: of what has changed, or of everything now and then."""
        region: Box | None = None
        rest = (REST_S if seen else EMPTY_REST_S) * self.slowdown
        gated = self._config.motion and not missing and t - self._all_searched < 0.95 * rest
        if gated:
            region = self._motion.changed(image, faces)
            if region is None:
                return
        else:
            self._all_searched = t
        self._motion.searched(image)
        self._searches += 1
        turned = not seen and self._config.profile == "auto" and self._searches % PROFILE_EVERY == 1
        self._slices = [
            *(Slice(top, bottom, *SMALL, region=region) for top, bottom in THIRDS),
            *(Slice(top, bottom, *MIDDLE, region=region) for top, bottom in HALVES),
            *(Slice(0.0, 1.0, low, high, turned, region) for low, high in LARGE),
        ]
        self._planned = len(self._slices)

    def _next_slices(self, known: bool, passed: float) -> list[Slice]:
        """The slices to search now: enough that a full search is through within its interval."""
        every = self._full_every(known) * self.slowdown
        if every <= 0 or not np.isfinite(passed):
            count = len(self._slices)
        else:
            count = int(np.ceil(self._planned * min(1.0, passed / every) - 1e-6))
        now, self._slices = self._slices[: max(1, count)], self._slices[max(1, count) :]
        return now

    def _slice(self, image: Image, part: Slice) -> Detections:
        """Searches one slice of a full search."""
        scale = min(1.0, self._config.width * self.width / image.shape[1])
        least = max(20.0, self._smallest(image.shape[1]) * scale)
        left, upper, right, lower = (int(v) for v in part.region or (0, 0, image.shape[1], image.shape[0]))
        height = lower - upper
        # A face on the border of two stripes must lie whole in one of them.
        reach = least * part.high * 1.1 / 2 / scale if np.isfinite(part.high) else 0.0
        top = upper + (max(0, int(part.top * height - reach)) if part.top > 0 else 0)
        bottom = upper + (min(height, int(part.bottom * height + reach)) if part.bottom < 1 else height)
        if bottom - top < 1 or right - left < 1:
            return Detections.none()
        small = self._shrink(image[top:bottom, left:right], scale)
        low = least * part.low
        high = min(least * part.high, min(small.shape[:2]))
        if high < low:
            return Detections.none()
        return _scaled(self._detector.find(small, round(low), int(high), part.profile), 1 / scale, left, top)

    def _whole(self, image: Image) -> Detections:
        _height, width = image.shape[:2]
        scale = min(1.0, self._config.width * self.width / width)
        small = self._shrink(image, scale)
        smallest = max(20, round(self._smallest(width) * scale))
        return _scaled(self._detector.find(small, smallest, min(small.shape[:2])), 1 / scale, 0, 0)

    def _around(self, image: Image, box: Box) -> Detections:
        """Searches around one face, the region shrunk so that the face is about ``width``-search sized."""
        height, width = image.shape[:2]
        size = max(box[2] - box[0], box[3] - box[1], 1.0)
        cx, cy, half = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, size * REGION / 2
        x1, y1 = max(0, int(cx - half)), max(0, int(cy - half))
        x2, y2 = min(width, int(cx + half) + 1), min(height, int(cy + half) + 1)
        if x2 - x1 < 24 or y2 - y1 < 24:
            return Detections.none()
        # Larger than this a face only costs more windows; smaller, the cascade misses it.
        scale = min(1.0, REGION_FACE / size)
        region = self._shrink(image[y1:y2, x1:x2], scale)
        smallest = max(20, int(size * SMALLER * scale))
        largest = min(int(size * LARGER * scale) + 1, min(region.shape[:2]))
        return _scaled(self._detector.find(region, smallest, largest), 1 / scale, x1, y1)

    def _smallest(self, width: int) -> float:
        return self._config.min_face * width / REFERENCE_WIDTH

    def _shrink(self, image: Image, scale: float) -> Image:
        """The picture at the search's scale, gray unless the detector wants color."""
        if scale < 1.0:
            size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        if self._detector.wants_color:
            return np.ascontiguousarray(image)
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _scaled(found: Detections, factor: float, dx: float, dy: float) -> Detections:
    if not len(found):
        return found
    offset = np.array([dx, dy, dx, dy], dtype=np.float32)
    return Detections((found.boxes * np.float32(factor) + offset).astype(np.float32), found.scores)
