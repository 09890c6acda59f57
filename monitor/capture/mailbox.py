"""The live path: a thread that reads a camera into one slot, where the newest frame wins.

Latency is bounded by construction: there is no queue that could grow.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from monitor.capture.source import Source
from monitor.types import Frame

log = logging.getLogger("monitor")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10.0


class Latest:
    """A mailbox with one slot.

    Attributes:
        dropped: Frames overwritten before anybody took them.
    """

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._ready = threading.Condition()
        self._closed = False
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Leaves a frame, replacing an older one that was not taken; never waits."""
        with self._ready:
            if self._frame is not None:
                self.dropped += 1
            self._frame = frame
            self._ready.notify()

    def take(self, timeout: float) -> Frame | None:
        """The newest frame, waiting up to ``timeout`` seconds; None when there was none."""
        with self._ready:
            if self._frame is None and not self._closed:
                self._ready.wait(timeout)
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """Wakes a waiting taker."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()


class Grabber:
    """Reads a live source into a ``Latest``; reopens it with back-off when it stops giving frames.

    Attributes:
        box: Where the frames go.
        reopened: How often the source had to be opened again.
        ended: Whether the source is gone for good: it could not be reopened within ``give_up_s``.
    """

    def __init__(
        self,
        source: Source,
        reopen: Callable[[], Source],
        stall_s: float,
        give_up_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._reopen = source, reopen
        self._stall_s, self._give_up_s, self._clock = stall_s, give_up_s, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self.box = Latest()
        self.reopened = 0
        self.ended = False

    def start(self) -> None:
        """Begins reading."""
        self._thread.start()

    def _run(self) -> None:
        last = self._clock()
        number = 0
        try:
            while not self._stop.is_set():
                frame = self._read()
                if frame is not None:
                    last = self._clock()
                    # Numbered here, so that a reopened camera does not begin again at 0.
                    self.box.put(Frame(number, frame.t, frame.wall, frame.image, frame.source))
                    number += 1
                elif self._clock() - last >= self._stall_s:
                    if not self._open_again():
                        return
                    last = self._clock()
                else:
                    self._stop.wait(0.01)
        finally:
            self.ended = True
            self._close_source()
            self.box.close()

    def _read(self) -> Frame | None:
        """One read; a driver that raises counts as one that gave no frame."""
        try:
            return self._source.read()
        except Exception as error:
            log.debug("%s: read failed: %s", self._source.name, error)
            return None

    def _close_source(self) -> None:
        """A driver that fails to close must not end the waiting for it to come back."""
        with contextlib.suppress(Exception):
            self._source.close()

    def _open_again(self) -> bool:
        """Reopens with back-off; False when stopped or nothing came back in time."""
        log.warning("%s: no new frame for %.1f s; reopening", self._source.name, self._stall_s)
        self._close_source()
        wait, since = FIRST_WAIT_S, self._clock()
        while not self._stop.wait(wait):
            try:
                self._source = self._reopen()
                self.reopened += 1
                log.warning("%s: back after %.1f s", self._source.name, self._clock() - since)
                return True
            except Exception as error:
                if self._clock() - since >= self._give_up_s:
                    log.error("error: %s", str(error).splitlines()[0] if str(error) else type(error).__name__)
                    return False
                wait = min(LONGEST_WAIT_S, wait * 2)
        return False

    def stop(self, timeout: float = 2.0) -> None:
        """Ends the thread; a read that hangs is abandoned, the thread being a daemon."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
