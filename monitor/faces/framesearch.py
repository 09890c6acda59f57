"""Searches a frame or a part of it: shrinks the pixels for a detector and scales its boxes back."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from monitor.core.boxes import iou
from monitor.core.types import Box, Detections, Image, Keypoints
from monitor.faces.crop import as_gray
from monitor.faces.detector import Detector
from monitor.settings.config import DetectConfig

REGION = 1.9
"""Side of the searched region in face sizes: a face may move 0.45 of its size between searches."""
SMALLER, LARGER = 0.7, 1.25
"""Smallest and largest face searched for in a region, relative to the face's last size."""
REGION_FACE = 56.0
"""Size in pixels to which a known face is shrunk for the search around it.

With these values region searches give boxes of the same size as full searches. A cascade's box is the mean over all
sizes that fire: without the small sizes (from 0.8 at 48 px) boxes, and so crops, were 5-21 % larger on six clips; with
0.7 at 56 px they are 0.96-1.00 of the size."""
PROFILE_DEG = 15.0
"""Degrees of yaw from which a confirmation also uses the profile cascade."""
AGREED = 0.3
"""IoU from which two boxes show the same face."""
REFERENCE_WIDTH = 640
"""Picture width to which ``detect.min_face`` refers."""
WIDEST = 16 / 9
"""Width over height from which ``detect.min_face`` refers to the height: faces do not grow with a panorama's width."""


class Slice(NamedTuple):
    """A part of a whole-frame search.

    Attributes:
        top, bottom: The stripe, in shares of the region's height.
        low, high: Face sizes, in shares of the smallest one.
        profile: Whether faces in profile are detected too.
        region: The part of the frame, x1, y1, x2, y2 in its pixels; None = the whole frame.
    """

    top: float
    bottom: float
    low: float
    high: float
    profile: bool = False
    region: Box | None = None


class FrameSearch:
    """Shrinks frames for a detector and scales its boxes back to frame pixels.

    Attributes:
        width: Factor on the width at which faces are searched, at most 1; lowered when the machine cannot keep up.
    """

    def __init__(self, detector: Detector, config: DetectConfig) -> None:
        self._detector, self._config = detector, config
        self.width = 1.0

    def whole(self, image: Image) -> Detections:
        """All faces that the detector finds in a frame."""
        scale = min(1.0, self._config.width * self.width / image.shape[1])
        small = self._shrink(image, scale)
        smallest = max(20, round(self.smallest(image) * scale))
        return _scaled(self._detector.find(small, smallest, min(small.shape[:2])), 1 / scale, 0, 0)

    def confirms(self, image: Image, keypoints: Keypoints) -> bool:
        """Whether the detector also finds a face where the keypoint network finds one; a weak hit suffices."""
        found = self.around(image, keypoints.box, turned=abs(float(keypoints.pose[0])) > PROFILE_DEG)
        return any(iou(box, np.array(keypoints.box)) > AGREED for box in found.boxes)

    def around(self, image: Image, box: Box, *, turned: bool = False) -> Detections:
        """Faces around a known one; the region is shrunk so that the face is at most ``REGION_FACE`` pixels wide."""
        height, width = image.shape[:2]
        size = max(box[2] - box[0], box[3] - box[1], 1.0)
        cx, cy, half = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, size * REGION / 2
        x1, y1 = max(0, int(cx - half)), max(0, int(cy - half))
        x2, y2 = min(width, int(cx + half) + 1), min(height, int(cy + half) + 1)
        if x2 - x1 < 24 or y2 - y1 < 24:
            return Detections.none()
        # A larger face costs more windows without benefit; a smaller one is missed by the cascade.
        scale = min(1.0, REGION_FACE / size)
        region = self._shrink(image[y1:y2, x1:x2], scale)
        smallest = max(20, int(size * SMALLER * scale))
        largest = min(int(size * LARGER * scale) + 1, min(region.shape[:2]))
        return _scaled(self._detector.find(region, smallest, largest, profile=turned), 1 / scale, x1, y1)

    def smallest(self, image: Image) -> float:
        """Side in pixels of the smallest face to detect in a frame; a panorama counts as ``WIDEST`` of its height."""
        height, width = image.shape[:2]
        return float(self._config.min_face * min(width, height * WIDEST) / REFERENCE_WIDTH)

    def _shrink(self, image: Image, scale: float) -> Image:
        """The picture scaled for the search, in gray unless the detector takes color."""
        if scale < 1.0:
            size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        if self._detector.wants_color:
            return np.ascontiguousarray(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
        return np.ascontiguousarray(as_gray(image))

    def part(self, image: Image, part: Slice) -> Detections:
        """Faces in one slice of a full search."""
        scale = min(1.0, self._config.width * self.width / image.shape[1])
        least = max(20.0, self.smallest(image) * scale)
        left, upper, right, lower = (int(v) for v in part.region or (0, 0, image.shape[1], image.shape[0]))
        height = lower - upper
        # The stripes overlap, so that each face lies completely in one of them.
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
        return _scaled(self._detector.find(small, round(low), int(high), profile=part.profile), 1 / scale, left, top)


def _scaled(found: Detections, factor: float, dx: float, dy: float) -> Detections:
    if not len(found):
        return found
    offset = np.array([dx, dy, dx, dy], dtype=np.float32)
    return Detections((found.boxes * np.float32(factor) + offset).astype(np.float32), found.scores)
