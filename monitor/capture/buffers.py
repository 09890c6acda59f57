"""Picture buffers that are reused once their picture is released, because new memory costs more than filling it."""

from __future__ import annotations

import sys

import numpy as np

from monitor.core.types import Image

UNUSED = 3
"""Reference count of a buffer that only the pool uses: the pool's list, a local name and ``getrefcount``'s argument."""
MOST = 8
"""Most buffers in the pool; further ones are newly allocated."""


class Buffers:
    """A pool of (H, W) uint8 pictures of one size at a time."""

    def __init__(self) -> None:
        self._kept: list[Image] = []

    def take(self, height: int, width: int) -> Image:
        """A picture of this size with undefined content, which no other picture shares."""
        if self._kept and self._kept[0].shape != (height, width):
            self._kept.clear()
        for picture in self._kept:
            if sys.getrefcount(picture) == UNUSED:
                return picture
        picture = np.empty((height, width), np.uint8)
        if len(self._kept) < MOST:
            self._kept.append(picture)
        return picture
