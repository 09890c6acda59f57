"""A cascade's whole-frame search in slices, which spreads its cost over several frames."""

from __future__ import annotations

import numpy as np

from monitor.core.types import Box, Detections, Image
from monitor.faces.framesearch import FrameSearch, Slice

THIRDS = ((0.0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1.0))
HALVES = ((0.0, 0.5), (0.5, 1.0))
SMALL, MEDIUM = (1.0, 1.35), (1.35, 2.0)
LARGE = ((2.0, 2.8), (2.5, 3.8), (3.4, np.inf))
"""A search is cut into slices by face size, in shares of the smallest one: small faces are searched in a third of the
picture at a time, medium ones in half of it, large ones in all of it but in one band of sizes at a time. OpenCV visits
every pixel for windows of 48 pixels and more, and every second one below, so all slices cost about the same. The bands
overlap so that all hits of one face fall into one slice. Halving the picture for large faces is faster, but missed two
of three people walking by."""
PROFILE_EVERY = 3
"""One of this many searches also detects faces in profile, which takes two more passes."""


class SlicedSearch:
    """Whole-frame searches one after another, a few slices per frame."""

    def __init__(self, frames: FrameSearch, *, profile: bool) -> None:
        """Searches through ``frames``; with ``profile`` some searches detect faces in profile too."""
        self._frames, self._profile = frames, profile
        self._slices: list[Slice] = []
        self._planned = self._searches = 0

    @property
    def busy(self) -> bool:
        """Whether a search has begun and is not finished."""
        return bool(self._slices)

    def forget(self) -> None:
        """Abandons the search that has begun."""
        self._slices = []

    def begin(self, region: Box, *, turned: bool) -> None:
        """Begins a search of a part of the frame; ``turned`` allows it to detect faces in profile."""
        self._searches += 1
        profile = turned and self._profile and self._searches % PROFILE_EVERY == 1
        self._slices = [
            *(Slice(top, bottom, *SMALL, region=region) for top, bottom in THIRDS),
            *(Slice(top, bottom, *MEDIUM, region=region) for top, bottom in HALVES),
            *(Slice(0.0, 1.0, low, high, profile, region) for low, high in LARGE),
        ]
        self._planned = len(self._slices)

    def search(self, image: Image, passed: float, every_s: float) -> list[Detections]:
        """Searches as many slices as are needed to finish the whole search within its interval.

        Args:
            image: (H, W, 3) BGR frame.
            passed: Seconds since the last frame; infinite = all slices at once.
            every_s: Seconds that a whole search may take.
        """
        if every_s <= 0 or not np.isfinite(passed):
            count = len(self._slices)
        else:
            count = max(1, int(np.ceil(self._planned * min(1.0, passed / every_s) - 1e-6)))
        now, self._slices = self._slices[:count], self._slices[count:]
        return [self._frames.part(image, part) for part in now]
