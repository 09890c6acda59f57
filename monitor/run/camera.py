"""One camera of a run: its pipeline, worker, session folder and outputs, from the first frame to complete files."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitor.capture.choose import make_feed
from monitor.capture.names import shown
from monitor.core.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED
from monitor.core.incidents import Incidents
from monitor.core.origin import work_for
from monitor.outputs.bundle import Outputs
from monitor.outputs.logs.session import SessionFolder
from monitor.run.assembly import build
from monitor.run.governor import Governor
from monitor.run.mounting import Mounting
from monitor.run.options import Options
from monitor.run.preparation import Opened, begin
from monitor.run.running import Running
from monitor.run.seats import remember
from monitor.run.stepper import Stepper
from monitor.run.supervisor import Reporter, Supervisor
from monitor.run.worker import Limits, Worker

log = logging.getLogger("monitor")

WORKER_S = 2.5
"""Time for the worker to finish its frame after a stop; the rest of ``shutdown.SHUTDOWN_S`` is for the sinks."""


@dataclass(slots=True)
class Requests:
    """Requests to one camera; see ``outputs.bundle.Stop``.

    Attributes:
        asked: Set when the whole run is to end; shared by all cameras.
        rotate: Set when this camera's logs are to be rotated.
    """

    asked: threading.Event
    rotate: threading.Event = field(default_factory=threading.Event)


class Camera:
    """Everything that belongs to one source. A fault of one camera cannot affect another.

    Args:
        opened: Settings, networks and source.
        session: Its session folder.
        config_from: Origin of the settings.
        options: Limits of the run.
        requests: Stop and rotation.
        reporter: Receives the supervisor's reports.

    Attributes:
        name: Its name; "" = the only source of the run.
        opened: See above.
        session: See above.
        outputs: The sinks.
        incidents: Faults of its source, disk and load.
        requests: See above.
        worker: The thread that owns its state.
        watch: Supervises the worker.
        running: Its parts that the window shows.
        elapsed_s: Length of its run, once it has ended.
        code: Its exit code, once it has ended.

    Raises:
        UserError: Its files cannot be written; the source is closed then.
    """

    def __init__(
        self,
        opened: Opened,
        session: SessionFolder,
        config_from: str,
        options: Options,
        requests: Requests,
        reporter: Reporter,
    ) -> None:
        self.name, self.opened, self.session, self.requests = opened.camera, opened, session, requests
        self.incidents = Incidents()
        self.outputs: Outputs = begin(opened, session, config_from, self.incidents, requests)
        config = opened.config
        self._pipeline = build(config, opened.plan.networks)
        self._feed = make_feed(
            opened.source, opened.name, config, self.incidents, watched=opened.watched, gray=opened.plan.gray
        )
        stepper = Stepper(
            self._pipeline, live=self._feed.live, incidents=self.incidents, governor=Governor(config.performance)
        )
        if self._feed.live and config.source.rotate == "auto":
            stepper.mounting = Mounting(self._pipeline.turned_faces)
        limits = Limits(options.max_frames, options.max_seconds)
        self.worker = Worker(self._feed, stepper, self.outputs.sinks, limits)
        self.worker.camera = self.name
        self.watch = Supervisor(self.worker, self.incidents, reporter, config.service.stuck_s, self._facts)
        self._reporter = reporter
        self.running = Running(self.worker, self.outputs, session, config, self.watch, self.name)
        self.elapsed_s = 0.0
        self.code = EXIT_OK
        self._started = time.monotonic()
        self._begun = False
        self._closing: threading.Thread | None = None
        self._complete = False

    @property
    def over(self) -> bool:
        """Whether the camera has ended, or is completing its files."""
        return self._closing is not None

    def start(self, on_done: Callable[[], None]) -> None:
        """Starts the worker; ``on_done`` is called on its thread when it has ended."""
        self.worker.on_done = on_done
        self._started = time.monotonic()
        self._begun = True
        self.worker.start()
        self.outputs.storage.start()

    def tick(self) -> bool:
        """Supervises the camera; the main thread calls this several times a second.

        Returns:
            Whether it continues. If not, its files are completed on a separate thread.
        """
        if not self.over and (self.worker.done.is_set() or not self.watch.tick()):
            self.end()
        return not self.over

    def end(self) -> None:
        """Begins to end the camera: worker, then source, then all files; does not wait for it."""
        if self._closing is None:
            self._closing = threading.Thread(target=self._close, name=f"close-{self.name}", daemon=True)
            self._closing.start()

    def wait(self) -> bool:
        """Waits until the camera has ended; returns whether every file is complete."""
        assert self._closing is not None
        self._closing.join()
        return self._complete

    def outcome(self) -> dict[str, Any]:
        """The end of the camera's run, for the summary of several cameras."""
        stats = self.outputs.stats
        state = "failed" if self.code else "ended"
        error = {"error": self.worker.failed} if self.worker.failed else {}
        return {
            "source": self.opened.source.name, "state": state, "exit_code": self.code, **error,
            "frames": stats.frames, "dropped": stats.dropped, "elapsed_s": round(self.elapsed_s, 3),
        }  # fmt: skip

    def _close(self) -> None:
        work_for(self.name)
        try:
            self._complete = self._closed()
            self.code = self._exit_code() if self._complete else EXIT_UNEXPECTED
        except Exception as error:
            log.error("error: the camera could not be ended: %s: %s", type(error).__name__, error)
            log.debug("details", exc_info=True)
            self.code = EXIT_UNEXPECTED
        self._reporter.report("ended", {"state": "trouble" if self.code else "ended", "frames": self.worker.frames})

    def _closed(self) -> bool:
        """Ends the worker, releases the source and completes all files.

        Returns:
            Whether the worker ended in time and every file is complete.
        """
        self.worker.stop()
        in_time = not self._begun or self.worker.join(WORKER_S)
        if in_time:
            self._feed.close()  # closing a source that a thread still reads would crash the process
        else:
            log.error("error: the worker did not end within %.1f s; it is left behind", WORKER_S)
        self.elapsed_s = time.monotonic() - self._started
        last = self._pipeline.finish() if in_time else []
        if in_time:
            source = self.opened.source
            remember(self.opened.config, source.name, self._pipeline.seat, live=source.live)
        last += self.incidents.finish(*self.worker.now())
        complete = self.outputs.close(last, self.elapsed_s)
        self.session.release()
        return in_time and complete

    def _exit_code(self) -> int:
        worker, feed = self.worker, self._feed
        if worker.failed:
            log.error("error: %s", worker.failed)
            return worker.exit_code
        if worker.broken_sinks:
            return EXIT_UNEXPECTED
        if feed.ended and not self.requests.asked.is_set():
            if not worker.frames:
                log.error("error: --source %s: gave no readable picture", shown(self.opened.name))
            if feed.live or not worker.frames:
                return EXIT_SOURCE
        return EXIT_OK

    def _facts(self) -> dict[str, Any]:
        """The camera's part of the health file."""
        source = self.opened.source
        return {
            "dropped": self.outputs.stats.dropped, "source": source.name, "session": str(self.session.folder),
            "camera_in_use": source.live, "recording": self.outputs.video.recording,
        }  # fmt: skip
