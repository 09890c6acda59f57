"""The event lifecycle: start, updates and end of a lasting condition, with one id and without rapid restarts.

Faces, held expressions, a driver's signs and faults of the machine all use ``Occurrence``. ``Lifecycle`` adds the
policy for a driver's signs: levels, a release time and updates at growing intervals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from monitor.core.types import Event

SPACING = 0.2
"""The pause between two updates grows to this share of the duration so far, so that an event that lasts all night does
not flood the log."""


@dataclass(slots=True)
class Occurrence:
    """A condition that has started and not ended yet; makes its events.

    Attributes:
        kind: Kind of its events.
        id: Id that its events share.
        start: Start in seconds on the frame clock; ``duration_s`` counts from here.
        t: When it was last active, in seconds on the frame clock.
        wall: The same in seconds since the epoch.
        face: Face id; 0 = no particular face.
        level: Current severity.
        peak: Highest severity so far.
        data: Data of every event.
    """

    kind: str
    id: int
    start: float
    t: float
    wall: float
    face: int = 0
    level: int = 0
    peak: int = 0
    data: dict[str, Any] = field(default_factory=dict)

    def started(self, **extra: Any) -> Event:
        """Its start, at ``t``."""
        return self._event("start", self.level, extra)

    def updated(self, **extra: Any) -> Event:
        """An update at ``t``, with ``extra`` and ``duration_s``."""
        return self._event("update", self.level, {**extra, "duration_s": self.duration_s})

    def ended(self, **extra: Any) -> Event:
        """Its end at ``t``, with ``duration_s`` and ``extra``."""
        return self._event("end", self.peak, {"duration_s": self.duration_s, **extra})

    @property
    def duration_s(self) -> float:
        """Seconds from ``start`` to ``t``, rounded to milliseconds; never negative."""
        return round(max(0.0, self.t - self.start), 3)

    def _event(self, phase: str, level: int, extra: dict[str, Any]) -> Event:
        return Event(self.kind, phase, self.id, self.t, self.wall, self.face, level, {**self.data, **extra})


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of a condition at one time.

    Attributes:
        level: 0 = inactive; a higher level is more severe.
        since: When it began, in seconds on the frame clock; None = now.
        active: Whether the condition holds at this moment. False = it no longer holds, but is not over yet; the end
            will have the time of the last active moment.
        data: Data of the events.
    """

    level: int
    since: float | None = None
    active: bool = True
    data: dict[str, Any] = field(default_factory=dict)


class Lifecycle:
    """Turns a level over time into start, update and end events.

    Gives a start when the level rises above 0, an update when the level changes and every ``update_s`` (at growing
    intervals, see ``SPACING``), and an end when the level has been 0 for ``release_s``. The end has the time of the
    last active moment.

    Args:
        kind: Kind of the events.
        ids: Source of event ids, shared by a session.
        update_s: Seconds between two updates of the same level.
        release_s: Seconds at level 0 after which it has ended.
    """

    def __init__(self, kind: str, ids: Iterator[int], update_s: float, release_s: float = 0.0) -> None:
        self.kind = kind
        self._ids, self._update_s, self._release_s = ids, update_s, release_s
        self._now: Occurrence | None = None
        self._reported = 0.0
        self._level = 0

    @property
    def open(self) -> bool:
        """Whether it has started and not ended."""
        return self._now is not None

    def update(self, seen: Observation, t: float, wall: float, face: int) -> list[Event]:
        """Takes the state at one time; returns the resulting events.

        Args:
            seen: The level and its data.
            t: Seconds on the frame clock; a time before the last one ends an open event.
            wall: Seconds since the epoch.
            face: Face id; 0 = no particular face.
        """
        events = self.finish() if self._now is not None and t < self._now.t else []
        if seen.level <= 0:
            over = self._now is not None and t - self._now.t >= self._release_s
            return events + (self.finish() if over else [])
        if self._now is None:
            return [*events, self._begin(seen, t, wall, face)]
        return events + self._go_on(self._now, seen, t, wall, face)

    def finish(self) -> list[Event]:
        """Ends the open event, if there is one."""
        if self._now is None:
            return []
        event = self._now.ended(peak_level=self._now.peak)
        self._now = None
        return [event]

    def _begin(self, seen: Observation, t: float, wall: float, face: int) -> Event:
        start = t if seen.since is None else seen.since
        now = Occurrence(self.kind, next(self._ids), start, t, wall, face, seen.level, seen.level, seen.data)
        self._now, self._level, self._reported = now, seen.level, t
        known = {} if seen.since is None else {"duration_s": round(t - start, 3)}
        return now.started(**known)

    def _go_on(self, now: Occurrence, seen: Observation, t: float, wall: float, face: int) -> list[Event]:
        if seen.active:
            now.t, now.wall, now.data, now.face = t, wall, seen.data, face
        # While inactive a fall of the level is stored but not reported, so that the next rise is reported.
        changed = seen.level > self._level or (seen.active and seen.level != self._level)
        due = seen.active and t - self._reported >= max(self._update_s, SPACING * (t - now.start))
        self._level, now.peak = seen.level, max(now.peak, seen.level)
        if not (changed or due):
            return []
        self._reported = t
        data = {**now.data, "duration_s": round(t - now.start, 3)}
        return [Event(self.kind, "update", now.id, t, wall, now.face, seen.level, data)]
