"""Watching the disk of a running session: full, read-only, deleted; new files by size, day and on demand.

Recording goes first, then rows thin out, and nothing of this touches the readings: they go on, and the
files do too as soon as there is room.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from monitor.core.incidents import Incidents
from monitor.core.types import Event, Result
from monitor.outputs.logs import retention
from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.session import SessionFolder
from monitor.settings.config import OutputConfig
from monitor.system.machine import asleep_s

log = logging.getLogger("monitor")

CHECK_S = 2.0
SYNC_S = 10.0
"""What reached the files is put onto the disk this often: the most that pulling the plug costs."""
RETENTION_S = 600.0
THIN_SHARE = 0.5
"""Below this share of ``output.min_free_mb`` rows thin out to one a second."""
BACK_SHARE = 1.1
"""Above this multiple of a limit what was stopped goes on: no flapping at the limit."""


class Recording(Protocol):
    """The part of the video sink that the disk's state decides."""

    path: Path | None

    def hold(self, on: bool) -> None:
        """Finishes the file and writes no more until told otherwise."""

    def renew(self) -> None:
        """Finishes the file and begins the next one."""


class Table(Protocol):
    """The part of the table that the disk's state decides."""

    thin: bool


class Storage:
    """A sink that looks only at the clock: keeps the session's files within what the disk allows.

    Args:
        session: The session.
        config: Limits.
        table: faces.csv, whose rows may thin out.
        logs: All logs, the table's included.
        video: The recording.
        incidents: Where trouble is reported.
        live: Whether logs rotate by size and day: a file's table stays in one piece.
        rotate: Set from outside when new files shall be begun.
        recordings: The folder of a recording that the user named; it may be on another disk.
        clock: Monotonic seconds.
        wall: Seconds since the epoch.
        asleep: Seconds that the machine has been suspended, in which ``clock`` stands still.
    """

    def __init__(
        self,
        session: SessionFolder,
        config: OutputConfig,
        table: Table,
        logs: Sequence[LineLog],
        video: Recording,
        incidents: Incidents,
        live: bool,
        rotate: threading.Event | None = None,
        recordings: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        asleep: Callable[[], float] = asleep_s,
    ) -> None:
        self._session, self._config, self._table, self._video = session, config, table, video
        self._logs = tuple(logs)
        self._incidents, self._live, self._clock, self._wall = incidents, live, clock, wall
        self._asleep = asleep
        self._rotate = rotate or threading.Event()
        self._recordings = recordings
        self._checked = -1e9
        self._offset = self._set_off()
        self._day = self._today()
        self._held = False
        self._trouble = ""
        self._lost = 0
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep_house, name="storage", daemon=True)

    def start(self) -> None:
        """Begins what takes longer than a frame may: putting files onto the disk, deleting old ones."""
        self._keeper.start()

    def handle(self, result: Result) -> None:
        """Looks at the disk when it is time."""
        self.flush()

    def tell(self, events: Sequence[Event]) -> None:
        """Events do not concern it."""

    def flush(self) -> None:
        """Looks at the disk when it is time."""
        now = self._clock()
        if now - self._checked >= CHECK_S:
            self._checked = now
            self._guarded(self._check)
        if self._rotate.is_set():
            self._rotate.clear()
            self._video.renew()
            self._guarded(lambda: self._new_files("asked for"))

    def close(self, last_events: Sequence[Event]) -> None:
        """Ends the thread."""
        self._stop.set()

    def _guarded(self, look: Callable[[], None]) -> None:
        """A disk that answers with an error is what this is for: it counts as trouble, and is asked again."""
        try:
            look()
        except OSError as error:
            self._hold(True)
            self._thin(True)
            if not self._trouble:
                self._begin(error.strerror or type(error).__name__, 0.0)

    def _check(self) -> None:
        folder = self._session.folder
        if not os.path.isdir(folder) or any(lines.moved() for lines in self._logs):
            self._restore(folder)
        try:
            free = shutil.disk_usage(folder).free / 1e6
        except OSError:
            free = 0.0
        why = self._why(folder, free)
        elsewhere = self._free_elsewhere()
        floor = self._config.min_free_mb * (BACK_SHARE if self._held else 1.0)
        least = min(free, elsewhere)
        self._hold(bool(why) or least < floor)
        limit = self._config.min_free_mb * THIN_SHARE * (BACK_SHARE if self._table.thin else 1.0)
        self._thin(bool(why) or free < limit)
        if (why or self._held) and not self._trouble:
            where = "" if free <= elsewhere else f" in {self._recordings}"
            self._begin(why or f"only {least:.0f} MB free{where}", least)
        elif self._trouble and not why and not self._held:
            self._end(least)
        if self._live and not why:
            self._rotate_when_due()

    def _free_elsewhere(self) -> float:
        """MB free where the recording goes, infinite where it goes into the session."""
        try:
            return shutil.disk_usage(self._recordings).free / 1e6 if self._recordings is not None else math.inf
        except OSError:
            return math.inf  # the recorder tells what is wrong with its folder

    def _why(self, folder: Path, free: float) -> str:
        """What keeps the logs from being written, "" when nothing does."""
        for lines in self._logs:
            if lines.error:
                lines.flush()
            if lines.error:
                return lines.error
        if not os.access(folder, os.W_OK | os.X_OK):
            return "the folder is not writable"
        return ""

    def _hold(self, on: bool) -> None:
        if on != self._held:
            self._held = on
            self._video.hold(on)

    def _thin(self, on: bool) -> None:
        if on != self._table.thin:
            self._table.thin = on
            log.warning("faces.csv: %s", "one row a second, to save disk" if on else "all rows again")

    def _begin(self, why: str, free: float) -> None:
        self._trouble = why
        self._lost = sum(lines.lost for lines in self._logs)
        log.error(
            "error: %s: %s; recording stops, monitoring goes on, files resume when there is room",
            self._session.folder, why,
        )  # fmt: skip
        self._incidents.begin("storage", "short", reason=why, free_mb=round(free, 1))

    def _end(self, free: float) -> None:
        lost = sum(lines.lost for lines in self._logs) - self._lost
        log.warning("%s: %.0f MB free; files are written again, %d lines lost", self._session.folder, free, lost)
        self._incidents.end("storage", "short", free_mb=round(free, 1), lines_lost=lost)
        self._trouble = ""

    def _restore(self, folder: Path) -> None:
        """Somebody deleted or replaced what we write to: begins anew, as nothing can be brought back."""
        try:
            self._session.restore()
        except OSError as error:
            log.debug("%s: %s", folder, error)
        self._video.renew()  # afterwards: its next file needs the folder
        for lines in self._logs:
            lines.reopen()
        if all(not lines.error for lines in self._logs):
            log.error("error: %s: was deleted or replaced while running; new files were begun", folder)
            self._incidents.moment("storage", "deleted")

    def _rotate_when_due(self) -> None:
        limit = self._config.rotate_mb * 1e6
        today = self._today()
        if self._config.rotate_daily and today != self._day:
            self._new_files("a new day")
        elif limit and any(lines.size >= limit for lines in self._logs):
            self._new_files("their size")
        self._day = today

    def _today(self) -> str:
        return datetime.fromtimestamp(self._wall()).strftime("%Y%m%d")

    def _new_files(self, why: str) -> None:
        number = self._session.next_part()
        for lines in self._logs:
            if lines.size:
                lines.rotate(lines.path.with_name(f"{lines.path.stem}-{self._day}-{number:04d}{lines.path.suffix}"))
        log.info("%s: new log files (%s)", self._session.folder, why)

    def _keep_house(self) -> None:
        next_clean = self._clock()
        while not self._stop.is_set():
            for lines in self._logs:
                lines.sync()
            if self._clock() >= next_clean:
                next_clean = self._clock() + RETENTION_S
                try:
                    self.clean()
                except OSError as error:  # a disk that fails now may be asked again
                    log.warning("%s: old files could not be looked through: %s", self._session.folder, error.strerror)
            self._stop.wait(SYNC_S)

    def _set_off(self) -> float:
        """The wall clock against one that nobody sets."""
        return self._wall() - self._clock() - self._asleep()

    def clean(self) -> None:
        """Deletes what ``keep_days`` and ``max_mb`` no longer allow."""
        config = self._config
        if not config.keep_days and not config.max_mb:
            return
        # A clock that was set since the start says nothing about the age of files: age waits for the next run.
        steady = abs(self._set_off() - self._offset) < 3600
        folder = self._session.folder
        recording = self._video.path
        current = [lines.path for lines in self._logs] + ([recording] if recording is not None else [])
        root = self._session.root
        ours = retention.old_parts(folder, current, None if root is not None else self._session.recorded())
        # In a folder of the user's own only what is ours counts: nothing of ours has to go for anything else.
        counted = retention.entries(folder) if root is not None else [*current, *(part.path for part in ours)]
        states = [retention.state(entry) for entry in counted]
        everything = sum(s.st_size for s in states if s is not None)
        others = [s for s in retention.sessions(root) if s.path != folder] if root is not None else []
        gone = retention.choose(
            [*others, *ours], everything - sum(part.size for part in ours),
            config.keep_days if steady else 0.0, config.max_mb, self._wall(),
        )  # fmt: skip
        for stored in gone:
            if retention.delete(stored, root if stored in others and root is not None else folder):
                log.info("%s: deleted (output.keep_days, output.max_mb)", stored.path)
