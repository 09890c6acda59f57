"""``drive.csv``: one row per minute of a drive, for reports that do not need every frame."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, FATIGUE_LEVELS, TURNED, UNJUDGED, DriverState
from monitor.core.types import Event, Result
from monitor.driver.signs import SIGNS
from monitor.outputs.logs.column import Column, fixed
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.shares import Shares

LONGEST_GAP_S = 1.0
"""A longer interval between two frames counts as not judged."""
MINUTE_S = 60.0
COUNTED = {sign.kind: sign.counted_as for sign in SIGNS if sign.counted_as}
"""Maps each kind of event to its column."""
FIRST_COUNTED, LATER_COUNTED = ("yawn", "eyes_closed", "away", "anger_like"), ("distraction", "head_droops")
"""Signs counted in columns before the fatigue columns, and those added later, which follow at the end in this order."""


@dataclass(slots=True)
class Minute:
    """Sums over one minute.

    Attributes:
        session: Name of the session.
        number: Minutes since the first frame.
        wall: Seconds since the epoch at its start.
        states: Maps each state of attention to the seconds credited to it.
        started: Maps each kind of event to the number of its starts.
        judged_s: Credited seconds: the time between frames that are close enough together.
        fatigue_s: Fatigue score times seconds.
        eyes_s: Seconds with an openness of the eyes.
        open_s: Openness times those seconds.
        fatigue_max: Highest fatigue score.
        level_max: Highest fatigue level, index into ``FATIGUE_LEVELS``.
        last: The driver's state in its last frame.
    """

    session: str
    number: int
    wall: float
    states: dict[str, float] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    judged_s: float = 0.0
    fatigue_s: float = 0.0
    eyes_s: float = 0.0
    open_s: float = 0.0
    fatigue_max: float = 0.0
    level_max: int = 0
    last: DriverState | None = None

    @property
    def seconds(self) -> float:
        """Frame time in this minute."""
        return sum(self.states.values())

    def take(self, state: DriverState, dt: float) -> None:
        """Adds one frame's state, which holds for ``dt`` seconds."""
        self.judged_s += dt
        self.fatigue_s += dt * state.fatigue
        if state.eyes is not None:
            self.eyes_s += dt
            self.open_s += dt * state.eyes
        self.fatigue_max = max(self.fatigue_max, state.fatigue)
        self.level_max = max(self.level_max, FATIGUE_LEVELS.index(state.level))
        self.last = state


def _share(state: str) -> Callable[[Minute], float]:
    return lambda minute: minute.states.get(state, 0.0) / minute.seconds if minute.seconds else 0.0


def count_column(kind: str, name: str) -> Column[Minute]:
    """A column with the number of events of a kind that began in the minute."""
    return Column(name, lambda minute: minute.started[kind])


def _last(name: str, digits: int) -> Column[Minute]:
    """A column with an attribute of the minute's last state."""
    return Column(name, lambda minute: None if minute.last is None else getattr(minute.last, name), fixed(digits))


DRIVE: tuple[Column[Minute], ...] = (
    Column("session", lambda minute: minute.session),
    Column("minute", lambda minute: minute.number),
    Column("timestamp", lambda minute: iso_time(minute.wall)),
    Column("seconds", lambda minute: minute.seconds, fixed(1)),
    Column("attentive", _share(ATTENTIVE), fixed(3)),
    Column("eyes_shut", _share(EYES_SHUT), fixed(3)),
    Column("turned_away", _share(TURNED), fixed(3)),
    Column("absent", _share(ABSENT), fixed(3)),
    Column("cannot_judge", _share(UNJUDGED), fixed(3)),
    _last("calibrated", 2),
    Column("eyes_mean", lambda minute: minute.open_s / minute.eyes_s if minute.eyes_s else None, fixed(3)),
    _last("blinks_per_min", 1),
    _last("perclos", 3),
    *(count_column(kind, COUNTED[kind]) for kind in FIRST_COUNTED),
    Column("fatigue_mean", lambda minute: minute.fatigue_s / minute.judged_s if minute.judged_s else 0.0, fixed(1)),
    Column("fatigue_max", lambda minute: minute.fatigue_max, fixed(1)),
    Column("level_max", lambda minute: FATIGUE_LEVELS[minute.level_max]),
    *(count_column(kind, COUNTED[kind]) for kind in LATER_COUNTED),
)
"""Add new columns only at the end."""
DRIVE_COLUMNS = tuple(column.name for column in DRIVE)
DRIVE_INTEGERS = frozenset({"minute", *COUNTED.values()})
DRIVE_TEXTS = frozenset({"session", "timestamp", "level_max"})


class DriveSink:
    """Sums up each minute of frame time and writes its row as soon as the minute is over.

    ``attentive``, ``eyes_shut``, ``turned_away``, ``absent`` and ``cannot_judge`` are shares of the minute's
    ``seconds``; the events are those that began in it.

    Args:
        path: The file; an existing one is continued.
        session: Name of the session, the first column.

    Attributes:
        lines: The file.
    """

    def __init__(self, path: Path, session: str) -> None:
        self.lines = LineLog(path, ",".join(column.name for column in DRIVE) + "\n")
        self._writer = csv.writer(self.lines, lineterminator="\n")
        self._session = session
        self._start: float | None = None
        self._shares = Shares(LONGEST_GAP_S)
        self._minute = Minute(session, 0, 0.0)

    def handle(self, result: Result) -> None:
        """Takes one frame; frames without a driver's state are ignored."""
        state, t = result.driver, result.frame.t
        if state is None:
            return
        if self._start is None:
            self._start, self._minute.wall = t, result.frame.wall
        if self._shares.is_blind(t):
            self._leave_out(t, result.frame.wall)
        number = int((t - self._start) // MINUTE_S)
        if number != self._minute.number:
            self._write()
            self._begin(number, result.frame.wall)
        self._minute.take(state, self._shares.see(t, state.attention))
        self._count(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Counts events between frames; the time without frames until then counts as not judged."""
        self._pass_blind(events)
        self._count(events)

    def flush(self) -> None:
        """Retries rows that could not be written."""
        self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes the last, unfinished minute and closes the file.

        Raises:
            OSError: The remaining rows cannot be written.
        """
        self._pass_blind(last_events)
        if self._start is not None:
            self._write()
        self.lines.finish()

    def _begin(self, number: int, wall: float) -> None:
        self._minute = Minute(self._session, number, wall)
        self._shares.seconds.clear()

    def _pass_blind(self, events: Sequence[Event]) -> None:
        for event in events:
            if self._shares.is_blind(event.t):
                self._leave_out(event.t, event.wall)

    def _leave_out(self, t: float, wall: float) -> None:
        """Credits an interval without frames that ends at ``t`` to its minutes, and writes the finished minutes."""
        assert self._start is not None
        while (end := self._start + MINUTE_S * (self._minute.number + 1)) <= t:
            self._shares.leave_out(end)
            self._write()
            self._begin(self._minute.number + 1, wall - (t - end))
        self._shares.leave_out(t)

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self._minute.started[event.kind] += event.phase == "start"

    def _write(self) -> None:
        self._minute.states = dict(self._shares.seconds)
        self._writer.writerow([column.cell(self._minute) for column in DRIVE])
        self.lines.flush()
