"""Something that starts, goes on and ends, as events that share one id and do not flap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.core.types import Event

SPACING = 0.2
"""Updates of what lasts come ever more rarely: after this share of its duration, so that a night is not a log of it."""


class Happening:
    """Turns a level over time into start, update and end events.

    A start when the level rises above 0, an update when it changes and every ``update_s`` (more rarely
    the longer it lasts), an end when it has been 0 for ``release_s``; the end is dated back to the last moment
    above 0.

    Args:
        kind: The events' kind.
        ids: Source of event ids, shared by a session.
        update_s: Seconds between updates of the same level.
        release_s: Seconds at level 0 after which it is over.
    """

    def __init__(self, kind: str, ids: Iterator[int], update_s: float, release_s: float = 0.0) -> None:
        self.kind = kind
        self._ids, self._update_s, self._release_s = ids, update_s, release_s
        self._id: int | None = None
        self._start = self._on = self._on_wall = self._reported = 0.0
        self._level = self._peak = self._face = 0
        self._data: dict[str, Any] = {}

    @property
    def open(self) -> bool:
        """Whether it is going on."""
        return self._id is not None

    def update(
        self,
        level: int,
        t: float,
        wall: float,
        face: int,
        since: float | None = None,
        active: bool = True,
        **data: Any,
    ) -> list[Event]:
        """Takes the level at ``t`` seconds.

        Args:
            level: 0 = not the case; higher is worse.
            t: Seconds on the frame clock; one that goes back ends what was going on.
            wall: Seconds since the epoch.
            face: Whose; 0 = nobody's.
            since: When it really began, where that is known; ``duration_s`` counts from there.
            active: Whether it is the case at this very moment, or only not over yet: the end is dated by this.
            data: What else to tell; an end tells the last told while active.
        """
        events = self.finish() if self._id is not None and t < self._on else []
        if level <= 0:
            over = self._id is not None and t - self._on >= self._release_s
            return events + (self.finish() if over else [])
        new = self._id is None
        if new:
            self._id = next(self._ids)
            self._start = t if since is None else since
            self._level = self._peak = 0
        if active or new:
            self._on, self._on_wall, self._data, self._face = t, wall, data, face
        # A fall of what is not the case any more is kept, so that a rise is told, but not told itself.
        changed = level > self._level or (active and level != self._level)
        # What is not the case any more goes on until it is surely over, but is not told as if it were.
        due = active and t - self._reported >= max(self._update_s, SPACING * (t - self._start))
        self._level, self._peak = level, max(self._peak, level)
        if not (new or changed or due):
            return events
        self._reported = t
        duration = {} if new and since is None else {"duration_s": round(t - self._start, 3)}
        return [*events, self._event("start" if new else "update", t, wall, level, duration)]

    def finish(self) -> list[Event]:
        """Ends it, if it is going on."""
        if self._id is None:
            return []
        length = {"duration_s": round(self._on - self._start, 3), "peak_level": self._peak}
        event = self._event("end", self._on, self._on_wall, self._peak, length)
        self._id = None
        return [event]

    def _event(self, phase: str, t: float, wall: float, level: int, extra: dict[str, Any]) -> Event:
        assert self._id is not None
        return Event(self.kind, phase, self._id, t, wall, self._face, level, {**self._data, **extra})
