"""A headless run in plain lines: what happens to faces and a driver, and a status line now and then.

Nothing here imports rich: a service shows no live view, and the import costs 55 ms at the start and 3 MB.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from monitor.core.driver_state import FATIGUE_LEVELS, DriverState
from monitor.core.types import Event, Result
from monitor.driver import signs
from monitor.outputs.logs.stats import StatsSink
from monitor.system.machine import rss_mb

log = logging.getLogger("monitor")

LINE_EVERY_S = 10.0
JOURNAL_LINE_EVERY_S = 600.0
"""The journal is kept, often on an SD card; what is now stands in ``systemctl status``."""


class RateMeter:
    """Frames per second over about the last second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since, self._frames = clock(), 0
        self.fps = 0.0

    def update(self, frames: int) -> float:
        """Takes the number of frames processed so far; returns frames per second."""
        now = self._clock()
        if now - self._since >= 1.0 or (not self.fps and now > self._since):
            self.fps = (frames - self._frames) / (now - self._since)
            if now - self._since >= 1.0:
                self._since, self._frames = now, frames
        return self.fps


class PlainLines:
    """Log lines for a run without a terminal: what happens to faces, and a status line now and then."""

    def __init__(self, source: str, frames: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._frames, self._clock = source, frames, clock
        self._every_s = JOURNAL_LINE_EVERY_S if "JOURNAL_STREAM" in os.environ else LINE_EVERY_S
        self._next = clock() + self._every_s
        self._meter = RateMeter(clock)

    def __enter__(self) -> PlainLines:
        return self

    def __exit__(self, *exc: object) -> None:
        """Lines need no tidying up; the live view does."""

    def update(self, result: Result | None, stats: StatsSink) -> None:
        """Logs a status line when one is due."""
        self._meter.update(stats.frames)
        if self._clock() < self._next or result is None:
            return
        self._next = self._clock() + self._every_s
        of = f" of {self._frames}" if self._frames else ""
        faces = ", ".join(f"{f.id} {f.label}" for f in result.faces) or "nobody in view"
        if result.driver is not None:
            faces += "; " + driver_text(result.driver)
        log.info(
            "%s: %d%s frames, %.1f fps, %.1f ms, %d dropped, %.0f MB; %s",
            self._source, stats.frames, of, self._meter.fps, result.latency_ms, result.dropped, rss_mb(), faces,
        )  # fmt: skip


class EventLines:
    """A sink that logs each beginning and end as a plain line."""

    def handle(self, result: Result) -> None:
        """Logs the events of one frame."""
        self.tell(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Logs faces and a driver's events; of the machine's whoever noticed them has logged a line."""
        for event in events:
            if event.kind == "face" and event.phase != "update":
                log.info("face %d %s", event.face, "appeared" if event.phase == "start" else "left")
            elif event.kind == "emotion" and event.phase == "start":
                log.info("face %d: %s expression", event.face, event.data["label"])
            elif event.kind in signs.KINDS:
                log.info("%s", driver_line(event))

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self, last_events: Any) -> None:
        """Nothing is held open."""


def driver_line(event: Event) -> str:
    """A driver's event in a few words."""
    what = signs.BY_KIND[event.kind].words(event)
    if event.phase == "end":
        return f"driver: {what} over after {event.data['duration_s']:.1f} s"
    return f"driver: {what} (level {event.level})"


WARNINGS = ("", "notice", "warning", "ALARM")
"""What a driver's levels are called where they are shown."""


def going_on(state: DriverState) -> tuple[str, int]:
    """The gravest of what a driver does at this moment, in a few words, and its level, 0 to 3; "" and 0 for nothing."""
    level, what = signs.going_on(state)
    return (f"{WARNINGS[level]}: {what}", level) if level else ("", 0)


def headline(state: DriverState) -> tuple[str, int]:
    """What matters most about a driver, in a few words, and how grave it is, 0 to 3.

    Fatigue is what lasts; what goes on at this moment comes first where it is as grave.
    """
    fatigue = FATIGUE_LEVELS.index(state.level)
    now, level = going_on(state)
    if level and level >= fatigue:
        return now, level
    words = f"fatigue {state.level}" if fatigue else "no fatigue"
    return (f"{words}, {state.attention}" if state.judged else f"{state.attention}, last {words}"), fatigue


def driver_text(state: DriverState) -> str:
    """A driver's state in one line."""
    if state.calibrated < 1:
        parts = [f"calibrating {state.calibrated:.0%}"]
    else:
        parts = []
    parts.append(f"fatigue {state.fatigue:.0f} {state.level}{'' if state.judged else ' (last known)'}")
    parts.append(going_on(state)[0] or state.attention)
    if state.perclos is not None:
        parts.append(f"PERCLOS {state.perclos:.0%}")
    if state.blinks_per_min is not None:
        parts.append(f"{state.blinks_per_min:.0f} blinks/min")
    if state.yawns:
        parts.append(f"{state.yawns} yawns")
    return "driver: " + ", ".join(parts)
