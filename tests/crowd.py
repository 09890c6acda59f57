"""Photographs of many demo faces, and demo faces that something covers."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.capture import demo
from monitor.core.types import Image

HEAD = (90, 90, 340, 350)
"""x1, y1, x2, y2 of the first actor's head at ``HAPPY_S``; the face is 0.76 as wide."""
HAPPY_S = 5.5


def head() -> Image:
    """The head of the demo's first actor, happy, (260, 250, 3) BGR."""
    x1, y1, x2, y2 = HEAD
    return demo.render(HAPPY_S)[y1:y2, x1:x2]


def group(columns: int, rows: int, size: tuple[int, int] = (1280, 960)) -> Image:
    """A picture of ``columns`` × ``rows`` heads before a wall, (height, width, 3) BGR."""
    width, height = size
    picture = np.full((height, width, 3), (120, 130, 125), np.uint8)
    cell = (width // columns, height // rows)
    scale = min(cell[0] / 250, cell[1] / 260) * 0.94
    small = cv2.resize(head(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for row in range(rows):
        for column in range(columns):
            top, left = row * cell[1], column * cell[0]
            picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    return picture


def with_mask(picture: Image, box: tuple[float, float, float, float], level: int = 20) -> Image:
    """The picture with a mask over the lower half of the face in a Haar box."""
    x1, y1, x2, _ = box
    side = x2 - x1
    shape = [(0.08, 0.58), (0.5, 0.46), (0.92, 0.58), (0.88, 0.9), (0.62, 1.13), (0.38, 1.13), (0.12, 0.9)]
    corners = np.array([(x1 + u * side, y1 + v * side) for u, v in shape])
    return _filled(picture, corners, level)


def with_sunglasses(picture: Image, box: tuple[float, float, float, float], level: int = 15) -> Image:
    """The picture with dark glasses over the eyes of the face in a Haar box."""
    x1, y1, x2, _ = box
    side = x2 - x1
    out = picture
    for u in (0.29, 0.71):
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        corners = np.stack([x1 + (u + 0.2 * np.cos(angles)) * side, y1 + (0.37 + 0.14 * np.sin(angles)) * side], axis=1)
        out = _filled(out, corners, level)
    return out


def _filled(picture: Image, corners: np.ndarray, level: int) -> Image:
    out = picture.copy()
    cv2.fillPoly(out, [np.round(corners * 16).astype(np.int32)], (level,) * 3, cv2.LINE_AA, 4)
    return out
