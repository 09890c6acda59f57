"""Appearance of a face: a small normalised picture that distinguishes two faces after they have overlapped."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.boxes import AnyBox
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop

SPEC = CropSpec(side=16, margin=0.0, shift_y=0.0)
BLUR = 1.0
"""Standard deviation of the blur in pixels of the small picture: so that small movements of the face make no
difference."""
NEW_SHARE = 0.3
"""Weight of the newest picture in the running mean."""


class Appearance(NamedTuple):
    """Attributes:
    pixels: (16, 16) float32 gray, mean 0 and deviation about 1, so that it does not depend on the light.
    at: Time of the last update in seconds.
    """

    pixels: NDArray[np.float32]
    at: float

    @classmethod
    def of(cls, image: Image, box: AnyBox, t: float) -> Appearance:
        """The appearance of the face in a box of a (H, W, 3) BGR or (H, W) gray frame at ``t`` seconds."""
        place = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
        gray = cv2.GaussianBlur(crop(image, place, SPEC), (0, 0), BLUR).astype(np.float32)
        return cls(np.asarray((gray - gray.mean()) / (gray.std() + 1.0), dtype=np.float32), t)

    def updated(self, new: Appearance) -> Appearance:
        """The running mean with a newer appearance."""
        return Appearance((1 - NEW_SHARE) * self.pixels + NEW_SHARE * new.pixels, new.at)

    def difference(self, other: Appearance) -> float:
        """Mean absolute difference of two appearances, at least 0."""
        return float(np.abs(self.pixels - other.pixels).mean())
