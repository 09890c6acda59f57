"""The place of a face in its training region, as one affine map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from monitor.faces.crop import CropSpec

Floats = NDArray[np.float64]

SPEC = CropSpec(side=56, margin=0.65, shift_y=0.08, contrast=48.0)
"""The region: 1.65 Haar boxes wide; a face of 0.7 to 1.5 times the expected size and 25 % off is still inside."""
BOX = SPEC.side / (1 + SPEC.margin)
"""Side in pixels of the box that a face of size 1 fills."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The error of the box around a face.

    Attributes:
        shift: (2,) shift of the face in the box, in box sides.
        size: The face's size against the box's.
        turn: In-plane rotation in degrees, clockwise in the picture.
        mirror: Whether the face is mirrored.
        stretch: Factor by which the face is wider, and 1 over it by which it is lower.
    """

    shift: Floats
    size: float = 1.0
    turn: float = 0.0
    mirror: bool = False
    stretch: float = 1.0

    def scale(self, side: float) -> float:
        """Region pixels per picture pixel of a face square of ``side`` picture pixels."""
        return BOX / side * self.size

    def matrix(self, square: Floats) -> Floats:
        """(2, 3) map from picture to region pixels.

        Args:
            square: Centre x, y and side of the face square in picture pixels.
        """
        angle, scale = np.deg2rad(self.turn), self.scale(float(square[2]))
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        flip, wide = (-1.0 if self.mirror else 1.0), self.stretch
        linear = np.array([[cos * flip * wide, -sin / wide], [sin * flip * wide, cos / wide]])
        # crop() moves the region down by shift_y of the box, so the box's middle lies above the region's.
        target = np.array([0.0, -SPEC.shift_y * BOX]) + (SPEC.side - 1) / 2 + self.shift * BOX
        # Pixel n covers n to n + 1, but warpAffine counts from its middle: 0.5 in the picture is 0 for the warp.
        offset = target - linear @ (np.asarray(square[:2], np.float64) - 0.5)
        return np.hstack([linear, offset[:, None]])


def warped(image: Image, matrix: Floats, scale: float) -> Image:
    """The region (side, side) of a picture; where the picture shrinks, areas are averaged as in ``crop``."""
    if scale < 0.7:
        image, matrix = _shrunk(image, matrix, scale)
    size = (SPEC.side, SPEC.side)
    out = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return out.astype(np.uint8, copy=False)


def upright_box(points: NDArray[np.float32], matrix: Floats) -> Floats:
    """The corners (2, 2) of a turned face's box: it keeps its size and moves with its centre.

    The reference box is the extent of the upright mesh. The extent of a turned mesh is wider only because its corners
    protrude; with a constant size along both axes crops are alike at any tilt.

    Args:
        points: (19, 2) keypoints and box corners in picture pixels.
        matrix: (2, 3) map to the region.
    """
    low, high = points[-2].astype(np.float64), points[-1].astype(np.float64)
    centre = matrix[:, :2] @ ((low + high) / 2) + matrix[:, 2]
    half = (high - low) / 2 * np.linalg.norm(matrix[:, :2], axis=0)
    return np.stack([centre - half, centre + half])


def _shrunk(image: Image, matrix: Floats, scale: float) -> tuple[Image, Floats]:
    """The part of the picture that the region shows, shrunk by area, and the map from that part to the region."""
    corners = np.array([[-2, -2], [SPEC.side + 1, -2], [-2, SPEC.side + 1], [SPEC.side + 1, SPEC.side + 1]])
    there = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    low = np.clip(np.floor(there.min(axis=0)).astype(int), 0, np.array(image.shape[::-1]) - 2)
    high = np.clip(np.ceil(there.max(axis=0)).astype(int) + 1, low + 2, image.shape[::-1])
    part = image[low[1] : high[1], low[0] : high[0]]
    size = np.maximum(1, np.round((high - low) * scale)).astype(int)
    smaller = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    factor = size / (high - low)
    linear = matrix[:, :2] / factor
    offset = matrix[:, 2] + matrix[:, :2] @ (0.5 / factor - 0.5 + low)
    return smaller.astype(np.uint8, copy=False), np.hstack([linear, offset[:, None]])
