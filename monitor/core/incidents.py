"""Happenings of the machine rather than of a face: camera lost, disk full, clock jumped.

They are reported from whatever thread notices them and become events when the worker takes them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitor.core.types import Event

NO_FACE = 0
"""``Event.face`` of a happening that concerns nobody."""
WARNING = 1


@dataclass(frozen=True, slots=True)
class _Note:
    phase: str
    id: int
    kind: str
    data: dict[str, Any]


class Incidents:
    """Collects happenings; each has one start, one end and an id of its own.

    Ids are negative, so that they never meet those of faces and expressions in the same log.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[_Note] = []
        self._open: dict[tuple[str, str], int] = {}
        self._begun: dict[int, float] = {}
        self._last = 0

    @property
    def open(self) -> list[str]:
        """What is wrong now, such as "camera lost", in the order it began."""
        with self._lock:
            return [f"{kind} {state}" for kind, state in self._open]

    def begin(self, kind: str, state: str, **data: Any) -> bool:
        """Something began; False (and nothing else) when it is known already."""
        with self._lock:
            if (kind, state) in self._open:
                return False
            self._last -= 1
            self._open[kind, state] = self._last
            self._notes.append(_Note("start", self._last, kind, {"state": state, **data}))
            return True

    def end(self, kind: str, state: str, **data: Any) -> bool:
        """Something ended; False when it had not begun."""
        with self._lock:
            known = self._open.pop((kind, state), None)
            if known is None:
                return False
            self._notes.append(_Note("end", known, kind, {"state": state, **data}))
            return True

    def moment(self, kind: str, state: str, **data: Any) -> None:
        """Something that begins and ends at once."""
        self.begin(kind, state, **data)
        self.end(kind, state, **data)

    def take(self, t: float, wall: float) -> list[Event]:
        """What was reported since the last call, as events of now; ends carry ``duration_s``.

        Args:
            t: Now, in seconds on the frame clock.
            wall: Now, in seconds since the epoch.
        """
        with self._lock:
            notes, self._notes = self._notes, []
        return self._events(notes, t, wall)

    def finish(self, t: float, wall: float) -> list[Event]:
        """Ends what is still open, at the end of a session; see ``take``."""
        with self._lock:
            notes, self._notes = self._notes, []
            for (kind, state), known in self._open.items():
                notes.append(_Note("end", known, kind, {"state": state, "cut": True}))
            self._open.clear()
        return self._events(notes, t, wall)

    def _events(self, notes: Iterable[_Note], t: float, wall: float) -> list[Event]:
        events = []
        for note in notes:
            data = note.data
            if note.phase == "start":
                self._begun[note.id] = t
            else:
                data = {**data, "duration_s": round(max(0.0, t - self._begun.pop(note.id, t)), 3)}
            events.append(Event(note.kind, note.phase, note.id, t, wall, NO_FACE, WARNING, data))
        return events
