"""``drive.csv``: one row per minute of a drive, for whoever reads the drive and not the frames."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, FATIGUE_LEVELS, TURNED, UNJUDGED
from monitor.core.types import Event, Result
from monitor.driver.signs import SIGNS
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.shares import Shares

COUNTS = {sign.kind: sign.counted_as for sign in SIGNS if sign.counted_as}
"""Column with the number of events that began in the minute, by their kind."""
FIRST_COUNTS = {kind: COUNTS[kind] for kind in ("yawn", "eyes_closed", "away", "anger_like")}
MORE_COUNTS = {kind: column for kind, column in COUNTS.items() if kind not in FIRST_COUNTS}
"""Counts that were added later stand at the end: the columns of an existing file never move."""
COLUMNS = (
    "session", "minute", "timestamp", "seconds", "attentive", "eyes_shut", "turned_away", "absent", "cannot_judge",
    "calibrated", "eyes_mean", "blinks_per_min", "perclos", *FIRST_COUNTS.values(),
    "fatigue_mean", "fatigue_max", "level_max", *MORE_COUNTS.values(),
)  # fmt: skip
LONGEST_GAP_S = 1.0
"""In a longer pause between two frames nothing could be judged."""


class DriveSink:
    """Sums each minute of the frame clock up and writes it as soon as it is over.

    ``attentive``, ``eyes_shut``, ``turned_away``, ``absent`` and ``cannot_judge`` are shares of the minute's
    ``seconds``; the events are those that began in it.

    Args:
        path: The file; an existing one is continued.
        session: Text of the first column.

    Attributes:
        lines: The file.
    """

    def __init__(self, path: Path, session: str) -> None:
        self.lines = LineLog(path, ",".join(COLUMNS) + "\n")
        self._session = session
        self._start: float | None = None
        self._shares = Shares(LONGEST_GAP_S)
        self._reset(0, 0.0)

    def _reset(self, minute: int, wall: float) -> None:
        self._minute, self._wall = minute, wall
        self._shares.seconds.clear()
        self._events: Counter[str] = Counter()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._fatigue_max, self._level = 0.0, 0
        self._last_state: tuple[str, str, str] = ("", "", "")

    def handle(self, result: Result) -> None:
        """Takes one frame; frames without a driver's state are none of a drive."""
        state, t = result.driver, result.frame.t
        if state is None:
            return
        if self._start is None:
            self._start, self._wall = t, result.frame.wall
        if self._shares.is_blind(t):
            self._leave_out(t, result.frame.wall)
        self._minute_of(t, result.frame.wall)
        dt = self._shares.see(t, state.attention)
        self._sums["known"] += dt
        self._sums["fatigue"] += dt * state.fatigue
        if state.eyes is not None:
            self._sums["eyes"] += dt * state.eyes
            self._sums["eyes_s"] += dt
        self._fatigue_max = max(self._fatigue_max, state.fatigue)
        self._level = max(self._level, FATIGUE_LEVELS.index(state.level))
        blinks = "" if state.blinks_per_min is None else f"{state.blinks_per_min:.1f}"
        perclos = "" if state.perclos is None else f"{state.perclos:.3f}"
        self._last_state = (f"{state.calibrated:.2f}", blinks, perclos)
        self._count(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Counts what happened while no pictures came; in the time until then nothing could be judged."""
        self._pass_blind(events)
        self._count(events)

    def _pass_blind(self, events: Sequence[Event]) -> None:
        for event in events:
            if self._shares.is_blind(event.t):
                self._leave_out(event.t, event.wall)

    def _leave_out(self, t: float, wall: float) -> None:
        """Credits a pause that ends at ``t`` to the minutes it took, and writes those that are over."""
        assert self._start is not None
        while (end := self._start + 60.0 * (self._minute + 1)) <= t:
            self._shares.leave_out(end)
            self._write()
            self._reset(self._minute + 1, wall - (t - end))
        self._shares.leave_out(t)

    def _minute_of(self, t: float, wall: float) -> None:
        """Writes the minute that is over, where ``t`` lies in another one."""
        assert self._start is not None
        minute = int((t - self._start) // 60)
        if minute != self._minute:
            self._write()
            self._reset(minute, wall)

    def flush(self) -> None:
        """Tries again to write what the disk did not take."""
        self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes the last, unfinished minute and closes the file.

        Raises:
            OSError: Rows were left that the disk does not take.
        """
        self._pass_blind(last_events)
        if self._start is not None:
            self._write()
        self.lines.finish()

    def _count(self, events: Sequence[Event]) -> None:
        for event in events:
            self._events[event.kind] += event.phase == "start"

    def _write(self) -> None:
        states, known = self._shares.seconds, self._sums["known"]
        seconds = sum(states.values())
        shares = [
            states[name] / seconds if seconds else 0.0 for name in (ATTENTIVE, EYES_SHUT, TURNED, ABSENT, UNJUDGED)
        ]
        eyes = f"{self._sums['eyes'] / self._sums['eyes_s']:.3f}" if self._sums["eyes_s"] else ""
        calibrated, blinks, perclos = self._last_state
        events, more = ([str(self._events[kind]) for kind in kinds] for kinds in (FIRST_COUNTS, MORE_COUNTS))
        cells = [
            self._session, str(self._minute), iso_time(self._wall), f"{seconds:.1f}", *(f"{s:.3f}" for s in shares),
            calibrated, eyes, blinks, perclos, *events,
            f"{self._sums['fatigue'] / known if known else 0.0:.1f}", f"{self._fatigue_max:.1f}",
            FATIGUE_LEVELS[self._level], *more,
        ]  # fmt: skip
        self.lines.write(",".join(cells) + "\n")
        self.lines.flush()
