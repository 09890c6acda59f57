"""Opens a source on its own thread, because a driver may hang, and waits for a camera that appears later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from monitor.capture.reopening import FIRST_WAIT_S, HUNG_S, LONGEST_WAIT_S
from monitor.capture.source import Source
from monitor.core.errors import SourceError

log = logging.getLogger("monitor")

SLACK_S = 5.0
"""Seconds that an attempt may exceed the source's own time-out before it counts as hung."""

T = TypeVar("T")


class _Attempt(Generic[T]):
    """One call on its own thread, which is abandoned when it hangs.

    Args:
        call: The call.
        late: Receives a result that arrives after ``abandon``.

    Attributes:
        results: The result, if it arrived in time.
        error: The exception, if the call raised one.
        done: Set when there is a result or an error.
    """

    def __init__(self, call: Callable[[], T], late: Callable[[T], None] = lambda result: None) -> None:
        self._call, self._late = call, late
        self._lock = threading.Lock()
        self._abandoned = False
        self.results: list[T] = []
        self.error: BaseException | None = None
        self.done = threading.Event()
        threading.Thread(target=self._run, name="opener", daemon=True).start()

    def _run(self) -> None:
        try:
            result = self._call()
        except BaseException as error:  # raised again by the caller
            self.error = error
        else:
            with self._lock:
                abandoned = self._abandoned
                if not abandoned:
                    self.results.append(result)
            if abandoned:
                self._late(result)
        self.done.set()

    def abandon(self) -> None:
        """Passes a result that arrives later to ``late``."""
        with self._lock:
            self._abandoned = True


def answered(call: Callable[[], T], name: str, limit_s: float, clock: Callable[[], float] = time.monotonic) -> T:
    """The result of a call to a device; the calling thread can still handle signals during the call.

    Args:
        call: The call; it runs on its own thread, which is abandoned when it hangs.
        name: The device's name in errors.
        limit_s: Longest time; infinite = no limit.
        clock: Monotonic seconds.

    Raises:
        SourceError: The device does not answer in time.
        Exception: Whatever ``call`` raises.
    """
    attempt, until = _Attempt(call), clock() + limit_s
    while not attempt.done.wait(0.05):
        if clock() >= until:
            raise _silent(name, limit_s)
    if attempt.error is not None:
        raise attempt.error
    return attempt.results[0]


def _silent(name: str, limit_s: float) -> SourceError:
    return SourceError(f"--source {name}: does not answer within {limit_s:.0f} s")


class Patience(NamedTuple):
    """Limits of the wait for a source.

    Attributes:
        limit_s: Longest time of one attempt.
        wait: Try again, with pauses of 0.5 to 10 s, until the source opens.
        tell: Called several times a second with a text that describes the reason for the wait.
        until: Ends the wait once it returns True.
        clock: Monotonic seconds.
        pause: Sleeps for some seconds.
    """

    limit_s: float
    wait: bool = False
    tell: Callable[[str], None] = lambda status: None
    until: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep


def open_patiently(open_source: Callable[[], Source], name: str, patience: Patience) -> Source:
    """Opens a source; the calling thread can still handle signals during the wait.

    Args:
        open_source: Opens it.
        name: Its name in log lines.
        patience: Limits of the wait.

    Raises:
        SourceError: It cannot be opened, or the attempt hangs, and ``wait`` is not set; or it hangs for ``HUNG_S``;
            or ``until`` ended the wait.
    """
    between, clock = FIRST_WAIT_S, patience.clock
    reported: set[str] = set()
    while True:
        attempt, until = _Attempt(open_source, lambda source: source.close()), clock() + patience.limit_s
        while not attempt.done.wait(0.05) and clock() < until:
            patience.tell(f"opening {name}")
        attempt.abandon()
        if attempt.results:
            return attempt.results[0]
        error = attempt.error or _silent(name, patience.limit_s)
        if not patience.wait or not isinstance(error, SourceError):
            raise error
        if error.lines[0] not in reported:  # once for each reason, which may change during the wait
            reported.add(error.lines[0])
            log.warning("%s; waiting for it (source.wait)", error.lines[0])
        if not attempt.done.is_set():
            _wait_for_driver(attempt, name, patience)
        until = clock() + between
        while clock() < until:
            if patience.until():
                raise error
            patience.tell(f"waiting for {name}")
            patience.pause(0.1)
        between = min(LONGEST_WAIT_S, between * 2)


def _wait_for_driver(attempt: _Attempt[Source], name: str, patience: Patience) -> None:
    """Waits while an attempt hangs in the driver, because another would hang as well.

    Raises:
        SourceError: It still hangs after ``HUNG_S`` seconds; only a new process can help.
    """
    until = patience.clock() + HUNG_S
    while not attempt.done.wait(0.1):
        patience.tell(f"{name} hangs in its driver")
        if patience.clock() >= until:
            raise SourceError(f"--source {name}: hangs in its driver for {HUNG_S:.0f} s; restarting may free it")
