"""Running totals of a session, for the live view, ``summary.json`` and the table at the end."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.core.labels import UNKNOWN
from monitor.core.types import Event, Result
from monitor.expression.held import KIND as EXPRESSION_HELD
from monitor.outputs.logs.shares import Shares
from monitor.outputs.wording import is_sign

MOST_FACES = 1000
"""Most faces with their own totals; older faces share one total, so that memory stays bounded over a year."""
OF_FACES = ("face", EXPRESSION_HELD)
"""Kinds of events about single faces, which are not counted."""
LONGEST_GAP_S = 1.0
"""A longer interval between two frames is not credited to any label."""


class Histogram:
    """Percentiles of positive numbers in constant memory, from bins 2 % apart between 0.01 and 10^6."""

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self.count = 0

    def add(self, value: float) -> None:
        """Counts one value."""
        self._bins[round(math.log(min(max(value, 0.01), 1e6)) / 0.02)] += 1
        self.count += 1

    def percentile(self, share: float) -> float:
        """The value below which ``share`` (0..1) of the values lie, within 1 %; 0 without values."""
        rest = share * self.count
        for index in sorted(self._bins):
            rest -= self._bins[index]
            if rest <= 0:
                return math.exp(index * 0.02)
        return 0.0


@dataclass(slots=True)
class FaceStats:
    """Totals of one face.

    Attributes:
        seconds: Maps each label to the seconds for which it was shown.
        first: Time of its first frame in seconds on the frame clock.
        last: Time of its last frame.
        frames: Number of frames with it.
        label: The label shown last.
    """

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    first: float = 0.0
    last: float = 0.0
    frames: int = 0
    label: str = UNKNOWN


class StatsSink:
    """Collects the figures of the summary.

    Attributes:
        faces: Maps a face id to its totals, for the last ``MOST_FACES`` faces.
        earlier: Number of older faces, whose total is ``earlier_seconds``.
        frames: Processed frames.
        dropped: Frames overwritten before they were processed.

    Args:
        longest_gap_s: Longest interval between two frames that is credited, for sources below 2 Hz.
    """

    def __init__(self, longest_gap_s: float = 0.0) -> None:
        self._longest_gap = max(LONGEST_GAP_S, longest_gap_s)
        self.faces: dict[int, FaceStats] = {}
        self.earlier = 0
        self.earlier_seconds: defaultdict[str, float] = defaultdict(float)
        self.frames = 0
        self.frames_with_face = 0
        self.dropped = 0
        self.latency = Histogram()
        self.stages: dict[str, Histogram] = {}
        self.episodes: Counter[str] = Counter()
        self.judged_s = 0.0
        self._shares = Shares(self._longest_gap)
        self.happened: Counter[str] = Counter()
        self._start_t = 0.0
        self._last_t: float | None = None

    def handle(self, result: Result) -> None:
        """Counts one frame."""
        t = result.frame.t
        if self._last_t is None:
            self._start_t = t
        dt = t - self._last_t if self._last_t is not None else 0.0
        dt = dt if 0 <= dt <= self._longest_gap else 0.0
        self._last_t = t
        self.frames += 1
        self.frames_with_face += bool(result.faces)
        self.dropped = result.dropped
        self.latency.add(result.latency_ms)
        for name, ms in result.timings_ms.items():
            self.stages.setdefault(name, Histogram()).add(ms)
        for face in result.faces:
            stats = self.faces.get(face.id)
            if stats is None:
                stats = self.faces[face.id] = FaceStats(first=t)
            else:
                stats.seconds[face.label] += dt
            stats.last, stats.label = t, face.label
            stats.frames += 1
        while len(self.faces) > max(MOST_FACES, len(result.faces)):
            self._fold()
        if result.driver is not None:
            self.judged_s += self._shares.see(t, result.driver.attention) * result.driver.judged
        self._count_events(result.events)

    def _fold(self) -> None:
        """Adds the face that was seen longest ago to the older ones."""
        gone = self.faces.pop(min(self.faces, key=lambda face: (self.faces[face].last, face)))
        self.earlier += 1
        for label, seconds in gone.seconds.items():
            self.earlier_seconds[label] += seconds

    def _count_events(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.phase != "start":
                continue
            if event.kind == "emotion":
                self.episodes[str(event.data["label"])] += 1
            elif event.kind not in OF_FACES and (event.kind == "calibrating" or is_sign(event)):
                self.happened[event.kind] += 1

    def tell(self, events: Sequence[Event]) -> None:
        """Counts events between frames; the time without frames until then counts as not judged."""
        self._pass_blind(events)
        self._count_events(events)

    def _pass_blind(self, events: Sequence[Event]) -> None:
        for event in events:
            self._shares.pass_blind(event.t)

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Counts the time without frames at the end."""
        self._pass_blind(last_events)

    @property
    def duration_s(self) -> float:
        """Time between the first and the last frame, on the frame clock."""
        return (self._last_t - self._start_t) if self._last_t is not None else 0.0

    def summary(self, elapsed_s: float) -> dict[str, Any]:
        """All totals as plain numbers, for JSON.

        Args:
            elapsed_s: Processing time in seconds.
        """
        return {
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "dropped": self.dropped,
            "duration_s": round(self.duration_s, 3),
            "elapsed_s": round(elapsed_s, 3),
            "fps": round(self.frames / elapsed_s, 2) if elapsed_s > 0 else 0.0,
            "latency_ms": {"p50": _ms(self.latency, 0.5), "p95": _ms(self.latency, 0.95)},
            "stages_ms": {n: {"p50": _ms(h, 0.5), "p95": _ms(h, 0.95)} for n, h in self.stages.items()},
            "episodes": dict(sorted(self.episodes.items())),
            **self._earlier_summary(),
            **self._driver_summary(),
            "faces": {str(i): _face_summary(s) for i, s in sorted(self.faces.items())},
        }

    def _driver_summary(self) -> dict[str, Any]:
        """Shares of the drive and number of events; empty outside driver mode."""
        attention = self._shares.seconds
        total = sum(attention.values())
        if not total:
            return {}
        shares = {name: round(seconds / total, 4) for name, seconds in sorted(attention.items())}
        happened = {kind: self.happened[kind] for kind in sorted(self.happened)}
        return {"driver": {"attention": shares, "eyes_judged": round(self.judged_s / total, 4), "events": happened}}

    def _earlier_summary(self) -> dict[str, Any]:
        """Totals of the older faces; empty without any."""
        if not self.earlier:
            return {}
        seconds = {label: round(value, 3) for label, value in sorted(self.earlier_seconds.items())}
        return {"earlier_faces": {"count": self.earlier, "seconds": seconds}}


def _ms(histogram: Histogram, share: float) -> float:
    return round(histogram.percentile(share), 2)


def _face_summary(stats: FaceStats) -> dict[str, Any]:
    total = sum(stats.seconds.values())
    return {
        "in_view_s": round(stats.last - stats.first, 3),
        "frames": stats.frames,
        "seconds": {k: round(v, 3) for k, v in sorted(stats.seconds.items())},
        "share": {k: round(v / total, 4) if total else 0.0 for k, v in sorted(stats.seconds.items())},
    }
