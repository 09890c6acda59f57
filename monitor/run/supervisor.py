"""The main thread's eye on the run: a worker that is stuck, what systemd and the health file are told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from monitor.core.incidents import Incidents
from monitor.outputs.logs.stats import StatsSink
from monitor.run.service import Service
from monitor.run.worker import Worker
from monitor.system.machine import rss_mb

log = logging.getLogger("monitor")

PAUSE_S = 2.0
"""Between two looks of ours: a longer pause means that the whole process stood still, not the worker."""


class Supervisor:
    """Looks after the worker; the main thread calls ``tick`` several times a second.

    Args:
        worker: The worker.
        stats: Its totals.
        incidents: What is wrong with the machine.
        service: Who is told.
        stuck_s: The worker must get on within this time.
        facts: More for the health file, such as whether a recording runs.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        worker: Worker,
        stats: StatsSink,
        incidents: Incidents,
        service: Service,
        stuck_s: float,
        facts: Callable[[], dict[str, Any]] = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker, self._stats, self._incidents, self._service = worker, stats, incidents, service
        self._stuck_s, self._facts, self._clock = stuck_s, facts, clock
        self._beats = -1
        self._advanced = self._looked = self._frame_at = clock()
        self._frames = 0
        self._rate, self._counted, self._counted_at = 0.0, 0, clock()

    @property
    def wrong(self) -> list[str]:
        """What is amiss now, in words."""
        return self._incidents.open

    def tick(self) -> bool:
        """One look.

        Returns:
            False when the worker is stuck: the run must end, and its thread cannot be waited for.
        """
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
            self._tell(now)
        if now - self._advanced < self._stuck_s or self._worker.done.is_set():
            return True
        log.error("error: the worker has been stuck for %.0f s, after frame %d", now - self._advanced, self._frames)
        self._worker.failed = f"stuck for {now - self._advanced:.0f} s"
        return False

    def _tell(self, now: float) -> None:
        if now > self._counted_at:
            self._rate = (self._frames - self._counted) / (now - self._counted_at)
        self._counted, self._counted_at = self._frames, now
        wrong = self._incidents.open
        latest = self._worker.latest
        faces = len(latest.faces) if latest is not None else 0
        state = ", ".join(wrong) if wrong else "fine"
        self._service.tell(
            f"{state}; {self._rate:.1f} fps, {faces} face{'' if faces == 1 else 's'} in view",
            {
                "state": "trouble" if wrong else "fine", "wrong": wrong, "frames": self._frames,
                "fps": round(self._rate, 2), "last_frame_s": round(now - self._frame_at, 1),
                "dropped": self._stats.dropped, "faces": faces, "rss_mb": round(rss_mb(), 1), **self._facts(),
            },
        )  # fmt: skip
