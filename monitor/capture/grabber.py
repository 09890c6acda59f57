"""Reading a live source on a thread of its own, and replacing that thread when the device fails it.

A driver can hang for ever inside ``read`` or ``open``. Such a thread cannot be ended, only left behind:
whatever it brings later is thrown away, and it closes its device itself should it ever return.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from monitor.capture.condition import Condition
from monitor.capture.mailbox import Latest
from monitor.capture.source import Source
from monitor.core.incidents import Incidents
from monitor.core.types import Frame

log = logging.getLogger("monitor")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0
MOST_HUNG = 3
"""Threads left behind in a driver; while so many hang, another attempt would only hang as well."""
HUNG_S = 60.0
"""So long may they all hang; after that only a new process is rid of them, so waiting on would be for nothing."""
PAUSE_S = 2.0
"""Between two looks of ours: a longer pause means that this process stood still, not the camera."""


class Reader:
    """One device and the thread that opens and reads it.

    Attributes:
        error: Why it could not be opened, None while it is fine.
        opened: Set once it is open.
        done: Set when the thread has ended and the device is closed.
    """

    def __init__(self, open_source: Callable[[], Source], put: Callable[[Reader, Frame], None]) -> None:
        self._open_source, self._put = open_source, put
        self._quit = threading.Event()
        self.error: str | None = None
        self.opened = threading.Event()
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Asks the thread to close its device as soon as it can; does not wait."""
        self._quit.set()

    def _run(self) -> None:
        try:
            source = self._open_source()
        except Exception as error:
            self.error = (str(error).splitlines() or [type(error).__name__])[0]
            self.done.set()
            return
        self.opened.set()
        try:
            while not self._quit.is_set():
                frame = self._read(source)
                if frame is None:
                    self._quit.wait(0.01)
                else:
                    self._put(self, frame)
        finally:
            with contextlib.suppress(Exception):  # a driver that fails to close must not end the waiting for it
                source.close()
            self.done.set()

    def _read(self, source: Source) -> Frame | None:
        """One read; a driver that raises counts as one that gave no frame."""
        try:
            return source.read()
        except Exception as error:
            log.debug("%s: read failed: %s", source.name, error)
            return None


class Grabber:
    """Keeps a live source's newest frame in ``box``; reopens the source when it stops giving new ones.

    ``tend`` decides; whoever takes the frames calls it often. It never waits.

    Args:
        source: The open source.
        reopen: Opens it again.
        stall_s: No frame for this long: the device is left and opened again, with growing pauses.
        frozen_s: The very same picture for this long counts as no picture; 0 = never.
        incidents: Where trouble is reported.
        open_s: Time an attempt to open may take.
        give_up_s: Without a frame for this long it is gone for good; infinite = never, unless the driver
            holds ``MOST_HUNG`` attempts for ``HUNG_S``.
        clock: Monotonic seconds.

    Attributes:
        box: Where the frames go.
        reopened: How often the source had to be opened again.
        ended: Whether the source is gone for good.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        stall_s: float,
        frozen_s: float = 0.0,
        incidents: Incidents | None = None,
        open_s: float = 10.0,
        give_up_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first, self._reopen, self._name = source, reopen, source.name
        self._stall_s, self._open_s, self._give_up_s, self._clock = stall_s, open_s, give_up_s, clock
        self._incidents = incidents or Incidents()
        self._condition = Condition(source.name, self._incidents, stall_s, frozen_s)
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._left: list[Reader] = []
        self._number = 0
        self._last = self._tended = self._tried = clock()
        self._lost_at: float | None = None
        self._dark_s = 0.0  # from the last picture until that was noticed
        self._hung_at: float | None = None
        self._wait = FIRST_WAIT_S
        self._fresh = self._thawed = True
        self.box = Latest()
        self.reopened = 0
        self.ended = False

    def start(self) -> None:
        """Begins reading."""
        self._last = self._tended = self._clock()
        self._reader = Reader(lambda: self._first, self._put)

    def _put(self, reader: Reader, frame: Frame) -> None:
        """Takes a frame in a reader's thread; one that was left behind is not heard any more."""
        with self._lock:
            if reader is not self._reader:
                return
            self._last = self._clock()
            if not self._condition.see(frame.image, self._last):
                return
            self._fresh = True
            # Numbered here, so that a reopened camera does not begin again at 0.
            frame = Frame(self._number, frame.t, frame.wall, frame.image, frame.source)
            self._number += 1
        self.box.put(frame)

    def tend(self) -> None:
        """Looks after the source: leaves a stalled one, tries to open it again, notices that it is back."""
        now = self._clock()
        gap, self._tended = now - self._tended, now
        if self.ended:
            return
        if gap > PAUSE_S:  # we were stopped or the machine slept: nobody is to blame
            with self._lock:
                self._last = min(now, self._last + gap)  # a picture may have come meanwhile
            self._tried += gap
            if self._lost_at is not None:
                self._lost_at += gap
            if self._hung_at is not None:
                self._hung_at += gap
            return
        reader = self._reader
        if reader is None:
            self._try(now)
        elif reader.done.is_set():
            self._fail(now, reader.error or "the device closed")
        elif not reader.opened.is_set():
            self._last = now  # the stall is counted from the opening's end
            if now - self._tried >= self._open_s:
                self._fail(now, "opening it does not come to an end")
        elif now - self._last >= self._stall_s:
            self._fail(now, f"no new frame for {self._stall_s:.1f} s")
        elif self._condition.frozen:
            if self._thawed:  # opened anew once; a picture that stands still after that is what there is to see
                self._thawed = False
                self._leave(now)
        else:
            self._thawed = True
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
        """The source gives nothing: leaves it and plans the next attempt."""
        if self._lost_at is None:
            self._lost_at, self._dark_s = now, max(0.0, now - self._last)
            log.warning("%s: %s; reopening", self._name, why)
            self._incidents.begin("camera", "lost", reason=why)
        elif now - self._lost_at >= self._give_up_s:
            self._give_up(why, now - self._lost_at)
        self._leave(now)

    def _give_up(self, why: str, after_s: float) -> None:
        log.error("error: %s: %s; given up after %.0f s", self._name, why, after_s)
        self.ended = True
        self.box.close()

    def _leave(self, now: float) -> None:
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.leave()
            self._left.append(reader)
        self._tried = now

    def _try(self, now: float) -> None:
        self._left = [reader for reader in self._left if not reader.done.is_set()]
        if len(self._left) < MOST_HUNG:
            self._hung_at = None
        elif self._hung_at is None:
            self._hung_at = now
        elif now - self._hung_at >= HUNG_S:
            self._give_up(f"{len(self._left)} attempts hang in the driver, which only a restart ends",
                          now - self._hung_at)  # fmt: skip
            return
        if now - self._tried < self._wait:
            return
        self._tried = now
        if len(self._left) >= MOST_HUNG:
            self._fail(now, f"{len(self._left)} attempts hang in the driver")
            return
        self._wait = min(LONGEST_WAIT_S, self._wait * 2)
        self.reopened += 1
        with self._lock:
            self._last, self._fresh = now, False
            self._reader = Reader(self._reopen, self._put)

    def stop(self, timeout: float = 1.0) -> None:
        """Ends the thread; one that hangs in the driver is left behind, being a daemon."""
        self.ended = True
        reader = self._reader
        with self._lock:
            self._reader = None
        if reader is not None:
            reader.leave()
            reader.done.wait(timeout)
        self.box.close()
