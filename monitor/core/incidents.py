"""Incidents of the machine rather than of a face: camera lost, disk full, clock jumped.

Any thread may report them; they become events when the worker takes them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, NamedTuple

from monitor.core.lifecycle import Occurrence
from monitor.core.types import Event

NO_FACE = 0
"""``Event.face`` of an incident."""
WARNING = 1
"""``Event.level`` of an incident."""


class _Note(NamedTuple):
    """A report that has not become an event yet."""

    phase: str
    id: int
    kind: str
    data: dict[str, Any]


class Incidents:
    """Collects incidents; each has one start, one end and its own id.

    Ids are negative, so that they differ from the ids of all other events in the same log.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[_Note] = []
        self._open: dict[tuple[str, str], int] = {}
        self._begun: dict[int, float] = {}
        self._last = 0

    @property
    def open(self) -> list[str]:
        """Kinds of the ongoing incidents, such as "camera lost", in the order in which they began."""
        with self._lock:
            return [f"{kind} {state}" for kind, state in self._open]

    def begin(self, kind: str, state: str, **data: Any) -> bool:
        """Reports a start; returns False, and reports nothing, when the incident is already ongoing."""
        with self._lock:
            if (kind, state) in self._open:
                return False
            self._last -= 1
            self._open[kind, state] = self._last
            self._notes.append(_Note("start", self._last, kind, {"state": state, **data}))
            return True

    def end(self, kind: str, state: str, **data: Any) -> bool:
        """Reports an end; returns False, and reports nothing, when the incident was not ongoing."""
        with self._lock:
            known = self._open.pop((kind, state), None)
            if known is None:
                return False
            self._notes.append(_Note("end", known, kind, {"state": state, **data}))
            return True

    def moment(self, kind: str, state: str, **data: Any) -> None:
        """Reports an incident that begins and ends at once."""
        self.begin(kind, state, **data)
        self.end(kind, state, **data)

    def take(self, t: float, wall: float) -> list[Event]:
        """Turns the reports since the last call into events; ends carry ``duration_s``.

        Args:
            t: Now, in seconds on the frame clock.
            wall: Now, in seconds since the epoch.
        """
        with self._lock:
            notes, self._notes = self._notes, []
        return self._events(notes, t, wall)

    def finish(self, t: float, wall: float) -> list[Event]:
        """Ends the ongoing incidents at the end of a session; see ``take``."""
        with self._lock:
            notes, self._notes = self._notes, []
            for (kind, state), known in self._open.items():
                notes.append(_Note("end", known, kind, {"state": state, "cut": True}))
            self._open.clear()
        return self._events(notes, t, wall)

    def _events(self, notes: Iterable[_Note], t: float, wall: float) -> list[Event]:
        events = []
        for note in notes:
            start = t if note.phase == "start" else self._begun.pop(note.id, t)
            one = Occurrence(note.kind, note.id, start, t, wall, NO_FACE, WARNING, WARNING, note.data)
            if note.phase == "start":
                self._begun[note.id] = t
                events.append(one.started())
            else:
                events.append(one.ended())
        return events
