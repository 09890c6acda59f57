"""Small pictures with transparency, rendered once and drawn onto many frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.palette import Color
from monitor.outputs.drawing.typeface import Style

FINE = 4
"""Factor by which rounded shapes are drawn larger and then shrunk, for smooth edges."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A picture to draw onto others: ``picture * through / 255 + ink``.

    Attributes:
        ink: (H, W, 3) uint8 BGR, premultiplied with its coverage.
        through: (H, W, 3) uint8, share of the picture below that remains, times 255.
    """

    ink: Image
    through: Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.ink.shape[1], self.ink.shape[0]

    def onto(self, canvas: Image, x: int, y: int) -> None:
        """Draws it onto a picture with its upper left corner at (x, y); parts outside are cut off."""
        height, width = self.ink.shape[:2]
        x1, y1, x2, y2 = max(0, x), max(0, y), min(canvas.shape[1], x + width), min(canvas.shape[0], y + height)
        if x1 >= x2 or y1 >= y2:
            return
        inside = slice(y1 - y, y2 - y), slice(x1 - x, x2 - x)
        part = canvas[y1:y2, x1:x2]
        kept = cv2.multiply(part, self.through[inside], scale=1 / 255)
        np.copyto(part, cv2.add(kept, self.ink[inside]))


class Layer:
    """Puts a sprite together from shapes and texts.

    Args:
        width: Of the sprite in pixels, at least 1.
        height: Likewise.
    """

    def __init__(self, width: int, height: int) -> None:
        self._ink = np.zeros((max(1, height), max(1, width), 3), np.float32)
        self._through = np.ones((max(1, height), max(1, width), 1), np.float32)

    def fill(self, coverage: NDArray[np.uint8], at: tuple[int, int], color: Color, opacity: float = 1.0) -> Layer:
        """Paints a color through a (h, w) uint8 coverage whose upper left corner lies at (x, y) >= 0."""
        x, y = at
        height = min(coverage.shape[0], self._ink.shape[0] - y)
        width = min(coverage.shape[1], self._ink.shape[1] - x)
        if height <= 0 or width <= 0:
            return self
        share = coverage[:height, :width, None].astype(np.float32) * (opacity / 255)
        part = slice(y, y + height), slice(x, x + width)
        self._ink[part] = self._ink[part] * (1 - share) + share * np.array(color, np.float32)
        self._through[part] *= 1 - share
        return self

    def text(self, text: str, at: tuple[int, int], color: Color, style: Style) -> Layer:
        """Writes a text whose baseline begins at (x, y)."""
        return self.fill(typeface.mask(text, style), (at[0], max(0, at[1] - style.above)), color)

    def sprite(self) -> Sprite:
        """The finished sprite."""
        through = np.repeat(np.rint(self._through * 255).astype(np.uint8), 3, axis=2)
        return Sprite(np.rint(self._ink).astype(np.uint8), np.ascontiguousarray(through))


@lru_cache(maxsize=256)
def rounded(width: int, height: int, radius: float) -> Image:
    """Coverage of a rectangle with round corners, (height, width) uint8."""
    width, height = max(1, width), max(1, height)
    radius = min(radius, width / 2, height / 2)
    r = round(radius * FINE)
    w, h = width * FINE, height * FINE
    fine = np.zeros((h, w), np.uint8)
    fine[r : h - r], fine[:, r : w - r] = 255, 255
    for cx in (r, w - 1 - r):
        for cy in (r, h - 1 - r):
            cv2.circle(fine, (cx, cy), r, 255, -1)
    return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


@lru_cache(maxsize=256)
def plate(width: int, height: int, radius: float, color: Color, opacity: float) -> Sprite:
    """A rectangle with round corners."""
    return Layer(width, height).fill(rounded(width, height, radius), (0, 0), color, opacity).sprite()


@lru_cache(maxsize=256)
def written(text: str, color: Color, style: Style) -> Sprite:
    """A text; its baseline lies ``style.above`` pixels below the sprite's top."""
    width = typeface.width(text, style)
    return Layer(width, style.above + style.below).text(text, (0, style.above), color, style).sprite()
