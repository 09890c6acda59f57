"""Log rotation: new files every day, at a size, and on request."""

from __future__ import annotations

import logging
from datetime import datetime

from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.settings.config import OutputConfig

log = logging.getLogger("monitor")


class Rotation:
    """Renames finished logs to ``<log>-<day>-<number>`` and begins new ones.

    Args:
        files: The session's files.
        config: ``rotate_daily`` and ``rotate_mb`` are used.
        clocks: The clocks.
    """

    def __init__(self, files: SessionFiles, config: OutputConfig, clocks: Clocks) -> None:
        self._files, self._config, self._clocks = files, config, clocks
        self._day = self._today()

    def when_due(self) -> None:
        """Rotates if a new day has begun or a log has reached its size.

        Raises:
            OSError: The folder cannot be read.
        """
        limit = self._config.rotate_mb * 1e6
        today = self._today()
        if self._config.rotate_daily and today != self._day:
            self.now("a new day")
        elif limit and any(lines.size >= limit for lines in self._files.logs):
            self.now("their size")
        self._day = today

    def now(self, reason: str) -> None:
        """Rotates every log that is not empty.

        Args:
            reason: Reason, for the log line.

        Raises:
            OSError: The folder cannot be read.
        """
        session = self._files.session
        number = session.next_part()
        for lines in self._files.logs:
            if lines.size:
                lines.rotate(lines.path.with_name(f"{lines.path.stem}-{self._day}-{number:04d}{lines.path.suffix}"))
        log.info("%s: new log files (%s)", session.folder, reason)

    def _today(self) -> str:
        return datetime.fromtimestamp(self._clocks.wall()).strftime("%Y%m%d")
