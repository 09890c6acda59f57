"""Runs the pipeline over the frames of a feed and reports the time between frames; uses no thread and no sink."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from monitor.core.driver_state import DriverState
from monitor.core.incidents import Incidents
from monitor.core.types import Event, Frame, Result
from monitor.run.governor import EFFORTS, Governor
from monitor.run.mounting import Mounting
from monitor.settings.config import PerformanceConfig
from monitor.system.machine import asleep_s

log = logging.getLogger("monitor")

BLIND_S = 1.0
"""A live source without a frame for this long makes the last result outdated."""
JUMP_S = 2.0
"""Change of the offset between wall clock and monotonic clock, from one frame to the next, that counts as a jump."""


class Steps(Protocol):
    """The engine as ``Pipeline`` implements it."""

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        """Analyses one frame."""

    def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
        """Reports that a live source gives no frames at time ``t``."""

    def set_effort(self, search: float, read: float, width: float) -> None:
        """Scales the intervals of searches and readings and the width of the searched picture."""


class Stepper:
    """Turns the frames of one feed into results; the worker thread and the Python API share it.

    It decides which live frames are processed (``Governor``), reports gaps between live frames to the pipeline, and
    notices jumps of the wall clock. One thread owns it.

    Args:
        pipeline: The engine.
        live: Whether frame times are on the monotonic clock. Files have neither gaps nor a governor.
        incidents: Receives clock jumps and changes of the effort.
        governor: Chooses the effort for a live feed.
        clock: Monotonic seconds.
        asleep: Seconds that the machine has been suspended so far.

    Attributes:
        latest: The newest result; without faces while a live source gives no frames. None before the first one.
        governor: See above.
        mounting: Finds out how a live camera is mounted; None = pictures are not turned.
    """

    mounting: Mounting | None = None

    def __init__(
        self,
        pipeline: Steps,
        *,
        live: bool,
        incidents: Incidents | None = None,
        governor: Governor | None = None,
        clock: Callable[[], float] = time.monotonic,
        asleep: Callable[[], float] = asleep_s,
    ) -> None:
        self._pipeline, self._live, self._clock = pipeline, live, clock
        self._incidents = incidents if incidents is not None else Incidents()
        self._wall_clock = _WallClock(self._incidents, asleep)
        self._t = self._wall = 0.0
        self._blind = False
        self._events: list[Event] = []
        self.governor = governor if governor is not None else Governor(PerformanceConfig())
        self.latest: Result | None = None

    def now(self) -> tuple[float, float]:
        """The current time on the frame clock and since the epoch, in seconds; for files that of the last frame."""
        return (self._clock(), time.time()) if self._live else (self._t, self._wall)

    def accepts(self, frame: Frame) -> bool:
        """Registers a frame.

        Returns:
            Whether it is to be processed. The governor leaves live frames out to save work.
        """
        self._t, self._wall = frame.t, frame.wall
        if self._live:
            self._wall_clock.check(frame)
            if not self.governor.wants(frame.t):
                return False
        if self._blind:
            # The gap ends at the time of the first frame, because the seconds before it are unknown.
            self._blind = False
            self._events += self._pipeline.blind(frame.t, frame.wall)[1]
        return True

    def step(self, frame: Frame, dropped: int) -> Result:
        """Analyses an accepted frame.

        Args:
            frame: The frame.
            dropped: Frames that the live mailbox has overwritten so far.

        Raises:
            Exception: Whatever the pipeline raises; the next frame may be tried.
        """
        if self.mounting is not None:
            frame = self.mounting.upright(frame)
        result = self._pipeline.step(frame, dropped, latency_from=frame.t if self._live else None)
        self.latest = result
        if self.mounting is not None:
            self.mounting.learn(result)
        if self._live and self.governor.update(frame.t, sum(result.timings_ms.values()) / 1e3):
            self._change_effort()
        return result

    def idle(self) -> None:
        """Registers that no frame arrived; the pipeline becomes blind when a live source delivers none for ``BLIND_S``.

        Otherwise an invisible driver would remain "attentive".
        """
        if not self._live or self.latest is None:
            return
        t, wall = self.now()
        if t - self._t < BLIND_S:
            return
        # Back-dated, so that a frame in flight does not make time run backwards.
        state, events = self._pipeline.blind(t - BLIND_S / 2, wall - BLIND_S / 2)
        self._blind = True
        self._events += events
        self.latest = replace(self.latest, faces=(), driver=state)

    def take_events(self) -> list[Event]:
        """Events about gaps between frames since the last call; they belong to no frame."""
        events, self._events = self._events, []
        return events

    def take_incidents(self) -> list[Event]:
        """Events about the machine since the last call, such as a lost camera."""
        return self._incidents.take(*self.now())

    def _change_effort(self) -> None:
        """Passes a new effort on to the pipeline and logs it once."""
        level, effort = self.governor.level, self.governor.effort
        self._pipeline.set_effort(effort.search, effort.read, effort.width)
        self._incidents.end("load", "degraded")
        if level:
            log.warning("too much for this machine (%s): degraded to step %d of %d, intervals x%g, width x%g",
                        self.governor.reason, level, len(EFFORTS) - 1, effort.search, effort.width)  # fmt: skip
            self._incidents.begin("load", "degraded", step=level, because=self.governor.reason)
        else:
            log.info("no longer degraded")


class _WallClock:
    """Notices jumps of the wall clock (NTP, a board without a battery). Only timestamps in the logs depend on it."""

    def __init__(self, incidents: Incidents, asleep: Callable[[], float]) -> None:
        self._incidents, self._asleep = incidents, asleep
        self._offset: float | None = None
        self._slept = asleep()

    def check(self, frame: Frame) -> None:
        """Compares both clocks of a live frame with those of the one before."""
        offset = frame.wall - frame.t
        by = 0.0 if self._offset is None else offset - self._offset
        self._offset = offset
        if abs(by) <= JUMP_S:
            # A frame grabbed before a suspend may be taken after it; only a later frame reveals the suspend.
            return
        slept, self._slept = self._slept, self._asleep()
        by -= self._slept - slept  # the monotonic clock stands still during a suspend
        if abs(by) > JUMP_S:
            log.warning("the wall clock jumped by %+.1f s; timestamps follow it, video_time does not", by)
            self._incidents.moment("clock", "jumped", by_s=round(by, 3))
