"""The worker thread: takes frames, runs the pipeline, hands results to the sinks. It owns all their state."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from monitor.capture.feed import Feed
from monitor.core.errors import EXIT_UNEXPECTED, UserError
from monitor.core.incidents import Incidents
from monitor.core.types import Event, Frame, Result
from monitor.outputs.sink import Sink, sink_name
from monitor.pipeline import Pipeline
from monitor.run.governor import EFFORTS, Governor
from monitor.settings.config import PerformanceConfig
from monitor.system.machine import asleep_s

log = logging.getLogger("monitor")

BLIND_S = 1.0
"""A live source that gave no picture for this long shows nothing of now."""
MOST_FAILURES = 20
"""Frames in a row that may fail before the program gives up (a supervisor can then restart it)."""
JUMP_S = 2.0
"""The wall clock may differ so much from the monotonic one between two frames before it is said to have jumped."""


class Worker:
    """Runs feed → pipeline → sinks until the feed ends, a limit is reached or ``stop`` is called.

    Attributes:
        latest: The newest result, for the window and the live view.
        paused: Set by the main thread; no frame is taken while it is set.
        done: Set when the loop has ended.
        failed: Why it ended badly, else None.
        exit_code: What the run is to end with then.
        frames: Frames processed so far.
        governor: Chooses how much is done for a live source.
        beats: Grows with every round, frame or not: a watchdog sees that the thread gets on.
        broken_sinks: Sinks that raised an error. They receive nothing more; the other sinks go on.
    """

    def __init__(
        self,
        feed: Feed,
        pipeline: Pipeline,
        sinks: Sequence[Sink],
        max_frames: int = 0,
        max_seconds: float = 0.0,
        incidents: Incidents | None = None,
        clock: Callable[[], float] = time.monotonic,
        governor: Governor | None = None,
        asleep: Callable[[], float] = asleep_s,
    ) -> None:
        self._feed, self._pipeline, self._sinks = feed, pipeline, sinks
        self._max_frames, self._max_seconds, self._clock = max_frames, max_seconds, clock
        self._incidents, self._asleep = incidents or Incidents(), asleep
        self._offset: float | None = None
        self._slept = asleep()
        self._t = self._wall = 0.0
        self._blinded = False
        self.beats = 0
        self._stop = threading.Event()
        self.governor = governor if governor is not None else Governor(PerformanceConfig())
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self.latest: Result | None = None
        self.paused = threading.Event()
        self.done = threading.Event()
        self.failed: str | None = None
        self.exit_code = EXIT_UNEXPECTED
        self.frames = 0
        self.broken_sinks: list[Sink] = []

    def start(self) -> None:
        """Begins in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Asks the loop to end after the current frame."""
        self._stop.set()
        self._feed.wake()

    def join(self, timeout: float) -> bool:
        """Waits for the loop to end; False when it did not in time."""
        return self.done.wait(timeout)

    def run(self) -> None:
        """The loop itself."""
        try:
            self._loop()
        except Exception as error:
            log.debug("details", exc_info=True)
            self.failed = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        finally:
            self.done.set()

    def _loop(self) -> None:
        first: float | None = None
        begun = self.now()[0]
        failures = 0
        while not self._stop.is_set() and not self._feed.ended:
            self.beats += 1
            self._tell(self._incidents.take(*self.now()))
            if self.paused.is_set():
                if self._feed.live:
                    self._feed.next(timeout=0)  # what nobody wants to see is not counted as dropped
                self._flush()
                self._stop.wait(0.02)
                continue
            frame = self._feed.next(timeout=0.2)
            if frame is None:
                self._flush()
                self._blind()
                since = begun if first is None else first
                if self._feed.live and 0 < self._max_seconds <= self.now()[0] - since:
                    return  # also without pictures
                continue
            self._look_at_clocks(frame)
            if self._feed.live and not self.governor.wants(frame.t):
                continue
            self._see_again(frame)
            first = frame.t if first is None else first
            if self._max_seconds and frame.t - first >= self._max_seconds:
                return
            try:
                result = self._pipeline.step(
                    frame, self._feed.dropped, latency_from=frame.t if self._feed.live else None
                )
                failures = 0
            except UserError as error:  # a damaged file: the next frame would meet it, too
                self.failed, self.exit_code = " ".join(str(error).split()), error.exit_code
                return
            except Exception as error:
                failures += 1
                log.error("error: frame %d was skipped: %s: %s", frame.index, type(error).__name__, error)
                log.debug("details", exc_info=True)
                if failures >= MOST_FAILURES:
                    self.failed = f"{failures} frames in a row failed; the last: {type(error).__name__}: {error}"
                    return
                continue
            self._deliver(result)
            self.latest = result
            self.frames += 1
            if self._feed.live and self.governor.update(frame.t, sum(result.timings_ms.values()) / 1e3):
                self._change_effort()
            if self._max_frames and self.frames >= self._max_frames:
                return

    def _blind(self) -> None:
        """A camera that gives nothing shows no driver: an absence of pictures must not pass for attention."""
        if not self._feed.live or self.latest is None or self._feed.ended:
            return
        t, wall = self.now()
        if t - self._t < BLIND_S:
            return
        # A frame on its way was grabbed before now: told of now, it would step back in time when it comes.
        state, events = self._pipeline.blind(t - BLIND_S / 2, wall - BLIND_S / 2)
        self._blinded = True
        self._tell(events)
        self.latest = replace(self.latest, faces=(), driver=state)

    def _see_again(self, frame: Frame) -> None:
        """Ends a time without pictures at the moment of the first one, which vouches for nothing before it."""
        if self._blinded:
            self._blinded = False
            self._tell(self._pipeline.blind(frame.t, frame.wall)[1])

    def _change_effort(self) -> None:
        """Hands a new effort to the pipeline and says so once."""
        level, effort = self.governor.level, self.governor.effort
        self._pipeline.set_effort(effort.search, effort.read, effort.width)
        self._incidents.end("load", "degraded")
        if level:
            log.warning("too much for this machine (%s): degraded to step %d of %d, intervals x%g, width x%g",
                        self.governor.reason, level, len(EFFORTS) - 1, effort.search, effort.width)  # fmt: skip
            self._incidents.begin("load", "degraded", step=level, because=self.governor.reason)
        else:
            log.info("no longer degraded")

    def now(self) -> tuple[float, float]:
        """Now on the frame clock, in seconds, and since the epoch: a file's own time is that of its last frame."""
        return (self._clock(), time.time()) if self._feed.live else (self._t, self._wall)

    def _look_at_clocks(self, frame: Frame) -> None:
        """The wall clock may jump (NTP, no battery); nothing but the logs uses it, and they say so."""
        self._t, self._wall = frame.t, frame.wall
        if not self._feed.live:
            return
        offset = frame.wall - frame.t
        by = 0.0 if self._offset is None else offset - self._offset
        self._offset = offset
        if abs(by) <= JUMP_S:
            # A picture from before the machine slept may wait: only what came after it tells of the sleep.
            return
        slept, self._slept = self._slept, self._asleep()
        by -= self._slept - slept  # the frames' clock stands still meanwhile
        if abs(by) > JUMP_S:
            log.warning("the wall clock jumped by %+.1f s; timestamps do, video_time does not", by)
            self._incidents.moment("clock", "jumped", by_s=round(by, 3))

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            for sink in self._sinks:
                self._guarded(sink, lambda sink=sink: sink.tell(events))  # type: ignore[misc]

    def _deliver(self, result: Result) -> None:
        for sink in self._sinks:
            self._guarded(sink, lambda sink=sink: sink.handle(result))  # type: ignore[misc]

    def _flush(self) -> None:
        for sink in self._sinks:
            self._guarded(sink, sink.flush)

    def _guarded(self, sink: Sink, call: Callable[[], None]) -> None:
        """Calls a sink. One that raises is logged once and skipped from then on, whatever else has its class."""
        if any(broken is sink for broken in self.broken_sinks):
            return
        try:
            call()
        except Exception as error:
            self.broken_sinks.append(sink)
            log.error("error: %s stopped: %s; monitoring goes on", sink_name(sink), error)
            log.debug("details", exc_info=True)
