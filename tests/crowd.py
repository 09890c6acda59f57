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
