"""Pauses between requests to one host, and waits that end at once when the program stops."""

from __future__ import annotations

import threading
import time
from typing import Protocol

INTERVAL_S = 0.2
"""Least time between two requests to one host."""


class Stopped(Exception):
    """The program is stopping; a wait was cut short."""


class Clock(Protocol):
    """Time and waits, exchangeable in tests."""

    def now(self) -> float:
        """Monotonic seconds."""

    def wall(self) -> float:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Waits.

        Raises:
            Stopped: The program is stopping.
        """


class SystemClock:
    """The system's clock."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> float:
        """See ``Clock``."""
        return time.monotonic()

    def wall(self) -> float:
        """See ``Clock``."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """See ``Clock``."""
        if self._stop.wait(max(0.0, seconds)):
            raise Stopped

    def stop(self) -> None:
        """Ends all waits, now and later."""
        self._stop.set()


class Pace:
    """Enforces a pause between requests to one host; used by several threads."""

    def __init__(self, clock: Clock, interval_s: float = INTERVAL_S) -> None:
        """Args: the clock, and the least time between two requests to a host."""
        self._clock, self._interval = clock, interval_s
        self._next: dict[str, float] = {}
        self._slower: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str) -> None:
        """Waits until a request to the host is allowed and reserves that time.

        Raises:
            Stopped: The program is stopping.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                left = self._next.get(host, now) - now
                if left <= 0:
                    self._next[host] = now + self._slower.get(host, self._interval)
                    return
            self._clock.sleep(left)

    def hold(self, host: str, seconds: float) -> None:
        """Sends no request to the host for some time (``Retry-After``)."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), self._clock.now() + seconds)

    def slow(self, host: str, seconds: float) -> None:
        """Raises the least time between two requests to a host."""
        with self._lock:
            self._slower[host] = max(seconds, self._slower.get(host, self._interval))
