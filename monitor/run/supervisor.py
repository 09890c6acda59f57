"""Supervises the worker from the main thread: detects a stuck worker, reports to systemd and the health file."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from monitor.core.incidents import Incidents
from monitor.run.worker import Worker
from monitor.system.machine import rss_mb

log = logging.getLogger("monitor")

PAUSE_S = 2.0
"""A longer pause between two ticks means that the whole process was suspended, not that the worker is stuck."""


class Reporter(Protocol):
    """Receives reports on the run, as ``Service`` does."""

    def alive(self) -> None:
        """Confirms progress."""

    def due(self) -> bool:
        """Whether it is time for the next report."""

    def report(self, status: str, facts: Mapping[str, Any]) -> None:
        """Takes a report."""


class Supervisor:
    """Supervises the worker; the main thread calls ``tick`` several times a second.

    Args:
        worker: The worker.
        incidents: Faults of the machine.
        service: Receives the reports.
        stuck_s: A worker without progress for this long is stuck.
        facts: Further entries of the health file.
        clock: Monotonic seconds.

    Attributes:
        chores: Functions called at each tick, such as the actions of the web page.
    """

    def __init__(
        self,
        worker: Worker,
        incidents: Incidents,
        service: Reporter,
        stuck_s: float,
        facts: Callable[[], dict[str, Any]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._incidents, self._service = worker, incidents, service
        self._stuck_s, self._facts, self._clock = stuck_s, facts, clock
        self.chores: list[Callable[[], None]] = []
        self._beats = -1
        self._advanced = self._looked = self._frame_at = clock()
        self._frames = 0
        self._rate, self._counted, self._counted_at = 0.0, 0, clock()

    @property
    def wrong(self) -> list[str]:
        """The open faults, such as "camera lost"."""
        return self._incidents.open

    def tick(self) -> bool:
        """Checks the worker once.

        Returns:
            False when the worker is stuck: the run must end without waiting for its thread.
        """
        for chore in self.chores:
            chore()
        now = self._clock()
        pause, self._looked = now - self._looked, now
        if pause > PAUSE_S:
            self._advanced += pause
        if self._worker.beats != self._beats:
            self._beats, self._advanced = self._worker.beats, now
            self._service.alive()
        if self._worker.frames != self._frames:
            self._frames, self._frame_at = self._worker.frames, now
        if self._service.due():
            self._report(now)
        if now - self._advanced < self._stuck_s or self._worker.done.is_set():
            return True
        log.error("error: the worker has been stuck for %.0f s, after frame %d", now - self._advanced, self._frames)
        self._worker.failed = f"stuck for {now - self._advanced:.0f} s"
        return False

    def _report(self, now: float) -> None:
        if now > self._counted_at:
            self._rate = (self._frames - self._counted) / (now - self._counted_at)
        self._counted, self._counted_at = self._frames, now
        wrong = self._incidents.open
        latest = self._worker.latest
        faces = len(latest.faces) if latest is not None else 0
        state = ", ".join(wrong) if wrong else "fine"
        self._service.report(
            f"{state}; {self._rate:.1f} fps, {faces} face{'' if faces == 1 else 's'} in view",
            {
                "state": "trouble" if wrong else "fine", "wrong": wrong, "frames": self._frames,
                "fps": round(self._rate, 2), "last_frame_s": round(now - self._frame_at, 1),
                "faces": faces, "rss_mb": round(rss_mb(), 1), **self._facts(),
            },
        )  # fmt: skip
