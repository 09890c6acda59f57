"""Events of faces in view and of expressions that are held, with a start, updates and an end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.core.labels import UNKNOWN
from monitor.core.lifecycle import Occurrence
from monitor.core.types import Event, Face


@dataclass(slots=True)
class _Held:
    """An expression that is being held.

    Attributes:
        label: The expression.
        of: Its event; ``of.t`` is the time at which it was last shown.
        reported: Time of its last event in seconds.
        confidence: Its last confidence.
        peak: Its highest confidence before that.
        total: Sum of each confidence times the seconds it lasted, so that the mean does not depend on the frame rate.
    """

    label: str
    of: Occurrence
    reported: float
    confidence: float
    peak: float = 0.0
    total: float = 0.0

    def pass_to(self, t: float, wall: float) -> None:
        """Adds the last confidence to the total, up to ``t`` seconds."""
        self.total += self.confidence * max(0.0, t - self.of.t)
        self.of.t, self.of.wall = t, wall

    def ended(self, t: float, wall: float) -> Event:
        """Its end event at ``t`` seconds, with the mean and the peak of its confidence."""
        self.pass_to(t, wall)
        duration = t - self.of.start
        mean = self.total / duration if duration > 0 else self.confidence
        return self.of.ended(mean=round(mean, 4), peak=round(self.peak, 4))


class Episodes:
    """Turns the faces of each step into events.

    A face's event ends when the face is forgotten, not when it is briefly out of sight, which would end and restart it
    repeatedly. Its end has the time at which the face was last seen. Each shown label except "unknown" has its own
    event.

    Args:
        update_s: Seconds between two updates of a held expression.
        ids: The session's source of event ids; None = its own.
    """

    def __init__(self, update_s: float, ids: Iterator[int] | None = None) -> None:
        self._update_s = update_s
        self._ids = ids if ids is not None else itertools.count(1)
        self._faces: dict[int, Occurrence] = {}
        self._held: dict[int, _Held] = {}

    def update(self, faces: Sequence[Face], known: Iterable[int], t: float, wall: float) -> list[Event]:
        """Takes the faces of one step; returns the resulting events.

        Args:
            faces: Confirmed faces in view.
            known: Ids that are not forgotten yet.
            t: Frame time in seconds.
            wall: Seconds since the epoch.
        """
        events: list[Event] = []
        for face in faces:
            seen = self._faces.get(face.id)
            if seen is None:
                seen = self._faces[face.id] = Occurrence("face", next(self._ids), t, t, wall, face.id)
                events.append(seen.started())
            seen.t, seen.wall = t, wall
            events += self._label(face, t, wall)
        gone = set(self._faces) - set(known) - {face.id for face in faces}
        for face_id in sorted(gone):
            events += self._end(face_id)
        return events

    def finish(self) -> list[Event]:
        """Ends all open events, at the end of a session."""
        return [event for face_id in sorted(self._faces) for event in self._end(face_id)]

    def _label(self, face: Face, t: float, wall: float) -> list[Event]:
        """Starts, updates or ends the expression of one face."""
        events: list[Event] = []
        held = self._held.get(face.id)
        if held is not None and held.label != face.label:
            events.append(self._held.pop(face.id).ended(t, wall))
            held = None
        if face.label == UNKNOWN:
            return events
        confidence = round(face.confidence, 4)
        if held is None:
            new = Occurrence("emotion", next(self._ids), t, t, wall, face.id, data={"label": face.label})
            held = self._held[face.id] = _Held(face.label, new, t, face.confidence)
            events.append(new.started(confidence=confidence))
        held.pass_to(t, wall)
        if t - held.reported >= self._update_s:
            held.reported = t
            events.append(held.of.updated(confidence=confidence))
        held.confidence, held.peak = face.confidence, max(held.peak, face.confidence)
        return events

    def _end(self, face_id: int) -> list[Event]:
        """Ends the events of one face, at the time when it was last seen."""
        seen = self._faces.pop(face_id)
        held = self._held.pop(face_id, None)
        events = [held.ended(seen.t, seen.wall)] if held is not None else []
        return [*events, seen.ended(last_seen_t=round(seen.t, 3))]
