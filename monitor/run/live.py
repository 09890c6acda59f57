"""One live run: starts the worker, watches it from the main thread, and closes everything in the right order."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from monitor.capture.choose import make_feed
from monitor.capture.names import shown
from monitor.core.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, UserError
from monitor.core.incidents import Incidents
from monitor.outputs.bundle import Outputs
from monitor.outputs.live.lines import PlainLines
from monitor.outputs.logs.session import SessionFolder
from monitor.run.assembly import build
from monitor.run.governor import Governor
from monitor.run.preparation import Opened
from monitor.run.service import Service
from monitor.run.shutdown import Stopper
from monitor.run.stepper import Stepper
from monitor.run.supervisor import Supervisor
from monitor.run.views import Running, linger, watch_headless, watch_window
from monitor.run.worker import Limits, Worker
from monitor.system.wholefile import replace_text

if TYPE_CHECKING:
    from monitor.outputs.live.album import Album
    from monitor.outputs.live.dashboard import Dashboard

log = logging.getLogger("monitor")

WORKER_S = 2.5
"""Time for the worker to finish its frame after a stop; the sinks need the rest of ``shutdown.SHUTDOWN_S``."""


class LiveRun:
    """A run whose source and files are open.

    Args:
        opened: Settings, networks and source.
        session: The session folder.
        outputs: The sinks.
        incidents: Collects faults of the machine.
        service: systemd and the health file.
        stop: Signals.
    """

    def __init__(
        self,
        opened: Opened,
        session: SessionFolder,
        outputs: Outputs,
        incidents: Incidents,
        service: Service,
        stop: Stopper,
    ) -> None:
        self._opened, self._session, self._outputs = opened, session, outputs
        self._incidents, self._service, self._stop = incidents, service, stop
        config, options = opened.config, opened.options
        self._pipeline = build(config, opened.networks)
        self._feed = make_feed(opened.source, opened.name, config, incidents, watched=opened.watched)
        stepper = Stepper(
            self._pipeline, live=self._feed.live, incidents=incidents, governor=Governor(config.performance)
        )
        self._worker = Worker(self._feed, stepper, outputs.sinks, Limits(options.max_frames, options.max_seconds))
        self._watch = Supervisor(self._worker, incidents, service, config.service.stuck_s, self._facts)
        self._album = _album(opened)
        if self._album is not None:
            outputs.sinks.append(self._album)
        self._elapsed = 0.0
        self._leave_open: Callable[[], None] | None = None

    def add_chore(self, chore: Callable[[], None]) -> None:
        """Adds a function that the main thread calls several times a second."""
        self._watch.chores.append(chore)

    def run(self) -> int:
        """Runs to the end.

        Returns:
            The exit code.
        """
        self._announce()
        started = time.monotonic()
        self._worker.start()
        self._outputs.storage.start()
        self._service.ready()
        try:
            self._show()
        finally:
            complete = self._close(started)
        code = self._exit_code() if complete else EXIT_UNEXPECTED
        self._stop.code = code  # all files are complete: a stopped terminal must not turn this into a failure
        if not self._opened.options.quiet:
            _print_summary(self._outputs, self._elapsed)
        if self._opened.options.report:
            code = code or _write_report(self._session)
        log.info("%s", self._session.folder)
        if self._leave_open is not None:
            self._leave_open()
        return code

    def _announce(self) -> None:
        source = self._opened.source
        log.info("%s → %s", source.name, self._session.folder)
        if source.live:
            recording = self._outputs.video.recording
            log.info("the camera is in use; %s", "pictures are recorded" if recording else "nothing is filmed")

    def _show(self) -> None:
        """The main thread's loop."""
        opened, config = self._opened, self._opened.config
        if opened.windowed:
            running = Running(self._worker, self._outputs, self._session, config, self._stop, self._watch)
            screen = watch_window(running, self._album)
            if screen is not None:
                self._leave_open = lambda: linger(screen, self._stop)
        else:
            watch_headless(self._worker, self._outputs, self._stop, self._view(), self._watch)

    def _view(self) -> Dashboard | PlainLines:
        source = self._opened.source
        if not self._opened.live_view:
            return PlainLines(source.name, source.frames)
        from monitor.outputs.live.dashboard import Dashboard, Shown  # imports rich, 60 ms and 3 MB
        from monitor.system.terminal import terminal

        video = self._outputs.video
        shown = Shown(
            source.name, source.frames, str(self._session.folder), lambda: video.recording, self._outputs.labels
        )
        return Dashboard(terminal(), shown, self._outputs.canvas.annotator.history)

    def _close(self, started: float) -> bool:
        """Ends the worker, releases the source and completes all files.

        Returns:
            Whether the worker ended in time and every file is complete.
        """
        self._service.stopping()
        self._worker.stop()
        in_time = self._worker.join(WORKER_S)
        if in_time:
            self._feed.close()  # closing a source that a thread still reads would crash the process
        else:
            log.error("error: the worker did not end within %.1f s; it is left behind", WORKER_S)
        self._elapsed = time.monotonic() - started
        last = self._pipeline.finish() if in_time else []
        last += self._incidents.finish(*self._worker.now())
        complete = self._outputs.close(last, self._elapsed)
        self._session.release()
        self._service.report("ended", {"state": "ended"})
        return in_time and complete

    def _exit_code(self) -> int:
        worker, feed = self._worker, self._feed
        if worker.failed:
            log.error("error: %s", worker.failed)
            return worker.exit_code
        if worker.broken_sinks:
            return EXIT_UNEXPECTED
        if feed.ended and not self._stop.asked.is_set():
            if not worker.frames:
                log.error("error: --source %s: gave no readable picture", shown(self._opened.name))
            if feed.live or not worker.frames:
                return EXIT_SOURCE
        return EXIT_OK

    def _facts(self) -> dict[str, Any]:
        """The run's part of the health file."""
        source = self._opened.source
        return {
            "dropped": self._outputs.stats.dropped, "source": source.name, "session": str(self._session.folder),
            "camera_in_use": source.live, "recording": self._outputs.video.recording,
        }  # fmt: skip


def _album(opened: Opened) -> Album | None:
    """Keeps photographs for the window, where there is one."""
    limited = opened.options.max_frames or opened.options.max_seconds
    if not opened.windowed or not opened.photographs or limited:
        return None
    from monitor.outputs.live.album import Album

    return Album(opened.config.display, opened.source.frames)


def _write_report(session: SessionFolder) -> int:
    """Writes the report; returns the exit code."""
    from monitor.outputs.report.page import render

    path = session.folder / "report.html"
    try:
        replace_text(path, render([session.folder]))
    except (OSError, UserError) as error:
        log.error("error: %s: could not be written: %s", path, error)
        return EXIT_UNEXPECTED
    log.info("%s", path)
    return EXIT_OK


def _print_summary(outputs: Outputs, elapsed_s: float) -> None:
    from rich.console import Console

    from monitor.outputs.live.blocks import blocks_for
    from monitor.outputs.live.summary import summary_table

    # Standard output may be closed, full or of a poor encoding, and rich ends the process when a pipe breaks. All
    # files are complete by now, so none of this is a failure of the run.
    with contextlib.suppress(OSError, UnicodeError, SystemExit):
        console = Console()
        console.print(summary_table(outputs.stats, elapsed_s, blocks_for(console, outputs.labels)))
