"""Several pictures on one: the cameras of a run side by side in the window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from monitor.core.types import Image

BACKGROUND = 24
"""Gray level between the pictures and of cameras without one."""
GAP = 4
"""Pixels between two pictures."""


def tiled(pictures: Sequence[Image | None], width: int, height: int) -> Image:
    """Lays pictures out in rows, each shrunk to fit its tile with its proportions kept.

    Args:
        pictures: (H, W, 3) uint8 BGR, each of any size; None = no picture yet. At least one.
        width: Of the result in pixels.
        height: Of the result in pixels.

    Returns:
        (height, width, 3) uint8 BGR.
    """
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    wall = np.full((height, width, 3), BACKGROUND, np.uint8)
    across, down = (width - GAP * (columns - 1)) // columns, (height - GAP * (rows - 1)) // rows
    for number, picture in enumerate(pictures):
        if picture is None:
            continue
        scale = min(1.0, across / picture.shape[1], down / picture.shape[0])
        size = max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))
        small = picture if scale == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        row, column = divmod(number, columns)
        x = column * (across + GAP) + (across - small.shape[1]) // 2
        y = row * (down + GAP) + (down - small.shape[0]) // 2
        wall[y : y + small.shape[0], x : x + small.shape[1]] = small
    return wall
