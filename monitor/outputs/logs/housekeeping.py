"""Slow disk work on its own thread: syncing the logs and deleting old files."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from monitor.outputs.logs import retention
from monitor.outputs.logs.camerafolders import camera_folders
from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.settings.config import OutputConfig

log = logging.getLogger("monitor")

SYNC_S = 10.0
"""Seconds between two syncs of the logs; a power cut destroys at most this much of them."""
RETENTION_S = 600.0
"""Seconds between two searches for files to delete."""
CLOCK_SET_S = 3600.0
"""If the wall clock moves by more seconds than this against the monotonic clock, it was set, and the age of files is
unknown."""


_ONE_AT_A_TIME = threading.Lock()
"""Held while files are chosen and deleted, so that two cameras do not both delete files to free the same space."""


class Housekeeper:
    """Syncs the logs and keeps the total size and age within the settings.

    Args:
        files: The session's files.
        config: ``keep_days`` and ``max_mb`` are used.
        clocks: The clocks.
    """

    def __init__(self, files: SessionFiles, config: OutputConfig, clocks: Clocks) -> None:
        self._files, self._config, self._clocks = files, config, clocks
        self._offset = clocks.offset()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="storage", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the thread to end, without waiting for it."""
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
        """Deletes files beyond ``keep_days`` and ``max_mb``: old sessions first, then old parts of this one.

        Raises:
            OSError: A folder cannot be read.
        """
        if self._config.keep_days or self._config.max_mb:
            with _ONE_AT_A_TIME:
                self._delete_old()

    def _delete_old(self) -> None:
        config, session = self._config, self._files.session
        root = session.root
        ours = self._old_parts()
        others = [] if root is None else [s for s in retention.sessions(root) if s.path != session.whole]
        steady = abs(self._clocks.offset() - self._offset) < CLOCK_SET_S
        keep_days = config.keep_days if steady else 0.0  # with an unsteady clock, ages are judged in the next run
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

        In a folder named by the user only files of this program count, so that nothing is deleted because of other
        files.
        """
        session = self._files.session
        if session.root is not None:
            folders = (session.whole, *camera_folders(session.whole))
            counted = [entry for folder in folders for entry in retention.entries(folder)]
        else:
            counted = [*self._current(), *(part.path for part in ours)]
        return sum(status.st_size for path in counted if (status := retention.state(path)) is not None)

    def _current(self) -> list[Path]:
        """The files being written."""
        recording = self._files.video.path
        return [lines.path for lines in self._files.logs] + ([recording] if recording is not None else [])
