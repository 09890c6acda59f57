"""Motion gate: limits the search for new faces to changed parts of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image
from monitor.faces.crop import as_gray

CELLS = 80
"""Number of cells along the longer side of the picture; one pixel of each is compared, in about 30 µs at any size."""
CHANGED = 12.0
"""Gray levels by which a 3×3 mean of cells must differ to count as changed; above a webcam's noise at night (about 8
levels per pixel, less in the mean)."""
FEWEST = 3
"""Least number of changed cells that count as a change; the smallest face (40 of 640 pixels) covers 25."""
GROWN = 0.3
"""The changed area is enlarged by this share, because parts of a face may not count as changed, such as a cheek in
front of a wall of the same gray."""
OWN = 1.3
"""Factor by which the box of a known face is enlarged; changes inside do not count."""


class MotionGate:
    """Compares each picture with the last one that was searched."""

    def __init__(self) -> None:
        self._searched: NDArray[np.float32] | None = None

    def changed(self, image: Image, known: Sequence[Box]) -> Box | None:
        """The part of the picture that has changed since ``searched``.

        Args:
            image: (H, W, 3) BGR frame.
            known: Boxes of followed faces; changes inside them do not count.

        Returns:
            x1, y1, x2, y2 in pixels, within the frame; None when nothing has changed. The whole frame at first, and
            when the size of the frame changes.
        """
        height, width = image.shape[:2]
        cells, step = _cells(image)
        if self._searched is None or self._searched.shape != cells.shape:
            return (0.0, 0.0, float(width), float(height))
        different = np.abs(cells - self._searched) > CHANGED
        for x1, y1, x2, y2 in known:
            cx, cy, half = (x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) * OWN / 2
            low = [max(0, int(v / step)) for v in (cx - half, cy - half)]
            high = [max(0, int(v / step) + 1) for v in (cx + half, cy + half)]
            different[low[1] : high[1], low[0] : high[0]] = False
        if int(np.count_nonzero(different)) < FEWEST:
            return None
        rows, columns = np.flatnonzero(different.any(axis=1)), np.flatnonzero(different.any(axis=0))
        left, right = columns[0] * step, (columns[-1] + 1) * step
        top, bottom = rows[0] * step, (rows[-1] + 1) * step
        grow = GROWN * max(right - left, bottom - top) + 2 * step
        return (
            float(max(0, left - grow)), float(max(0, top - grow)),
            float(min(width, right + grow)), float(min(height, bottom + grow)),
        )  # fmt: skip

    def searched(self, image: Image) -> None:
        """Remembers the picture as searched."""
        self._searched = _cells(image)[0]

    def forget(self) -> None:
        """Forgets the last picture, so that everything counts as changed."""
        self._searched = None


def _cells(image: Image) -> tuple[NDArray[np.float32], int]:
    """Means of 3×3 sampled gray pixels, float32, and the distance between samples in pixels."""
    step = max(1, max(image.shape[:2]) // CELLS)
    top, left = (min(step // 2, size - 1) for size in image.shape[:2])
    sampled = np.ascontiguousarray(image[top::step, left::step])
    gray = as_gray(sampled).astype(np.float32)
    return np.asarray(cv2.blur(gray, (3, 3)), dtype=np.float32), step
