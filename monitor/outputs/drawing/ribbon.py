"""The timeline ribbon of one person: stacked probabilities over the last minute."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.outputs.drawing.history import STEP_S, History
from monitor.outputs.drawing.palette import colors
from monitor.outputs.drawing.sprite import Sprite

ORDER = ("happy", "surprise", "sad", "fear", "disgust", "angry", "neutral")
"""Order from the bottom up; neutral is on top."""
LEAST_S = 1.0
"""Seconds with a reading before a ribbon is shown; a photograph has none."""


@lru_cache(maxsize=4)
def _stack(labels: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The labels' columns from the bottom up, and their colors."""
    order = ORDER if set(ORDER) == set(labels) else labels
    return np.array([labels.index(name) for name in order]), np.array([colors(labels)[n] for n in order], np.float32)


def stacked(shares: NDArray[np.float32], height: int, labels: tuple[str, ...] = EMOTIONS) -> NDArray[np.uint8]:
    """Columns of stacked colors with smooth borders.

    Args:
        shares: (N, K) float32 over ``labels``; a column's sum is at most 1.
        height: In pixels.
        labels: Names of the shares.

    Returns:
        (height, N, 4) uint8 BGRA, premultiplied; nothing where a column has no share.
    """
    places, inks = _stack(labels)
    tops = np.cumsum(shares[:, places], axis=1) * height  # (N, K), from the bottom
    floors = np.concatenate([np.zeros((len(shares), 1), np.float32), tops[:, :-1]], axis=1)
    rows = np.arange(height - 1, -1, -1, dtype=np.float32)[:, None, None]
    coverage = np.clip(np.minimum(tops, rows + 1) - np.maximum(floors, rows), 0, 1)  # (height, N, K)
    ink = coverage @ inks
    return np.concatenate([ink, 255 * coverage.sum(axis=2, keepdims=True)], axis=2).clip(0, 255).astype(np.uint8)


class Ribbon:
    """Draws ribbons; keeps each person's columns until the next one is complete.

    Args:
        history: The readings.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._kept: dict[int, tuple[tuple[int, int], NDArray[np.uint8]]] = {}
        self._ready: set[int] = set()

    def ready(self, face_id: int, t: float) -> bool:
        """Whether a person has been read for long enough for a ribbon (``LEAST_S``)."""
        if face_id not in self._ready:
            columns = self._history.of(face_id, t).any(axis=1).sum()
            if columns * STEP_S < LEAST_S:
                return False
            self._ready.add(face_id)
        return True

    def draw(self, canvas: Image, face_id: int, t: float, box: tuple[int, int, int, int]) -> None:
        """Draws a person's ribbon.

        Args:
            canvas: The picture, changed in place.
            face_id: The person.
            t: Now, on the frame clock.
            box: x, y, width and height in pixels.
        """
        x, y, width, height = box
        if width < 2 or height < 2:
            return
        key = (int(t // STEP_S), height)
        kept = self._kept.get(face_id)
        if kept is None or kept[0] != key:
            kept = key, stacked(self._history.of(face_id, t), height, self._history.labels)
            self._kept[face_id] = kept
        scale = width / (self._history.columns - 1)
        # The newest column slides in while the next one fills.
        shift = -scale * (t / STEP_S - key[0])
        move = np.array([[scale, 0, shift], [0, 1, 0]], np.float64)
        drawn = cv2.warpAffine(kept[1], move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        through = cv2.cvtColor(255 - drawn[:, :, 3], cv2.COLOR_GRAY2BGR)
        ink = cv2.cvtColor(drawn, cv2.COLOR_BGRA2BGR)
        Sprite(ink.astype(np.uint8, copy=False), through.astype(np.uint8, copy=False)).onto(canvas, x, y)

    def forget(self, keep: set[int]) -> None:
        """Drops the columns of all persons except these."""
        for gone in self._kept.keys() - keep:
            del self._kept[gone]
        self._ready &= keep
