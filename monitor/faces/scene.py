"""One frame with its known faces, before new faces are searched for."""

from __future__ import annotations

from typing import NamedTuple

from monitor.core.types import Box, Image


class Scene(NamedTuple):
    """The data of a frame for the search for new faces.

    Attributes:
        image: (H, W, 3) BGR full frame.
        t: Frame time in seconds.
        passed: Seconds since the last frame; infinite for the first one.
        faces: Boxes of the faces in view; new faces are searched outside of them.
        missing: Expected places of known faces that were not seen.
        seen: Whether any face is in view.
        known: Whether any face is known, in view or not.
    """

    image: Image
    t: float
    passed: float
    faces: tuple[Box, ...] = ()
    missing: tuple[Box, ...] = ()
    seen: bool = False
    known: bool = False

    @property
    def frame_box(self) -> Box:
        """The whole frame as a box."""
        height, width = self.image.shape[:2]
        return 0.0, 0.0, float(width), float(height)
