"""Finds the face of each picture with the app's own networks: no face, several faces, or one face and its crop."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from monitor.faces.crop import CropSpec
from monitor.faces.follower import Reader
from train.data import framing
from train.data.crops import SIDE
from train.reports.predict import FaceFinder

LEAST_SIDE = 160
"""Shorter side in pixels to which small pictures are enlarged, so that the detectors' smallest faces are below it."""
WHOLE = 0.75
"""Share of the picture's side from which one face fills the picture, so that no second one is looked for."""


@dataclass(frozen=True, slots=True)
class Face:
    """The result for one picture.

    Attributes:
        count: Faces found.
        crop: (48, 48) uint8 upright crop of the face as the app cuts it; None without exactly one face.
    """

    count: int
    crop: NDArray[np.uint8] | None


class Faces:
    """Looks for faces in pictures that are tight crops or whole photographs."""

    def __init__(self, net: Reader, finder: FaceFinder) -> None:
        """Args: the keypoint network, and the app's search of whole photographs."""
        self._net, self._finder = net, finder

    def find(self, image: Image) -> Face:
        """The face of a (H, W) uint8 gray picture.

        A tight crop is framed by the keypoint network; the app's search then looks for others if the face leaves room.
        """
        large = _enlarged(image)
        framed = framing.find(self._net, large)
        if framed is not None:
            crop = framing.cut(large, framed.box, framed.roll, SIDE)
            if framed.box[2] - framed.box[0] >= WHOLE:
                return Face(1, crop)
        others = self._finder.crops(
            cv2.cvtColor(large, cv2.COLOR_GRAY2BGR).astype(np.uint8), CropSpec(SIDE, align=True)
        )
        if len(others) > 1:
            return Face(len(others), None)
        if framed is not None:
            return Face(1, crop)
        return Face(1, others[0]) if others else Face(0, None)


def _enlarged(image: Image) -> Image:
    scale = LEAST_SIDE / min(image.shape)
    if scale <= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
