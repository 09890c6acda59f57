"""Log lines of a headless run: events of faces and of a driver, and a periodic status line.

Nothing here imports rich, which costs 55 ms at the start and 3 MB: a service shows no live view.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from monitor.core.types import Event, Face, Result
from monitor.expression.held import KIND as EXPRESSION_HELD
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.wording import driver_line, driver_text, face_notes, is_sign
from monitor.system.machine import rss_mb

log = logging.getLogger("monitor")

LINE_EVERY_S = 10.0
JOURNAL_LINE_EVERY_S = 600.0
"""The journal is stored, often on an SD card; ``systemctl status`` shows the current state."""


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
    """Logs a status line every ten seconds; for runs without a terminal."""

    def __init__(self, source: str, frames: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._frames, self._clock = source, frames, clock
        self._every_s = JOURNAL_LINE_EVERY_S if "JOURNAL_STREAM" in os.environ else LINE_EVERY_S
        self._next = clock() + self._every_s
        self._meter = RateMeter(clock)

    def update(self, result: Result | None, stats: StatsSink) -> None:
        """Logs a status line when one is due."""
        self._meter.update(stats.frames)
        if self._clock() < self._next or result is None:
            return
        self._next = self._clock() + self._every_s
        of = f" of {self._frames}" if self._frames else ""
        faces = ", ".join(map(_face, result.faces)) or "nobody in view"
        if result.driver is not None:
            faces += "; " + driver_text(result.driver)
        log.info(
            "%s: %d%s frames, %.1f fps, %.1f ms, %d dropped, %.0f MB; %s",
            self._source, stats.frames, of, self._meter.fps, result.latency_ms, result.dropped, rss_mb(), faces,
        )  # fmt: skip


def _face(face: Face) -> str:
    notes = face_notes(face)
    return f"{face.id} {face.label} ({notes})" if notes else f"{face.id} {face.label}"


class EventLines:
    """A sink that logs the start and end of each event as a line."""

    def handle(self, result: Result) -> None:
        """Logs the events of one frame."""
        self.tell(result.events)

    def tell(self, events: Sequence[Event]) -> None:
        """Logs events of faces and of a driver; events of the machine were logged where they were detected."""
        for event in events:
            if event.kind == "face":
                if event.phase != "update":
                    log.info("face %d %s", event.face, "appeared" if event.phase == "start" else "left")
            elif event.kind == "emotion":
                if event.phase == "start":
                    log.info("face %d: %s expression", event.face, event.data["label"])
            elif event.kind == EXPRESSION_HELD:
                over = ", over" if event.phase == "end" else ""
                log.info("face %d: %s for %.1f s%s", event.face, event.data["label"], event.data["duration_s"], over)
            elif is_sign(event):
                log.info("%s", driver_line(event))

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Any) -> None:
        """Does nothing: nothing is open."""
