"""Exact and near duplicates: equal files, equal pictures, and equal photographs of a face.

The perceptual hash of ``imagehash`` (maintained since 2013, no model, 0.2 ms a picture) proposes whole pictures, and
the aligned picture of a face proposes photographs that were cropped differently; ``train.clean.aligned.agreement``
decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from monitor.core.types import Image
from train.clean.aligned import Agreement, Aligned, agreement, align, whole
from train.clean.faces import Face

ALIKE = 10
"""Most differing bits, of 64, of the hashes of two pictures that are compared as a whole."""


class Least(NamedTuple):
    """Least agreement of versions of one photograph.

    Attributes:
        alone: Detail that decides alone.
        detail: Detail that decides if the light agrees, too.
    """

    alone: float
    detail: float


FRAMED = Least(0.979, 0.945)
"""For whole pictures of similar hashes: versions of one picture have a detail of 0.96 and more (watermarked ones
least), other pictures 0.92 and less, average faces of the demo source up to 0.977 (N = 442 pairs)."""
RESEMBLES = 0.89
"""Least product of two signatures to compare the faces."""
SAME = Least(0.987, 0.978)
"""For faces: versions of one photograph (recompressed, mirrored, cropped) have 0.993 and more, other faces 0.971 and
less, average faces of the demo source up to 0.984 (N = 427 pairs)."""
LIGHT = 0.97
"""Least agreement of the light of two versions without a watermark: they have 0.993 and more (N = 90), average faces of
the demo source 0.963 and less."""
CHUNK = 1000


def hashes(images: Sequence[Image]) -> NDArray[np.float32]:
    """The perceptual hash of each gray picture, (N, 64), a bit as -1 or 1."""
    rows = [imagehash.phash(Pillow.fromarray(image)).hash.ravel() for image in images]
    return np.where(np.array(rows, bool).reshape(-1, 64), 1.0, -1.0).astype(np.float32)


def groups(images: Sequence[Image], digests: Sequence[str], faces: Sequence[Face]) -> list[list[int]]:
    """Groups of versions of one picture.

    Args:
        images: N gray pictures of any size.
        digests: SHA-256 of their files.
        faces: The face of each one.

    Returns:
        Row numbers of each group of two or more, ascending.
    """
    pairs = _same_files(digests)
    plain, mirrored = hashes(images), hashes([np.ascontiguousarray(image[:, ::-1]) for image in images])
    for a, b, turned, _ in similar(plain, mirrored, plain.shape[1] - 2 * ALIKE):
        if one_photograph(_agree(whole(images[a]), whole(images[b]), turned), FRAMED):
            pairs.append((a, b))
    lain = [align(image, face) for image, face in zip(images, faces, strict=True)]
    pairs += _same_faces(lain, pairs)
    return connected(len(images), pairs)


def one_photograph(found: Agreement, least: Least) -> bool:
    """Whether two pictures of this agreement are versions of one photograph."""
    return found.detail >= least.alone or (found.detail >= least.detail and found.light >= LIGHT)


def _same_files(digests: Sequence[str]) -> list[tuple[int, int]]:
    first: dict[str, int] = {}
    return [(first[d], n) for n, d in enumerate(digests) if first.setdefault(d, n) != n]


def _same_faces(lain: Sequence[Aligned | None], known: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of rows from one photograph of a face, mirrored or not; known pairs are not compared again."""
    rows = [n for n, one in enumerate(lain) if one is not None]
    shown = [one for one in lain if one is not None]
    if not rows:
        return []
    done = set(known)
    plain = np.stack([one.signature() for one in shown])
    mirrored = np.stack([one.mirrored().signature() for one in shown])
    return [
        (rows[a], rows[b])
        for a, b, turned, _ in similar(plain, mirrored, RESEMBLES)
        if (rows[a], rows[b]) not in done and one_photograph(_agree(shown[a], shown[b], turned), SAME)
    ]


def _agree(one: Aligned, other: Aligned, turned: bool) -> Agreement:  # noqa: FBT001
    return agreement(one, other.mirrored() if turned else other)


def similar(
    plain: NDArray[np.float32], mirrored: NDArray[np.float32], least: float
) -> Iterator[tuple[int, int, bool, float]]:
    """Pairs of rows a < b whose product is at least ``least``, with the second one mirrored or not.

    Args:
        plain: (N, F) rows.
        mirrored: (N, F) rows of the mirror images.
        least: Smallest product.
    """
    for start in range(0, len(plain), CHUNK):
        own = plain[start : start + CHUNK]
        for turned, others in ((False, plain), (True, mirrored)):
            products = own @ others[start:].T
            for a, b in zip(*np.nonzero(products >= least), strict=True):
                if a < b:
                    yield int(a) + start, int(b) + start, turned, float(products[a, b])


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
