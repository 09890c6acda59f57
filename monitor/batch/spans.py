"""Cuts long recordings into spans, and joins face ids where two spans meet.

Reading begins ``overlap_s`` before each span's own part, so that trackers and smoothers are settled by then. Both spans
read the frames of the overlap; ids with matching boxes there are joined (intersection over union).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.core.boxes import iou

SAME = 0.5
"""Least mean intersection over union of two ids of the same person."""


@dataclass(frozen=True, slots=True)
class Span:
    """One part of a recording, in seconds.

    Attributes:
        index: Number of the span, from 0.
        read_from: Time at which reading begins.
        start: Time from which rows count.
        end: Time at which they end; infinite for the last span.
    """

    index: int
    read_from: float
    start: float
    end: float


def plan(duration_s: float, span_s: float, overlap_s: float) -> list[Span]:
    """Spans of about equal length that cover a recording.

    Args:
        duration_s: Length; 0 or less = unknown, which gives one span.
        span_s: Wanted length of a span; 0 = do not cut.
        overlap_s: Seconds by which reading begins before the span, except for the first span.
    """
    if duration_s <= 0 or span_s <= 0 or duration_s <= 1.5 * span_s:
        return [Span(0, 0.0, 0.0, math.inf)]
    count = math.ceil(duration_s / span_s)
    edges = [duration_s * n / count for n in range(count)]
    return [
        Span(n, max(0.0, start - overlap_s) if n else 0.0, start, edges[n + 1] if n + 1 < count else math.inf)
        for n, start in enumerate(edges)
    ]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Boxes with ids, in order of time.

    Attributes:
        t: (N,) seconds.
        face: (N,) int64 ids.
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
    """

    t: NDArray[np.float64]
    face: NDArray[np.int64]
    boxes: NDArray[np.float32]

    def within(self, start: float, end: float) -> Sightings:
        """The boxes with ``start`` <= t < ``end``."""
        mine = (self.t >= start) & (self.t < end)
        return Sightings(self.t[mine], self.face[mine], self.boxes[mine])


def same_people(before: Sightings, after: Sightings) -> dict[int, int]:
    """Maps ids of ``after`` to ids of ``before`` by their boxes at the same times.

    Each id is used once; the pair with the largest mean agreement is joined first.
    """
    agreement: dict[tuple[int, int], list[float]] = {}
    places = {round(float(t), 3): np.flatnonzero(before.t == t) for t in np.unique(before.t)}
    for n in range(len(after.t)):
        rows = places.get(round(float(after.t[n]), 3))
        if rows is None:
            continue
        for row in rows:
            pair = (int(after.face[n]), int(before.face[row]))
            agreement.setdefault(pair, []).append(float(iou(after.boxes[n], before.boxes[row])))
    ranked = sorted(((float(np.mean(v)), -len(v), pair) for pair, v in agreement.items()), reverse=True)
    joined: dict[int, int] = {}
    for mean, _, (new, old) in ranked:
        if mean >= SAME and new not in joined and old not in joined.values():
            joined[new] = old
    return joined
