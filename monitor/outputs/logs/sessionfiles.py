"""The files of a run and the clocks, as used by storage, rotation and housekeeping."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.session import SessionFolder
from monitor.system.machine import asleep_s


class Recording(Protocol):
    """The part of the video sink that depends on the disk."""

    @property
    def path(self) -> Path | None:
        """The file being written; None while there is none."""

    def hold(self, *, on: bool) -> None:
        """Finishes the file and pauses writing until called with False."""

    def renew(self) -> None:
        """Finishes the file and begins the next one."""


class ThinningTable(Protocol):
    """The part of ``TableSink`` that depends on the disk.

    Attributes:
        thin: Write the first frame of each second only.
    """

    thin: bool


class SessionFiles(NamedTuple):
    """The files of a run.

    Attributes:
        session: Their folder.
        table: ``faces.csv``, whose row rate may be reduced.
        logs: All logs, including the table.
        video: The recording.
        recordings: Folder of a recording that the user named; it may be on another disk. None = the session folder.
    """

    session: SessionFolder
    table: ThinningTable
    logs: Sequence[LineLog]
    video: Recording
    recordings: Path | None = None


class Clocks(NamedTuple):
    """The clocks; tests replace them.

    Attributes:
        monotonic: Seconds on a clock that never jumps.
        wall: Seconds since the epoch.
        asleep: Seconds for which the machine was suspended; ``monotonic`` stops during that time.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    asleep: Callable[[], float] = asleep_s

    def offset(self) -> float:
        """Seconds between the wall clock and a clock that is never set; it changes only when the wall clock is set."""
        return self.wall() - self.monotonic() - self.asleep()
