"""Signals: what ends a run, what rotates its files, and how long the end may take.

Installed before anything heavy is imported, so that a stop during the start is an orderly one too.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import threading
from collections.abc import Callable
from types import FrameType

SHUTDOWN_S = 5.0
"""Files are finished within this time after a stop; what is not by then is left as it is."""
EXIT_CUT = 1
"""Exit code of a run whose files could not be finished in time."""


class Stopper:
    """SIGINT and SIGTERM: the first asks for an orderly end, another forces one.

    SIGHUP begins new files where no terminal is attached (a service), and is a stop where one is: a
    camera must not go on filming unseen after its window was closed. A signal that was ignored before
    (nohup) stays ignored.

    Attributes:
        asked: Set when the run shall end.
        rotate: Set when new files shall be begun; whoever does it clears it.
        running: Whether there are files to finish; before that a stop ends the process at once.
        clean: Whether such an end is a clean one (code 0): a run that began nothing, but no command that was to find
            something out.
        before: Called before such an end.
        code: What a run that takes too long to end is cut with; once its files are finished, its own.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.rotate = threading.Event()
        self.running = False
        self.clean = True
        self.before: Callable[[], None] | None = None
        self.code = EXIT_CUT
        self._has_terminal = _has_terminal()
        self._before = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    def restore(self) -> None:
        """Gives the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ignore(self) -> None:
        """Nothing is left to end: the process is about to exit with the code it has."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self._has_terminal:
            self.rotate.set()
            return
        if number == signal.SIGHUP:
            silence()
        if not self.asked.is_set():
            self.ask(number)
        elif number != signal.SIGHUP:  # the kernel and the shell both hang up; nobody insists
            os._exit(128 + number)

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Asks for an orderly end, which is cut when it takes longer than ``SHUTDOWN_S``; ``number`` is the signal."""
        if self.asked.is_set():
            return
        self.asked.set()
        if not self.running:
            if self.before is not None:
                self.before()
            os._exit(0 if self.clean else 128 + number)
        deadline = threading.Timer(SHUTDOWN_S, lambda: os._exit(self.code))
        deadline.daemon = True
        deadline.start()


_current: Stopper | None = None


def install() -> Stopper:
    """The process's one ``Stopper``, made at the first call."""
    global _current
    if _current is None:
        _current = Stopper()
    return _current


def expect_answer() -> None:
    """Tells that the process is to find something out: cut short it has not, and its exit code must say so."""
    if _current is not None:
        _current.clean = False


def installed() -> bool:
    """Whether ``install`` was called."""
    return _current is not None


def remove() -> None:
    """Undoes ``install``."""
    global _current
    if _current is not None:
        _current.restore()
        _current = None


def silence() -> bool:
    """Points output that leads to a closed terminal nowhere, as each later write to it would fail the run's end.

    Returns:
        Whether there was any.
    """
    gone = [number for number in (1, 2) if _hung_up(number)]
    if gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in gone:
            os.dup2(nowhere, number)
        os.close(nowhere)
    return bool(gone)


def _hung_up(number: int) -> bool:
    """Whether a descriptor is a terminal that was closed (``isatty`` denies that it is one then)."""
    with contextlib.suppress(OSError):
        if stat.S_ISCHR(os.fstat(number).st_mode):
            poll = select.poll()
            poll.register(number, 0)  # a hang-up is told unasked
            return any(event & select.POLLHUP for _, event in poll.poll(0))
    return False


def _has_terminal() -> bool:
    """Whether the process belongs to a terminal that can be closed."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
        return True
    except OSError:
        return False
