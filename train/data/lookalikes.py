"""Groups of pictures that look alike, so that copies of one picture share a split."""

from __future__ import annotations

import cv2
import numpy as np

from monitor.core.types import Image

ALIKE = 0.92
"""Correlation of two 16×16 thumbnails above which pictures count as copies."""


def lookalikes(images: list[Image]) -> list[int]:
    """A number for each picture, equal for pictures connected by ``ALIKE`` thumbnails."""
    small = np.stack([cv2.resize(i, (16, 16), interpolation=cv2.INTER_AREA).ravel() for i in images]).astype(np.float32)
    small -= small.mean(axis=1, keepdims=True)
    small /= np.linalg.norm(small, axis=1, keepdims=True) + 1e-6
    group = list(range(len(images)))

    def root(n: int) -> int:
        while group[n] != n:
            n = group[n]
        return n

    for start in range(0, len(images), 512):
        a, b = np.nonzero(small[start : start + 512] @ small.T > ALIKE)
        for i, j in zip((a + start).tolist(), b.tolist(), strict=True):
            if i < j:
                group[root(j)] = root(i)
    return [root(n) for n in range(len(images))]
