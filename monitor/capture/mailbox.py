"""A mailbox with one slot between a live camera and the worker; a newer frame replaces an older one.

Without a queue, the latency stays bounded.
"""

from __future__ import annotations

import threading

from monitor.core.types import Frame


class Latest:
    """A mailbox with one slot.

    Attributes:
        dropped: Frames overwritten before the worker took them.
    """

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._ready = threading.Condition()
        self._closed = False
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Stores a frame and replaces an older one that was not taken; never waits."""
        with self._ready:
            if self._frame is not None:
                self.dropped += 1
            self._frame = frame
            self._ready.notify()

    def take(self, timeout: float) -> Frame | None:
        """The newest frame; waits up to ``timeout`` seconds and returns None if none arrived."""
        with self._ready:
            if self._frame is None and not self._closed:
                self._ready.wait(timeout)
            frame, self._frame = self._frame, None
            return frame

    def close(self) -> None:
        """Makes a waiting ``take`` return."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
