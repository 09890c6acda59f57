"""The sink protocol, and a wrapper that runs a slow sink on its own thread."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.core.origin import work_for
from monitor.core.types import Event, Result

log = logging.getLogger("monitor")

CLOSE_S = 2.0
"""Longest time in seconds for a slow sink to finish when the user stops the run."""
PATIENT_S = 60.0
"""The same when the run ends by itself; longer, because no user waits and a busy machine encodes slowly."""


class Sink(Protocol):
    """Receives every result in order, and at the end the last events of the session."""

    def handle(self, result: Result) -> None:
        """Takes one result."""

    def tell(self, events: Sequence[Event]) -> None:
        """Takes events without a frame, such as a lost camera or a full disk."""

    def flush(self) -> None:
        """Called while no frame arrives: buffered rows should reach their file."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Takes the last events and finishes."""


def sink_name(sink: Sink) -> str:
    """The name of a sink in log lines: its class name, for a ``Background`` that of the wrapped sink."""
    return sink.name if isinstance(sink, Background) else type(sink).__name__


class Background:
    """Runs a slow sink on its own thread behind a short queue.

    If the queue is full, results are dropped with ``drop`` (so that recording a camera does not slow the readings);
    otherwise the caller is blocked (so that recording a file keeps every frame). An error in the sink is logged once
    and ends only this sink.

    Args:
        sink: The slow sink.
        drop: Drop results when the queue is full, instead of blocking.
        size: Length of the queue in results.
        patience_s: Called when closing begins; returns the seconds that it may take.
        camera: Name of the camera for log lines, where a run has several.
        idle: Whether the sink needs no results at present; they are not queued then, which saves a switch of threads.

    Attributes:
        dropped: Number of results the sink did not get.
        broken: Whether the sink failed.
        name: Class name of the sink that it runs.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        drop: bool,
        size: int = 8,
        patience_s: Callable[[], float] = lambda: CLOSE_S,
        camera: str = "",
        idle: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sink, self._drop, self._patience_s, self._camera = sink, drop, patience_s, camera
        self._idle = idle
        self._queue: queue.Queue[Result | None] = queue.Queue(maxsize=size)
        self.broken = False
        self.dropped = 0
        self.name = type(sink).__name__
        self._thread = threading.Thread(target=self._run, name=f"sink-{self.name}", daemon=True)
        self._thread.start()

    def handle(self, result: Result) -> None:
        """Queues a result."""
        if self.broken or self._idle():
            return
        try:
            self._queue.put(result, block=not self._drop)
        except queue.Full:
            self.dropped += 1

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: slow sinks write pictures, and these events have no picture."""

    def flush(self) -> None:
        """Does nothing: there is no buffer."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Waits for the sink to finish its queue (if ``drop``: only its current result), then closes it.

        Raises:
            TimeoutError: It did not finish in time; its thread is left running.
        """
        while self._drop and not self._queue.empty():
            try:
                self._queue.get_nowait()
                self.dropped += 1
            except queue.Empty:
                break
        limit = self._patience_s()
        until = time.monotonic() + limit
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=limit)
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._thread.is_alive():
            raise TimeoutError(f"{self.name} is still busy after {limit:.0f} s")
        self._sink.close(last_events)
        if self.dropped:
            log.warning("%d frames were not recorded: the encoder was slower than the camera", self.dropped)

    def _run(self) -> None:
        work_for(self._camera)
        while (result := self._queue.get()) is not None:
            if self.broken:
                continue
            try:
                self._sink.handle(result)
            except Exception as error:
                self.broken = True
                log.error("error: %s stopped: %s; monitoring continues", self.name, error)
