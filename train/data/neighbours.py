"""Near-duplicates among face crops: the same photograph recompressed, cropped again or mirrored.

A perceptual hash of the low frequencies (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash
Functions", the DCT hash), here of 143 bits.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

KEPT = 12
"""Frequencies of each axis that the hash keeps."""
NEAR = 22
"""Bits of 143 in which two pictures of one group may differ. Of the inspected pairs, those up to 22 bits apart show one
photograph; from 24 bits on, an increasing share shows two."""
CHUNK = 1000


def hashes(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The hash of each crop, a bit as -1 or 1.

    Args:
        images: (N, S, S) gray.

    Returns:
        (N, 143) float32.
    """
    out = np.empty((len(images), KEPT * KEPT - 1), np.float32)
    for row, image in enumerate(images):
        small = cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
        low = cv2.dct(small)[:KEPT, :KEPT].ravel()[1:]
        out[row] = np.where(low > np.median(low), 1.0, -1.0)
    return out


def groups(images: NDArray[np.uint8], asked: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Groups of near-duplicates, mirror images included, that contain at least one of the given rows.

    Args:
        images: (N, S, S) uint8 gray.
        asked: (N,) rows to look for.

    Returns:
        Row numbers of each group of two and more, ascending.
    """
    plain, mirrored = hashes(images), hashes(images[:, :, ::-1])
    parent = np.arange(len(images))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    bits = plain.shape[1]
    rows = np.flatnonzero(asked)
    for start in range(0, len(rows), CHUNK):
        own = rows[start : start + CHUNK]
        for others in (plain, mirrored):
            near = plain[own] @ others.T >= bits - 2 * NEAR
            for i, j in zip(*np.nonzero(near), strict=True):
                a, b = root(int(own[i])), root(int(j))
                parent[max(a, b)] = min(a, b)
    roots = np.array([root(row) for row in range(len(images))])
    order = np.argsort(roots, kind="stable")
    cuts = np.flatnonzero(np.diff(roots[order])) + 1
    return [group for group in np.split(order, cuts) if len(group) > 1]
