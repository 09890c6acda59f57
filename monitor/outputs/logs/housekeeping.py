"""Slow disk work on a thread of its own: syncing the logs, deleting old files."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from monitor.outputs.logs import retention
from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.settings.config import OutputConfig

log = logging.getLogger("monitor")

SYNC_S = 10.0
"""Seconds between two syncs of the logs: the most that a power cut costs."""
RETENTION_S = 600.0
"""Seconds between two looks for files to delete."""
CLOCK_SET_S = 3600.0
"""A wall clock that moved by more since the start was set: the age of files is then unknown."""


class Housekeeper:
    """Syncs the logs and keeps the total size and age within the settings.

    Args:
        files: The session's files.
        config: ``keep_days`` and ``max_mb`` are used.
        clocks: Where the time comes from.
    """

    def __init__(self, files: SessionFiles, config: OutputConfig, clocks: Clocks) -> None:
        self._files, self._config, self._clocks = files, config, clocks
        self._offset = clocks.offset()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="storage", daemon=True)

    def start(self) -> None:
        """Begins on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the thread to end; it is not waited for."""
        self._stop.set()

    def run(self) -> None:
        """The thread's loop."""
        next_clean = self._clocks.monotonic()
        while not self._stop.is_set():
            for lines in self._files.logs:
                lines.sync()
            if self._clocks.monotonic() >= next_clean:
                next_clean = self._clocks.monotonic() + RETENTION_S
                try:
                    self.clean()
                except OSError as error:  # retried at the next turn
                    log.warning("%s: old files cannot be listed: %s", self._files.session.folder, error.strerror)
            self._stop.wait(SYNC_S)

    def clean(self) -> None:
        """Deletes what ``keep_days`` and ``max_mb`` no longer allow: old sessions first, then old parts of this one.

        Raises:
            OSError: A folder cannot be read.
        """
        config = self._config
        if not config.keep_days and not config.max_mb:
            return
        session = self._files.session
        root = session.root
        ours = self._old_parts()
        others = [] if root is None else [s for s in retention.sessions(root) if s.path != session.folder]
        steady = abs(self._clocks.offset() - self._offset) < CLOCK_SET_S
        keep_days = config.keep_days if steady else 0.0  # age waits for the next run
        kept = self._size(ours) - sum(part.size for part in ours)
        for stored in retention.choose([*others, *ours], kept, keep_days, config.max_mb, self._clocks.wall()):
            if retention.delete(stored, root if stored in others and root is not None else session.folder):
                log.info("%s: deleted (output.keep_days, output.max_mb)", stored.path)

    def _old_parts(self) -> list[retention.Stored]:
        """Finished parts of this session's logs and recordings."""
        session = self._files.session
        recorded = None if session.root is not None else session.recorded()
        return retention.old_parts(session.folder, self._current(), recorded)

    def _size(self, ours: list[retention.Stored]) -> int:
        """Bytes of the session.

        In a folder of the user's own only the program's files count: nothing is deleted because of other files there.
        """
        session = self._files.session
        if session.root is not None:
            counted = retention.entries(session.folder)
        else:
            counted = [*self._current(), *(part.path for part in ours)]
        return sum(status.st_size for path in counted if (status := retention.state(path)) is not None)

    def _current(self) -> list[Path]:
        """The files being written."""
        recording = self._files.video.path
        return [lines.path for lines in self._files.logs] + ([recording] if recording is not None else [])
