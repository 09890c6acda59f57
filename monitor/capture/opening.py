"""Opening a source without being held by it: a driver may hang, a camera may come later."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from monitor.capture.grabber import FIRST_WAIT_S, HUNG_S, LONGEST_WAIT_S
from monitor.capture.source import Source
from monitor.core.errors import SourceError

log = logging.getLogger("monitor")

SLACK_S = 5.0
"""What an attempt may take beyond the source's own time-out before it counts as hung."""


T = TypeVar("T")


class _Attempt(Generic[T]):
    """A question put on a thread of its own, which is left behind when it hangs.

    Args:
        ask: The question.
        late: Takes an answer that comes after ``leave``.

    Attributes:
        answers: The answer, if it came in time.
        error: What was raised instead.
        done: Set when there is one or the other.
    """

    def __init__(self, ask: Callable[[], T], late: Callable[[T], None] = lambda answer: None) -> None:
        self._ask, self._late = ask, late
        self._lock = threading.Lock()
        self._left = False
        self.answers: list[T] = []
        self.error: BaseException | None = None
        self.done = threading.Event()
        threading.Thread(target=self._run, name="opener", daemon=True).start()

    def _run(self) -> None:
        try:
            answer = self._ask()
        except BaseException as error:  # raised again where it was asked
            self.error = error
        else:
            with self._lock:
                left = self._left
                if not left:
                    self.answers.append(answer)
            if left:
                self._late(answer)
        self.done.set()

    def leave(self) -> None:
        """What is answered from now on is for ``late``."""
        with self._lock:
            self._left = True


def answered(ask: Callable[[], T], name: str, limit_s: float, clock: Callable[[], float] = time.monotonic) -> T:
    """What a device answers; the calling thread stays able to answer signals meanwhile.

    Args:
        ask: Asks it, on a thread of its own, which is left behind when it hangs.
        name: What to call it.
        limit_s: Time it may take; infinite = for ever.
        clock: Monotonic seconds.

    Raises:
        SourceError: It does not answer in time.
        Exception: Whatever ``ask`` raises.
    """
    attempt, until = _Attempt(ask), clock() + limit_s
    while not attempt.done.wait(0.05):
        if clock() >= until:
            raise _silent(name, limit_s)
    if attempt.error is not None:
        raise attempt.error
    return attempt.answers[0]


def _silent(name: str, limit_s: float) -> SourceError:
    return SourceError(f"--source {name}: does not answer within {limit_s:.0f} s")


def open_patiently(
    open_source: Callable[[], Source],
    name: str,
    limit_s: float,
    wait: bool = False,
    tell: Callable[[str], None] = lambda status: None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> Source:
    """Opens a source; the calling thread stays able to answer signals meanwhile.

    Args:
        open_source: Opens it.
        name: What to call it.
        limit_s: Time an attempt may take.
        wait: Try again, with pauses of 0.5 to 10 s, until it is there.
        tell: Called several times a second with what is being waited for.
        clock: Monotonic seconds.
        pause: Waits so many seconds.

    Raises:
        SourceError: It cannot be opened, or the attempt hangs, and ``wait`` is not set; or it hangs for ``HUNG_S``.
    """
    between = FIRST_WAIT_S
    said: set[str] = set()
    while True:
        attempt, until = _Attempt(open_source, lambda source: source.close()), clock() + limit_s
        while not attempt.done.wait(0.05) and clock() < until:
            tell(f"opening {name}")
        attempt.leave()
        if attempt.answers:
            return attempt.answers[0]
        error = attempt.error or _silent(name, limit_s)
        if not wait or not isinstance(error, SourceError):
            raise error
        if error.lines[0] not in said:  # once each: a camera that is there may refuse for another reason
            said.add(error.lines[0])
            log.warning("%s; waiting for it (source.wait)", error.lines[0])
        if not attempt.done.is_set():
            _until(attempt, tell, name, clock)
        until = clock() + between
        while clock() < until:
            tell(f"waiting for {name}")
            pause(0.1)
        between = min(LONGEST_WAIT_S, between * 2)


def _until(attempt: _Attempt[Source], tell: Callable[[str], None], name: str, clock: Callable[[], float]) -> None:
    """While an attempt hangs in the driver, another would only hang beside it; after ``HUNG_S`` only a restart helps.

    Raises:
        SourceError: It still hangs.
    """
    until = clock() + HUNG_S
    while not attempt.done.wait(0.1):
        tell(f"{name} hangs in its driver")
        if clock() >= until:
            raise SourceError(f"--source {name}: hangs in its driver for {HUNG_S:.0f} s; a restart may free it")
