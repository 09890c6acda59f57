"""Log lines of the command line: level, stream and format."""

from __future__ import annotations

import logging
import os
import sys

from monitor.core.origin import CameraNames

log = logging.getLogger("monitor")


class JournalFormatter(logging.Formatter):
    """Puts the syslog level before each line, so that ``journalctl -p warning`` works (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, with the level before each of its lines."""
        level = 3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6
        level = 7 if record.levelno < logging.INFO else level
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def set_up(*, quiet: bool, verbose: bool) -> None:
    """Sends log lines to standard error: warnings only with ``quiet``, details with ``verbose``."""
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    if sys.stderr.isatty():
        # Lines must appear above the live view, which controls the terminal.
        from rich.logging import RichHandler

        from monitor.system.terminal import terminal

        handler: logging.Handler = RichHandler(
            console=terminal(), show_time=False, show_level=False, show_path=False, markup=False
        )
    else:
        handler = logging.StreamHandler(sys.stderr)
    # The journal adds its own time stamps.
    in_journal = "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()
    handler.setFormatter(JournalFormatter("%(message)s") if in_journal else logging.Formatter("%(message)s"))
    handler.addFilter(CameraNames())
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False
    if not verbose:
        quiet_libraries()


def quiet_libraries() -> None:
    """Silences OpenCV and FFmpeg, which print a line for every unexpected packet."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
