"""Keeps the newest frame of a live source, and reopens the source when it stops delivering."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from monitor.capture.condition import Condition
from monitor.capture.devicethread import DeviceThread
from monitor.capture.mailbox import Latest
from monitor.capture.source import Source
from monitor.core.incidents import Incidents
from monitor.core.types import Frame

log = logging.getLogger("monitor")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
"""First and longest pause in seconds between two attempts to open a source."""
MOST_HUNG = 3
"""Most abandoned threads that may hang in a driver; with this many, another attempt would hang as well."""
HUNG_S = 60.0
"""Seconds after which ``MOST_HUNG`` hanging attempts end the source, because only a new process can free the device."""
PAUSE_S = 2.0
"""A longer gap in seconds between two calls of ``tend`` means that this process was stopped, not that the camera
failed."""


class Tolerance(NamedTuple):
    """Time limits after which a live source counts as failed, in seconds.

    Attributes:
        stall_s: A source without a frame for this long is reopened, with growing pauses.
        frozen_s: Identical pictures for this long count as no picture; 0 = never.
        open_s: Longest time of an attempt to open it.
        give_up_s: A source without a frame for this long has ended; infinite = never, unless ``MOST_HUNG`` attempts
            hang in the driver for ``HUNG_S``.
    """

    stall_s: float
    frozen_s: float = 0.0
    open_s: float = 10.0
    give_up_s: float = 60.0


class Grabber:
    """Keeps a live source's newest frame in ``box``.

    The thread that takes the frames calls ``tend`` often. ``tend`` decides when to reopen the source and never waits.

    Args:
        source: The open source.
        reopen: Opens the source again.
        tolerance: Time limits after which the source counts as failed.
        incidents: Receives the reports of faults.
        clock: Monotonic seconds.

    Attributes:
        box: The newest frame.
        reopened: Number of times the source was reopened.
        ended: Whether reading has ended for good.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        tolerance: Tolerance,
        incidents: Incidents | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first, self._reopen, self._name = source, reopen, source.name
        self._tolerance, self._clock = tolerance, clock
        self._incidents = incidents or Incidents()
        self._condition = Condition(source.name, self._incidents, tolerance.stall_s, tolerance.frozen_s)
        self._lock = threading.Lock()
        self._device: DeviceThread | None = None
        self._abandoned: list[DeviceThread] = []
        self._number = 0
        self._last = self._tended = self._tried = clock()
        self._lost_at: float | None = None
        self._dark_s = 0.0  # from the last picture until its absence was detected
        self._hung_at: float | None = None
        self._wait = FIRST_WAIT_S
        self._fresh = self._may_reopen_frozen = True
        self.box = Latest()
        self.reopened = 0
        self.ended = False

    def start(self) -> None:
        """Starts reading."""
        with self._lock:  # a frame that the new thread puts waits until the thread is known
            self._last = self._tended = self._clock()
            self._device = DeviceThread(lambda: self._first, self._put)

    def _put(self, device: DeviceThread, frame: Frame) -> None:
        """Takes a frame, on the device's thread; frames of an abandoned device are discarded."""
        with self._lock:
            if device is not self._device:
                return
            self._last = self._clock()
            if not self._condition.see(frame.image, self._last):
                return
            self._fresh = True
            # Numbered here, so that a reopened camera does not start at 0 again.
            frame = replace(frame, index=self._number)
            self._number += 1
        self.box.put(frame)

    def tend(self) -> None:
        """Abandons a stalled device, reopens it and reports its return."""
        now = self._clock()
        gap, self._tended = now - self._tended, now
        if self.ended:
            return
        if gap > PAUSE_S:
            self._skip(now, gap)
            return
        device = self._device
        if device is None:
            self._try(now)
        elif device.done.is_set():
            self._fail(now, device.error or "the device closed")
        elif not device.opened.is_set():
            self._last = now  # the time without frames is counted from the end of the opening
            if now - self._tried >= self._tolerance.open_s:
                self._fail(now, "opening it does not finish")
        elif now - self._last >= self._tolerance.stall_s:
            self._fail(now, f"no new frame for {self._tolerance.stall_s:.1f} s")
        else:
            self._tend_running(now)

    def _skip(self, now: float, gap: float) -> None:
        """Excludes the time in which this process or the machine was suspended from every measurement."""
        with self._lock:
            self._last = min(now, self._last + gap)  # a picture may have arrived meanwhile
        self._tried += gap
        if self._lost_at is not None:
            self._lost_at += gap
        if self._hung_at is not None:
            self._hung_at += gap

    def _tend_running(self, now: float) -> None:
        """Handles a device that delivers pictures: resets the pause, or reopens it when its picture is frozen."""
        if self._condition.frozen:
            if self._may_reopen_frozen:  # only once: if reopening does not help, the scene itself is still
                self._may_reopen_frozen = False
                self._abandon(now)
            return
        self._may_reopen_frozen = True
        if self._fresh:
            self._wait = FIRST_WAIT_S
            if self._lost_at is not None:
                self._back(now, self._lost_at)

    def _back(self, now: float, since: float) -> None:
        away = now - since + self._dark_s
        log.warning("%s: back after %.1f s", self._name, away)
        self._incidents.end("camera", "lost", away_s=round(away, 3))
        self._lost_at = None

    def _fail(self, now: float, why: str) -> None:
        """Abandons a source that delivers nothing and plans the next attempt."""
        if self._lost_at is None:
            self._lost_at, self._dark_s = now, max(0.0, now - self._last)
            log.warning("%s: %s; reopening", self._name, why)
            self._incidents.begin("camera", "lost", reason=why)
        elif now - self._lost_at >= self._tolerance.give_up_s:
            self._give_up(why, now - self._lost_at)
        self._abandon(now)

    def _give_up(self, why: str, after_s: float) -> None:
        log.error("error: %s: %s; gave up after %.0f s", self._name, why, after_s)
        self.ended = True
        self.box.close()

    def _abandon(self, now: float) -> None:
        with self._lock:
            device, self._device = self._device, None
        if device is not None:
            device.abandon()
            self._abandoned.append(device)
        self._tried = now

    def _try(self, now: float) -> None:
        """Opens the source again once the pause is over."""
        self._abandoned = [device for device in self._abandoned if not device.done.is_set()]
        hung = len(self._abandoned)
        if hung < MOST_HUNG:
            self._hung_at = None
        elif self._hung_at is None:
            self._hung_at = now
        elif now - self._hung_at >= HUNG_S:
            why = f"{hung} attempts hang in the driver; restart the program"
            self._give_up(why, now - self._hung_at)
            return
        if now - self._tried < self._wait:
            return
        self._tried = now
        if hung >= MOST_HUNG:
            self._fail(now, f"{hung} attempts hang in the driver")
            return
        self._wait = min(LONGEST_WAIT_S, self._wait * 2)
        self.reopened += 1
        with self._lock:
            self._last, self._fresh = now, False
            self._device = DeviceThread(self._reopen, self._put)

    def stop(self, timeout: float = 1.0) -> None:
        """Ends reading; a thread that hangs in the driver is abandoned (it is a daemon)."""
        self.ended = True
        device = self._device
        with self._lock:
            self._device = None
        if device is not None:
            device.abandon()
            device.done.wait(timeout)
        self.box.close()
