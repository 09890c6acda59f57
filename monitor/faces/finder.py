"""Deciding where and when to search, because searching is what costs.

The whole frame is searched now and then for newcomers; in between only a region around each known
face is, at a few sizes near its last one: some five to ten times cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from monitor.config import DetectConfig
from monitor.faces.detector import Detector, suppress
from monitor.types import Box, Detections, Image

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


@dataclass(frozen=True, slots=True)
class Search:
    """What one frame's search did.

    Attributes:
        found: Boxes in full-frame pixels.
        full: Whether the whole frame was searched.
        looked: Indices of the known boxes whose surroundings were searched.
    """

    found: Detections
    full: bool
    looked: frozenset[int]


class Finder:
    """Plans and runs the searches of one source.

    Attributes:
        slowdown: Factor on all intervals, at least 1; raised when the machine cannot keep up.
    """

    def __init__(self, detector: Detector, config: DetectConfig) -> None:
        self._detector = detector
        self._config = config
        self._last_full = -np.inf
        self._last_region = -np.inf
        self.slowdown = 1.0

    def search(self, image: Image, known: Sequence[Box], t: float) -> Search:
        """Searches what is due at time ``t``.

        Args:
            image: (H, W, 3) BGR full frame.
            known: Where faces are expected now, in full-frame pixels.
            t: Frame time in seconds.
        """
        config = self._config
        full_every = (config.every_ms if known else config.empty_ms) * self.slowdown / 1000
        if t < max(self._last_full, self._last_region):  # the clip started again
            self._last_full = self._last_region = -np.inf
        # A frame that arrives a little early counts as due, or a 30 Hz camera and 33 ms would alias to 15 Hz.
        if t - self._last_full >= full_every * 0.95:
            self._last_full = self._last_region = t
            return Search(self._whole(image), True, frozenset(range(len(known))))
        if known and t - self._last_region >= config.region_ms * self.slowdown / 1000 * 0.95:
            self._last_region = t
            parts = [self._around(image, box) for box in known]
            return Search(suppress(Detections.join(parts)), False, frozenset(range(len(known))))
        return Search(Detections.none(), False, frozenset())

    def _whole(self, image: Image) -> Detections:
        _height, width = image.shape[:2]
        scale = min(1.0, self._config.width / width)
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
