"""Geometry of boxes: x1, y1, x2, y2 in pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box

AnyBox = Box | NDArray[np.float32] | NDArray[np.float64]


def common_area(a: AnyBox, b: AnyBox) -> float:
    """Area of the intersection of two boxes, in square pixels."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return float(width * height) if width > 0 and height > 0 else 0.0


def iou(a: AnyBox, b: AnyBox) -> float:
    """Intersection over union of two boxes, 0..1."""
    both = common_area(a, b)
    if not both:
        return 0.0
    return float(both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both))


def centre(box: AnyBox) -> tuple[float, float]:
    """x and y of a box's centre."""
    return (float(box[0]) + float(box[2])) / 2, (float(box[1]) + float(box[3])) / 2


def longer_side(box: AnyBox) -> float:
    """The longer side of a box in pixels, at least 1."""
    return float(max(box[2] - box[0], box[3] - box[1], 1.0))


def is_in_frame(box: AnyBox, width: int, height: int) -> bool:
    """Whether a box is finite, at least 1 pixel wide and high, and centred inside a frame of this size."""
    if not all(math.isfinite(v) for v in box) or box[2] - box[0] < 1 or box[3] - box[1] < 1:
        return False
    x, y = centre(box)
    return 0 <= x < width and 0 <= y < height
