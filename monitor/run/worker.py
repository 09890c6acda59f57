"""The worker thread: takes frames, runs the pipeline and passes results to the sinks. It owns all their state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from monitor.capture.feed import Feed
from monitor.core.errors import EXIT_UNEXPECTED, UserError
from monitor.core.origin import work_for
from monitor.core.types import Event, Frame, Result
from monitor.outputs.sink import Sink, sink_name
from monitor.run.stepper import Stepper

log = logging.getLogger("monitor")

FRAME_WAIT_S = 0.2
"""Longest wait for a frame; then the worker does its other tasks."""
PAUSE_WAIT_S = 0.02
MOST_FAILURES = 20
"""Frames in a row that may fail before the run ends (a supervisor can then restart it)."""


class Limits(NamedTuple):
    """When a run ends by itself.

    Attributes:
        frames: After this many processed frames; 0 = never.
        seconds: After this much time on the frame clock since the first frame; 0 = never. A live source that gives no
            frames ends then, too.
    """

    frames: int = 0
    seconds: float = 0.0


UNLIMITED = Limits()


class Worker:
    """Runs feed → pipeline → sinks until the feed ends, a limit is reached or ``stop`` is called.

    Args:
        feed: Gives the frames.
        stepper: Runs the pipeline on them.
        sinks: Receive each result in this order.
        limits: Limits after which the run ends by itself.

    Attributes:
        paused: Set by the main thread; no frame is taken while it is set.
        done: Set when the loop has ended.
        camera: Name of the camera for log lines, where a run has several.
        on_done: Called on the worker's thread when the loop has ended.
        failed: The reason why the run failed, else None.
        exit_code: Exit code of a failed run.
        frames: Frames processed so far.
        beats: Counts the rounds, with or without a frame; the supervisor checks it to see that the thread runs.
        broken_sinks: Sinks that raised an error. They receive nothing more; the other sinks go on.
    """

    def __init__(self, feed: Feed, stepper: Stepper, sinks: Sequence[Sink], limits: Limits = UNLIMITED) -> None:
        self._feed, self._stepper, self._sinks, self._limits = feed, stepper, sinks, limits
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._begun = 0.0
        self._first: float | None = None
        self._failures = 0
        self._over = False
        self.on_done: Callable[[], None] = lambda: None
        self.camera = ""
        self.paused = threading.Event()
        self.done = threading.Event()
        self.failed: str | None = None
        self.exit_code = EXIT_UNEXPECTED
        self.frames = 0
        self.beats = 0
        self.broken_sinks: list[Sink] = []

    @property
    def latest(self) -> Result | None:
        """The newest result, for the window and the live view."""
        return self._stepper.latest

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the loop to end after the current frame."""
        self._stop.set()
        self._feed.wake()

    def join(self, timeout: float) -> bool:
        """Waits for the end of the loop; False when it did not end within ``timeout`` seconds."""
        return self.done.wait(timeout)

    def now(self) -> tuple[float, float]:
        """See ``Stepper.now``."""
        return self._stepper.now()

    def run(self) -> None:
        """The thread's function; tests call it directly."""
        work_for(self.camera)
        try:
            self._begun = self.now()[0]
            while not (self._over or self._stop.is_set() or self._feed.ended):
                self._round()
        except Exception as error:
            log.debug("details", exc_info=True)
            self.failed = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        finally:
            self.done.set()
            self.on_done()

    def _round(self) -> None:
        self.beats += 1
        self._send(self._stepper.take_incidents())
        if self.paused.is_set():
            self._rest()
            return
        frame = self._feed.next(timeout=FRAME_WAIT_S)
        if frame is None:
            self._idle()
        elif self._stepper.accepts(frame):
            self._send(self._stepper.take_events())
            self._process(frame)

    def _rest(self) -> None:
        if self._feed.live:
            self._feed.next(timeout=0)  # frames of a pause do not count as dropped
        self._flush()
        self._stop.wait(PAUSE_WAIT_S)

    def _idle(self) -> None:
        self._flush()
        if not self._feed.live:
            return
        if not self._feed.ended:
            self._stepper.idle()
            self._send(self._stepper.take_events())
        since = self._begun if self._first is None else self._first
        self._over = 0 < self._limits.seconds <= self.now()[0] - since

    def _process(self, frame: Frame) -> None:
        if self._first is None:
            self._first = frame.t
        if self._limits.seconds and frame.t - self._first >= self._limits.seconds:
            self._over = True
            return
        result = self._analysed(frame)
        if result is None:
            return
        for sink in self._sinks:
            self._guarded(sink, partial(sink.handle, result))
        self.frames += 1
        self._over = 0 < self._limits.frames <= self.frames

    def _analysed(self, frame: Frame) -> Result | None:
        """The result of a frame, None where the step failed."""
        try:
            result = self._stepper.step(frame, self._feed.dropped)
        except UserError as error:  # a damaged file, which would stop every further frame too
            self.failed, self.exit_code = " ".join(str(error).split()), error.exit_code
            self._over = True
            return None
        except Exception as error:
            self._failures += 1
            log.error("error: frame %d was skipped: %s: %s", frame.index, type(error).__name__, error)
            log.debug("details", exc_info=True)
            if self._failures >= MOST_FAILURES:
                self.failed = f"{self._failures} frames in a row failed; the last: {type(error).__name__}: {error}"
                self._over = True
            return None
        self._failures = 0
        return result

    def _send(self, events: Sequence[Event]) -> None:
        if events:
            for sink in self._sinks:
                self._guarded(sink, partial(sink.tell, events))

    def _flush(self) -> None:
        for sink in self._sinks:
            self._guarded(sink, sink.flush)

    def _guarded(self, sink: Sink, call: Callable[[], None]) -> None:
        """Calls a sink. One that raises is logged once and skipped from then on, even if another sink has the same
        class."""
        if any(broken is sink for broken in self.broken_sinks):
            return
        try:
            call()
        except Exception as error:
            self.broken_sinks.append(sink)
            log.error("error: %s stopped: %s; monitoring continues", sink_name(sink), error)
            log.debug("details", exc_info=True)
