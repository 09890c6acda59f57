"""Checks the disk of a running session: full, read-only or deleted files.

When space runs out, the recording stops first, then fewer rows are written. Readings never stop, and writing resumes as
soon as there is space.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.core.incidents import Incidents
from monitor.core.types import Event, Result
from monitor.outputs.logs.housekeeping import Housekeeper
from monitor.outputs.logs.rotation import Rotation
from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.settings.config import OutputConfig

log = logging.getLogger("monitor")

CHECK_S = 2.0
"""Seconds between two checks of the disk."""
THIN_SHARE = 0.5
"""Share of ``output.min_free_mb`` below which only one row per second is written."""
BACK_SHARE = 1.1
"""Multiple of a limit above which writing resumes, so that it does not stop and resume repeatedly at the limit."""


class Storage:
    """A sink that ignores readings and adapts the session's files to the free disk space.

    Args:
        files: The session's files.
        config: Limits.
        incidents: Receives the reports of problems.
        live: Whether logs rotate by size and day; the logs of a file as the source are not split.
        rotate: Set by the caller to request new files.
        clocks: The clocks.

    Attributes:
        housekeeper: Syncs and deletes files on its own thread.
    """

    def __init__(
        self,
        files: SessionFiles,
        config: OutputConfig,
        incidents: Incidents,
        *,
        live: bool,
        rotate: threading.Event | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._files, self._config, self._incidents, self._live = files, config, incidents, live
        self._clocks = clocks if clocks is not None else Clocks()
        self._rotate = rotate if rotate is not None else threading.Event()
        self._rotation = Rotation(files, config, self._clocks)
        self.housekeeper = Housekeeper(files, config, self._clocks)
        self._checked = -math.inf
        self._held = False
        self._problem = ""
        self._lost = 0

    def start(self) -> None:
        """Starts the work that takes longer than a frame: syncing and deleting files."""
        self.housekeeper.start()

    def handle(self, result: Result) -> None:
        """Checks the disk when it is time."""
        self.flush()

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: events do not affect the disk check."""

    def flush(self) -> None:
        """Checks the disk when it is time."""
        now = self._clocks.monotonic()
        if now - self._checked >= CHECK_S:
            self._checked = now
            self._guarded(self._check)
        if self._rotate.is_set():
            self._rotate.clear()
            self._files.video.renew()
            self._guarded(lambda: self._rotation.now("asked for"))

    def close(self, last_events: Sequence[Event]) -> None:
        """Ends the thread."""
        self.housekeeper.stop()

    def _guarded(self, check: Callable[[], None]) -> None:
        """Runs a check; a disk error counts as a problem, and the check is repeated later."""
        try:
            check()
        except OSError as error:
            self._hold(on=True)
            self._thin(on=True)
            if not self._problem:
                self._begin(error.strerror or type(error).__name__, 0.0)

    def _check(self) -> None:
        folder = self._files.session.folder
        if not os.path.isdir(folder) or any(lines.moved() for lines in self._files.logs):
            self._restore(folder)
        free, elsewhere = self._free(folder), self._free_elsewhere()
        problem = self._find_problem(folder)
        least = min(free, elsewhere)
        self._limit(problem, free, least)
        if (problem or self._held) and not self._problem:
            where = "" if free <= elsewhere else f" in {self._files.recordings}"
            self._begin(problem or f"only {least:.0f} MB free{where}", least)
        elif self._problem and not problem and not self._held:
            self._end(least)
        if self._live and not problem:
            self._rotation.when_due()

    def _limit(self, problem: str, free: float, least: float) -> None:
        """Stops or resumes the recording and changes the row rate, depending on the free space.

        Args:
            problem: The reason why the logs cannot be written; "" = they can be written.
            free: MB free for the logs.
            least: The smaller of the MB free for the logs and for the recording.
        """
        floor = self._config.min_free_mb * (BACK_SHARE if self._held else 1.0)
        self._hold(on=bool(problem) or least < floor)
        limit = self._config.min_free_mb * THIN_SHARE * (BACK_SHARE if self._files.table.thin else 1.0)
        self._thin(on=bool(problem) or free < limit)

    @staticmethod
    def _free(folder: Path) -> float:
        """MB free in the session folder; 0 if the disk does not respond."""
        try:
            return shutil.disk_usage(folder).free / 1e6
        except OSError:
            return 0.0

    def _free_elsewhere(self) -> float:
        """MB free in the recording's own folder; infinite if it has none."""
        if self._files.recordings is None:
            return math.inf
        try:
            return shutil.disk_usage(self._files.recordings).free / 1e6
        except OSError:
            return math.inf  # the video sink reports the problem

    def _find_problem(self, folder: Path) -> str:
        """The reason why the logs cannot be written; "" when they can be written."""
        for lines in self._files.logs:
            if lines.error:
                lines.flush()
            if lines.error:
                return lines.error
        if not os.access(folder, os.W_OK | os.X_OK):
            return "the folder is not writable"
        return ""

    def _hold(self, *, on: bool) -> None:
        if on != self._held:
            self._held = on
            self._files.video.hold(on=on)

    def _thin(self, *, on: bool) -> None:
        if on != self._files.table.thin:
            self._files.table.thin = on
            log.warning("faces.csv: %s", "one row a second, to save disk" if on else "all rows again")

    def _begin(self, problem: str, free: float) -> None:
        self._problem = problem
        self._lost = sum(lines.lost for lines in self._files.logs)
        log.error(
            "error: %s: %s; recording stops, monitoring continues, files resume when there is space",
            self._files.session.folder, problem,
        )  # fmt: skip
        self._incidents.begin("storage", "short", reason=problem, free_mb=round(free, 1))

    def _end(self, free: float) -> None:
        folder = self._files.session.folder
        lost = sum(lines.lost for lines in self._files.logs) - self._lost
        log.warning("%s: %.0f MB free; files are written again, %d lines lost", folder, free, lost)
        self._incidents.end("storage", "short", free_mb=round(free, 1), lines_lost=lost)
        self._problem = ""

    def _restore(self, folder: Path) -> None:
        """Begins new files after the old ones were deleted or replaced, whose content cannot be restored."""
        try:
            self._files.session.restore()
        except OSError as error:
            log.debug("%s: %s", folder, error)
        self._files.video.renew()  # only after the folder exists again
        for lines in self._files.logs:
            lines.reopen()
        if all(not lines.error for lines in self._files.logs):
            log.error("error: %s: was deleted or replaced while running; new files were begun", folder)
            self._incidents.moment("storage", "deleted")
