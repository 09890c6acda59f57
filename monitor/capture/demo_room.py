"""Paints the demo's room, out of focus behind its people."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from monitor.core.types import Image


@lru_cache(maxsize=1)
def room(width: int, height: int) -> Image:
    """A room out of focus: wall, window with trees, lamp, shelf and a plant; (height, width, 3) uint8 BGR."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = columns / width, rows / height
    glow = np.exp(-(((x - 0.8) / 0.45) ** 2 + ((y - 0.25) / 0.5) ** 2))
    wall = np.array([186, 200, 206], np.float32) * (0.8 + 0.26 * glow - 0.12 * y)[:, :, None]
    out = wall.astype(np.uint8)
    plain = out.copy()

    def at(px: float, py: float) -> tuple[int, int]:
        return round(px * width), round(py * height)

    cv2.rectangle(out, at(0.63, 0.06), at(0.95, 0.5), (150, 158, 160), -1)
    cv2.rectangle(out, at(0.645, 0.08), at(0.935, 0.48), (244, 232, 206), -1)
    for cx, cy, r, color in ((0.7, 0.46, 0.09, (140, 190, 150)), (0.82, 0.5, 0.12, (120, 176, 128)),
                             (0.92, 0.47, 0.08, (150, 198, 160))):  # fmt: skip
        cv2.circle(out, at(cx, cy), round(r * width), color, -1)
    below = round(0.49 * height)
    out[below:] = plain[below:]
    out[:, round(0.95 * width) :] = plain[:, round(0.95 * width) :]
    cv2.rectangle(out, at(0.785, 0.07), at(0.797, 0.49), (168, 176, 178), -1)
    cv2.rectangle(out, at(0.61, 0.485), at(0.97, 0.515), (196, 204, 206), -1)
    for top, books in ((0.27, ((0.05, 0.024, 0.13, (96, 74, 168)), (0.08, 0.02, 0.11, (90, 140, 196)),
                               (0.105, 0.026, 0.14, (128, 104, 70)), (0.138, 0.02, 0.12, (80, 120, 92)),
                               (0.165, 0.024, 0.1, (110, 160, 206)))),
                       (0.47, ((0.13, 0.022, 0.12, (150, 116, 84)), (0.158, 0.03, 0.1, (84, 84, 150)),
                               (0.195, 0.02, 0.13, (120, 150, 120))))):  # fmt: skip
        for left, wide, high, color in books:
            cv2.rectangle(out, at(left, top - high), at(left + wide, top), color, -1)
        cv2.rectangle(out, at(0.02, top), at(0.26, top + 0.018), (92, 120, 150), -1)
    cv2.circle(out, at(0.075, 0.42), round(0.024 * width), (90, 150, 96), -1)
    cv2.circle(out, at(0.06, 0.39), round(0.018 * width), (104, 168, 108), -1)
    cv2.rectangle(out, at(0.058, 0.43), at(0.094, 0.47), (90, 110, 190), -1)
    soft = cv2.GaussianBlur(out, (0, 0), 0.011 * width).astype(np.float32)
    soft *= (1 - 0.22 * ((x - 0.5) ** 2 + (y - 0.45) ** 2) * 2)[:, :, None]
    return np.asarray(np.clip(soft, 0, 255), np.uint8)
