"""Runs a command or a sound player without a shell and ends everything it started with the program."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence

from monitor.settings.config import AlertsConfig

Runner = Callable[[Sequence[str], Mapping[str, str], float], None]
"""Runs a command with additional environment variables and a time limit in seconds."""
Finder = Callable[[str], str | None]
"""Finds a program, as ``shutil.which`` does."""


def missing(config: AlertsConfig, which: Finder = shutil.which) -> str:
    """An error line if the program of ``alerts.command`` does not exist; "" if it exists."""
    program = shlex.split(config.command)[0] if config.command else ""
    if program and which(program) is None:
        return f"alerts.command: {program} does not exist or is not executable; give its full path"
    return ""


class Commands:
    """The running commands of one sink: the end of one camera must not end the commands of another."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()

    def run(self, command: Sequence[str], variables: Mapping[str, str], timeout_s: float) -> None:
        """Runs a command without a shell, input or output.

        Args:
            command: Program and arguments.
            variables: Environment variables added to the program's own.
            timeout_s: Seconds after which it is killed, with everything it started.

        Raises:
            OSError: It cannot be started.
            subprocess.SubprocessError: It failed, or was killed after ``timeout_s``.
        """
        process = subprocess.Popen(
            list(command), env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._running.add(process)
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise
        finally:
            self._running.discard(process)
        if code:
            raise subprocess.CalledProcessError(code, list(command))

    def kill_all(self) -> None:
        """Kills every running command."""
        for process in list(self._running):
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a command and everything it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
