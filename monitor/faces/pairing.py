"""Pairing faces between frames: a cost for each pair, and the cheapest pairs first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeVar

from monitor.core.boxes import AnyBox

A = TypeVar("A")
B = TypeVar("B")
Cost = tuple[float, ...]


def pairing_cost(a: AnyBox, b: AnyBox) -> float:
    """Distance of the centres over the mean size plus 0.5·|log of the size ratio|; 0 for equal boxes.

    Unlike IoU it still ranks pairs when the boxes of a walking face no longer overlap, as at 8 frames per second.
    """
    size_a, size_b = (max(v[2] - v[0], v[3] - v[1], 1e-6) for v in (a, b))
    dx, dy = ((a[0] + a[2]) - (b[0] + b[2])) / 2, ((a[1] + a[3]) - (b[1] + b[3])) / 2
    return math.hypot(dx, dy) / ((size_a + size_b) / 2) + 0.5 * abs(math.log(size_a / size_b))


def cheapest_pairs(candidates: Iterable[tuple[Cost, A, B]]) -> list[tuple[A, B]]:
    """Greedy assignment: the cheapest pairs first, each partner at most once.

    Args:
        candidates: Cost, and the two partners, of each possible pair. Equal costs keep the given order. Partners are
            compared by identity.

    Returns:
        The chosen pairs, cheapest first.
    """
    pairs: list[tuple[A, B]] = []
    taken: set[int] = set()
    for _, a, b in sorted(candidates, key=lambda candidate: candidate[0]):
        if id(a) not in taken and id(b) not in taken:
            taken |= {id(a), id(b)}
            pairs.append((a, b))
    return pairs
