"""Exact and near duplicates: equal files, equal pictures, and equal faces.

Whole pictures are compared by the perceptual hash of ``imagehash`` (kept up since 2013, no model, 0.2 ms a picture);
faces by the hash of the upright crop (``train.data.neighbours``) and, where these are similar, by the correlation of
the crops, which survives other cropping. Mirror images count.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from monitor.core.types import Image
from train.data import neighbours

NEAR = 6
"""Bits of 64 in which the hashes of two versions of one picture may differ."""
LIKE = 46
"""Bits of 143 in which the hashes of two crops may differ to be compared by ``agreement``: differently cropped versions
of a photograph are up to 46 bits apart in 33 of N = 37 cases, other faces less than 45 in 16 of N = 10,011 pairs."""
SAME = 0.87
"""Least agreement of two crops of one photograph: versions have 0.877 and more (N = 37), other faces of similar hashes
0.82 and less (15 of N = 16)."""
EDGE = 6
"""Pixels at each edge of a crop that are not compared, so that the middle may be shifted."""
SIZES = (0.93, 1.0, 1.07)
CHUNK = 1000


def hashes(images: Sequence[Image]) -> NDArray[np.float32]:
    """The perceptual hash of each gray picture, (N, 64), a bit as -1 or 1."""
    rows = [imagehash.phash(Pillow.fromarray(image)).hash.ravel() for image in images]
    return np.where(np.array(rows).reshape(len(rows), -1), 1.0, -1.0).astype(np.float32)


def groups(
    images: Sequence[Image], digests: Sequence[str], crops: Sequence[NDArray[np.uint8] | None]
) -> list[list[int]]:
    """Groups of versions of one picture.

    Args:
        images: N gray pictures of any size.
        digests: SHA-256 of their files.
        crops: The (48, 48) crop of each one's face, or None.

    Returns:
        Row numbers of each group of two or more, ascending.
    """
    pairs = _same_files(digests)
    pairs += _near(hashes(images), hashes([image[:, ::-1] for image in images]), NEAR)
    rows = [n for n, crop in enumerate(crops) if crop is not None]
    if rows:
        stacked = np.stack([crop for crop in crops if crop is not None])
        pairs += [(rows[a], rows[b]) for a, b in _same_faces(stacked)]
    return connected(len(images), pairs)


def _same_files(digests: Sequence[str]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first[d], n) for n, d in enumerate(digests) if first.setdefault(d, n) != n]


def _same_faces(crops: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs of upright crops (N, 48, 48) that show one photograph, mirrored or not."""
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    candidates = _near(neighbours.hashes(crops), neighbours.hashes(mirrored), LIKE)
    return [
        (a, b) for a, b in candidates if max(agreement(crops[a], crops[b]), agreement(crops[a], mirrored[b])) >= SAME
    ]


def agreement(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The largest correlation -1..1 of the middle of a crop with a part of another one, at three sizes."""
    middle = one[EDGE:-EDGE, EDGE:-EDGE]
    best = -1.0
    for size in SIZES:
        side = round(middle.shape[0] * size)
        part = cv2.resize(middle, (side, side), interpolation=cv2.INTER_LINEAR)
        best = max(best, float(cv2.matchTemplate(other, part, cv2.TM_CCOEFF_NORMED).max()))
    return best


def _near(plain: NDArray[np.float32], mirrored: NDArray[np.float32], bits: int) -> list[tuple[int, int]]:
    """Pairs of rows whose hashes differ in at most ``bits``, the second one mirrored or not."""
    pairs = []
    least = plain.shape[1] - 2 * bits if len(plain) else 0
    for start in range(0, len(plain), CHUNK):
        own = plain[start : start + CHUNK]
        for others in (plain, mirrored):
            a, b = np.nonzero(own @ others.T >= least)
            pairs += [(i, j) for i, j in zip((a + start).tolist(), b.tolist(), strict=True) if i < j]
    return pairs


def connected(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The connected groups of two or more among ``count`` rows."""
    parent = list(range(count))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    for a, b in pairs:
        parent[root(b)] = root(a)
    found: dict[int, list[int]] = {}
    for n in range(count):
        found.setdefault(root(n), []).append(n)
    return [members for members in found.values() if len(members) > 1]
