"""Signal handling: an orderly stop, rotation of the logs, and the time limit of the shutdown.

Installed before anything heavy is imported, so that a stop during the start is orderly, too.
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
"""Time limit of the shutdown; files that are incomplete by then remain incomplete."""
EXIT_CUT = 1
"""Exit code of a run whose files could not be completed in time."""


class Stopper:
    """Handles SIGINT, SIGTERM and SIGHUP.

    The first SIGINT or SIGTERM asks for an orderly end, the second forces it. SIGHUP rotates the logs of a process
    without a terminal (a service) and stops one with a terminal, so that a camera does not keep filming after its
    terminal was closed. A signal that was ignored before (nohup) stays ignored.

    Attributes:
        asked: Set when the run is to end.
        rotate: Set when the logs are to be rotated; cleared by the thread that rotates them.
        running: Whether there are open files. While there are none, a stop ends the process at once.
        clean: Whether such an immediate end has exit code 0: yes for a run, no for a command that must give an answer.
        before: Called before an immediate end.
        terminal: Whether the process has a controlling terminal, which decides what SIGHUP does.
        code: Exit code when the shutdown exceeds its time limit: ``EXIT_CUT``, or the run's own once its files are
            complete.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.rotate = threading.Event()
        self.running = False
        self.clean = True
        self.before: Callable[[], None] | None = None
        self.code = EXIT_CUT
        self.terminal = has_terminal()
        self._before = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    def restore(self) -> None:
        """Restores the previous handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ignore(self) -> None:
        """Ignores all signals; call it just before the process exits."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and not self.terminal:
            self.rotate.set()
            return
        if number == signal.SIGHUP:
            silence()
        if not self.asked.is_set():
            self.ask(number)
        elif number != signal.SIGHUP:  # the kernel and the shell both send SIGHUP: a second one does not force the end
            os._exit(128 + number)

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Asks for an orderly end and starts its time limit ``SHUTDOWN_S``; ``number`` is the signal."""
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
    """Installs the handlers at the first call; returns the one ``Stopper`` of the process."""
    global _current
    if _current is None:
        _current = Stopper()
    return _current


def expect_answer() -> None:
    """Marks the command as one whose interruption is a failure: its exit code is then not 0."""
    if _current is not None:
        _current.clean = False


def installed() -> bool:
    """Whether the handlers are installed."""
    return _current is not None


def remove() -> None:
    """Restores the previous handlers; see ``install``."""
    global _current
    if _current is not None:
        _current.restore()
        _current = None


def silence() -> bool:
    """Redirects output to a closed terminal to /dev/null, so that later writes do not fail.

    Returns:
        Whether any output was redirected.
    """
    gone = [number for number in (1, 2) if _hung_up(number)]
    if gone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in gone:
            os.dup2(nowhere, number)
        os.close(nowhere)
    return bool(gone)


def _hung_up(number: int) -> bool:
    """Whether a descriptor is a terminal that was closed; ``isatty`` is False for it."""
    with contextlib.suppress(OSError):
        if stat.S_ISCHR(os.fstat(number).st_mode):
            poll = select.poll()
            poll.register(number, 0)  # POLLHUP is always reported
            return any(event & select.POLLHUP for _, event in poll.poll(0))
    return False


def has_terminal() -> bool:
    """Whether the process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
        return True
    except OSError:
        return False
