"""The worker's feed of frames: the newest frame of a live source, or every frame of a file in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from monitor.capture.reopening import Grabber
from monitor.capture.source import Source
from monitor.core.types import Frame


class Feed(Protocol):
    """Frames for the worker.

    Attributes:
        ended: Whether the feed gives no more frames.
        dropped: Frames overwritten so far.
        live: Whether a frame's ``t`` is on the monotonic clock.
    """

    ended: bool
    live: bool

    @property
    def dropped(self) -> int:
        """Frames overwritten so far."""

    def next(self, timeout: float) -> Frame | None:
        """The next frame; None if none arrived within ``timeout`` seconds, or at the end."""

    def wake(self) -> None:
        """Makes a waiting ``next`` return; called from another thread."""

    def close(self) -> None:
        """Releases the source; no thread may be inside ``next``."""


class LiveFeed:
    """The newest frame of a grabbed camera."""

    live = True

    def __init__(self, grabber: Grabber) -> None:
        self._grabber = grabber
        self.ended = False
        grabber.start()

    @property
    def dropped(self) -> int:
        """Frames overwritten in the mailbox so far."""
        return self._grabber.box.dropped

    def next(self, timeout: float) -> Frame | None:
        """See ``Feed``."""
        frame = self._grabber.box.take(timeout)
        self._grabber.tend()
        self.ended = frame is None and self._grabber.ended
        return frame

    def wake(self) -> None:
        """Does nothing: a live feed never waits longer than its time-out."""

    def close(self) -> None:
        """Stops the grabber, which releases the camera."""
        self._grabber.stop()


class FileFeed:
    """Every frame of a file, as fast as possible or, with ``pace``, at true speed."""

    live = False
    dropped = 0

    def __init__(
        self,
        source: Source,
        *,
        pace: bool,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._source, self._pace, self._clock = source, pace, clock
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._zero: float | None = None
        self._ahead: Frame | None = None
        self.ended = False

    def next(self, timeout: float) -> Frame | None:
        """See ``Feed``."""
        frame, self._ahead = self._ahead or self._source.read(), None
        if frame is None:
            self.ended = True
            return None
        if self._pace:
            if self._zero is None:
                self._zero = self._clock() - frame.t
            early = self._zero + frame.t - self._clock()
            if early > timeout and not self._stop.is_set():
                self._ahead = frame  # stored for a later call, so that the caller can feed its watchdog meanwhile
                self._wait(timeout)
                return None
            if early > 0:
                self._wait(early)
            elif early < -0.5:  # paused, or slower than real time: do not rush to catch up
                self._zero = self._clock() - frame.t
        return frame

    def wake(self) -> None:
        """Ends the wait for a paced frame, now and from now on."""
        self._stop.set()

    def close(self) -> None:
        """Releases the file."""
        self._source.close()
