"""Exact and near duplicates: equal files, equal pictures, and equal faces.

Whole pictures are compared by the perceptual hash of ``imagehash`` (kept up since 2013, no model, 0.2 ms a picture);
faces by the hash of the upright crop (``train.data.neighbours``), which survives other cropping. Mirror images count.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from monitor.core.types import Image
from train.data import neighbours

NEAR = 6
"""Bits of 64 in which the hashes of two versions of one picture may differ."""
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
    pairs = _same_files(digests) + _near(hashes(images), hashes([image[:, ::-1] for image in images]))
    rows = [n for n, crop in enumerate(crops) if crop is not None]
    if rows:
        stacked = np.stack([crop for crop in crops if crop is not None])
        for group in neighbours.groups(stacked, np.ones(len(rows), bool)):
            members = [rows[int(n)] for n in group]
            pairs += list(pairwise(members))
    return connected(len(images), pairs)


def _same_files(digests: Sequence[str]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first[d], n) for n, d in enumerate(digests) if first.setdefault(d, n) != n]


def _near(plain: NDArray[np.float32], mirrored: NDArray[np.float32]) -> list[tuple[int, int]]:
    pairs = []
    least = plain.shape[1] - 2 * NEAR if len(plain) else 0
    for start in range(0, len(plain), CHUNK):
        own = plain[start : start + CHUNK]
        for others in (plain, mirrored):
            a, b = np.nonzero(own @ others.T >= least)
            pairs += [(int(i) + start, int(j)) for i, j in zip(a, b, strict=True) if int(i) + start < int(j)]
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
