"""Soft shapes and smooth curves with which the demo's people are painted."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 240
"""Heads are painted at this face side in pixels and then scaled."""
SPAN = 2.0
"""Side of a head's picture in face sides: room for hair and neck."""
Color = tuple[int, int, int]
"""Blue, green, red."""


class Easel:
    """A picture during painting; positions and lengths are in face sides from its centre.

    Attributes:
        ink: (S, S, 3) float32 BGR, premultiplied.
        alpha: (S, S, 1) float32, 0 to 1.
        x, y: (S, S) float32, each pixel's place.
    """

    def __init__(self) -> None:
        side = round(SIDE * SPAN)
        self.ink = np.zeros((side, side, 3), np.float32)
        self.alpha = np.zeros((side, side, 1), np.float32)
        rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
        self.x, self.y = (columns - side / 2) / SIDE, (rows - side / 2) / SIDE

    def paint(self, mask: NDArray[np.float32], color: NDArray[np.float32] | Color) -> None:
        """Paints a color, or one for each pixel, through a (S, S) mask of 0 to 1."""
        share = mask[:, :, None]
        self.ink = self.ink * (1 - share) + share * np.asarray(color, np.float32)
        self.alpha = self.alpha * (1 - share) + share

    def shape(self, points: list[tuple[float, float]], soft: float = 0.004) -> NDArray[np.float32]:
        """A closed smooth curve through points, filled."""
        side = self.x.shape[0]
        closed = np.array(points, np.float64)
        curve = smooth(closed) * SIDE + side / 2
        mask = np.zeros((side, side), np.uint8)
        cv2.fillPoly(mask, [np.rint(curve * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        blurred = cv2.GaussianBlur(mask, (0, 0), max(0.6, soft * SIDE))
        return np.asarray(blurred, np.float32) / np.float32(255)

    def oval(self, cx: float, cy: float, rx: float, ry: float, soft: float) -> NDArray[np.float32]:
        """A soft ellipse."""
        far = np.sqrt(((self.x - cx) / rx) ** 2 + ((self.y - cy) / ry) ** 2)
        return np.asarray(np.clip((1 + soft / 2 - far) / soft, 0, 1), np.float32)

    def picture(self) -> NDArray[np.float32]:
        """The painted picture, premultiplied, (S, S, 4), 0 to 255."""
        return np.concatenate([self.ink, 255 * self.alpha], axis=2)


def smooth(points: NDArray[np.float64], steps: int = 12) -> NDArray[np.float64]:
    """A closed Catmull-Rom spline."""
    a, b, c, d = (np.roll(points, shift, axis=0)[:, None] for shift in (1, 0, -1, -2))
    u = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3)
    return np.asarray(curve.reshape(-1, 2))
