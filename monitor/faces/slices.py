"""A cascade's full search in slices, so that no frame pays for all of it."""

from __future__ import annotations

import numpy as np

from monitor.core.types import Box, Detections, Image
from monitor.faces.framesearch import FrameSearch, Slice

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


class SlicedSearch:
    """One full search after another, each a few slices a frame."""

    def __init__(self, frames: FrameSearch, profile: bool) -> None:
        """Searches through ``frames``; with ``profile`` now and then for turned faces too."""
        self._frames, self._profile = frames, profile
        self._slices: list[Slice] = []
        self._planned = self._searches = 0

    @property
    def busy(self) -> bool:
        """Whether a search has begun and is not through."""
        return bool(self._slices)

    def forget(self) -> None:
        """Gives up the search that has begun."""
        self._slices = []

    def begin(self, region: Box | None, seen: bool) -> None:
        """Begins a search of a part of the frame, or all of it; of turned faces only while nobody is seen."""
        self._searches += 1
        turned = not seen and self._profile and self._searches % PROFILE_EVERY == 1
        self._slices = [
            *(Slice(top, bottom, *SMALL, region=region) for top, bottom in THIRDS),
            *(Slice(top, bottom, *MIDDLE, region=region) for top, bottom in HALVES),
            *(Slice(0.0, 1.0, low, high, turned, region) for low, high in LARGE),
        ]
        self._planned = len(self._slices)

    def search(self, image: Image, passed: float, every: float) -> list[Detections]:
        """Searches as many slices as make a full search last no longer than its interval.

        Args:
            image: (H, W, 3) BGR frame.
            passed: Seconds since the last frame; infinite = everything at once.
            every: Seconds a full search may take.
        """
        if every <= 0 or not np.isfinite(passed):
            count = len(self._slices)
        else:
            count = max(1, int(np.ceil(self._planned * min(1.0, passed / every) - 1e-6)))
        now, self._slices = self._slices[:count], self._slices[count:]
        return [self._frames.part(image, part) for part in now]
