"""Happenings with a start, updates and an end: a face in view, an expression held."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.core.labels import UNKNOWN
from monitor.core.types import Event, Face


@dataclass(slots=True)
class _Open:
    """A happening that has not ended."""

    id: int
    start: float
    last: float
    last_wall: float
    reported: float
    label: str = ""
    confidence: float = 0.0
    peak: float = 0.0
    total: float = 0.0
    """Sum of each confidence times the seconds it lasted: a mean must not depend on the number of pictures."""

    def pass_to(self, t: float) -> None:
        """Lets the last confidence last until ``t`` seconds."""
        self.total += self.confidence * max(0.0, t - self.last)
        self.last = t


class Episodes:
    """Turns the faces of each step into events.

    A face's happening lasts until it is forgotten (not merely out of sight for a moment), so that
    nothing flaps; its end carries when it was last seen. Each shown label but "unknown" is an
    episode of its own.
    """

    def __init__(self, update_s: float, ids: Iterator[int] | None = None) -> None:
        """Takes seconds between updates and the session's source of event ids (default: its own)."""
        self._update_s = update_s
        self._ids = ids if ids is not None else itertools.count(1)
        self._faces: dict[int, _Open] = {}
        self._labels: dict[int, _Open] = {}

    def update(self, faces: Sequence[Face], known: Iterable[int], t: float, wall: float) -> list[Event]:
        """Takes one step's faces.

        Args:
            faces: Confirmed faces in view.
            known: Ids not forgotten yet.
            t: Frame time in seconds.
            wall: Seconds since the epoch.

        Returns:
            What began, went on or ended now.
        """
        events: list[Event] = []
        for face in faces:
            seen = self._faces.get(face.id)
            if seen is None:
                seen = self._faces[face.id] = self._open(t, wall)
                events.append(Event("face", "start", seen.id, t, wall, face.id))
            seen.last, seen.last_wall = t, wall
            events += self._label(face, t, wall)
        gone = set(self._faces) - set(known) - {face.id for face in faces}
        for face_id in sorted(gone):
            events += self._end(face_id)
        return events

    def finish(self) -> list[Event]:
        """Ends everything still open, at the end of a session."""
        events: list[Event] = []
        for face_id in sorted(self._faces):
            events += self._end(face_id)
        return events

    def _open(self, t: float, wall: float) -> _Open:
        return _Open(next(self._ids), t, t, wall, t)

    def _label(self, face: Face, t: float, wall: float) -> list[Event]:
        events: list[Event] = []
        episode = self._labels.get(face.id)
        if episode is not None and episode.label != face.label:
            events.append(self._end_label(face.id, t, wall))
            episode = None
        if face.label == UNKNOWN:
            return events
        if episode is None:
            episode = self._labels[face.id] = self._open(t, wall)
            episode.label = face.label
            events.append(
                Event("emotion", "start", episode.id, t, wall, face.id,
                      data={"label": face.label, "confidence": round(face.confidence, 4)})
            )  # fmt: skip
        elif t - episode.reported >= self._update_s:
            episode.reported = t
            data = {
                "label": face.label,
                "confidence": round(face.confidence, 4),
                "duration_s": round(t - episode.start, 3),
            }
            events.append(Event("emotion", "update", episode.id, t, wall, face.id, data=data))
        episode.pass_to(t)
        episode.confidence = face.confidence
        episode.peak = max(episode.peak, face.confidence)
        return events

    def _end_label(self, face_id: int, t: float, wall: float) -> Event:
        episode = self._labels.pop(face_id)
        episode.pass_to(t)
        duration = t - episode.start
        data = {
            "label": episode.label,
            "duration_s": round(duration, 3),
            "mean": round(episode.total / duration if duration > 0 else episode.confidence, 4),
            "peak": round(episode.peak, 4),
        }
        return Event("emotion", "end", episode.id, t, wall, face_id, data=data)

    def _end(self, face_id: int) -> list[Event]:
        seen = self._faces.pop(face_id)
        events = []
        if face_id in self._labels:
            events.append(self._end_label(face_id, seen.last, seen.last_wall))
        data = {"duration_s": round(seen.last - seen.start, 3), "last_seen_t": round(seen.last, 3)}
        events.append(Event("face", "end", seen.id, seen.last, seen.last_wall, face_id, data=data))
        return events
