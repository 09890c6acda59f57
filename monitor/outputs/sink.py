"""Where results go: the sink protocol, and a wrapper that keeps a slow sink off the worker's back."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.core.types import Event, Result

log = logging.getLogger("monitor")

CLOSE_S = 2.0
"""Time a slow sink gets to come to an end when somebody stopped the run."""
PATIENT_S = 60.0
"""Time it gets when the run ended by itself: nobody waits, and a busy machine may encode slowly."""


class Sink(Protocol):
    """Takes every result in order, then once the events that the session's end brings."""

    def handle(self, result: Result) -> None:
        """Takes one result."""

    def tell(self, events: Sequence[Event]) -> None:
        """Takes events that belong to no frame: the camera went away, the disk is full."""

    def flush(self) -> None:
        """Called while no frame comes: what is buffered should reach its file."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Takes the last events and finishes."""


def sink_name(sink: Sink) -> str:
    """The name of a sink in log lines: its class, for a ``Background`` that of the sink it runs."""
    return sink.name if isinstance(sink, Background) else type(sink).__name__


class Background:
    """Runs a slow sink on a thread of its own behind a short queue.

    A full queue drops results when ``drop`` is set (live video must not slow the readings) and else
    waits (a file's video has every frame). An error in the sink is logged once and ends it, nothing else.

    Args:
        sink: The slow sink.
        drop: Drop results rather than wait.
        size: Results the queue holds.
        patience_s: Seconds that closing may take, asked for when it begins.

    Attributes:
        dropped: Results the sink never saw.
        broken: Whether the sink failed.
        name: Class name of the sink that it runs.
    """

    def __init__(
        self, sink: Sink, drop: bool, size: int = 8, patience_s: Callable[[], float] = lambda: CLOSE_S
    ) -> None:
        self._sink, self._drop, self._patience_s = sink, drop, patience_s
        self._queue: queue.Queue[Result | None] = queue.Queue(maxsize=size)
        self.broken = False
        self.dropped = 0
        self.name = type(sink).__name__
        self._thread = threading.Thread(target=self._run, name=f"sink-{self.name}", daemon=True)
        self._thread.start()

    def handle(self, result: Result) -> None:
        """Queues a result."""
        if self.broken:
            return
        try:
            self._queue.put(result, block=not self._drop)
        except queue.Full:
            self.dropped += 1

    def tell(self, events: Sequence[Event]) -> None:
        """Slow sinks write pictures; what belongs to no frame is not for them."""

    def flush(self) -> None:
        """Nothing is buffered here."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Lets the sink finish what is queued (live: only what it is at), then closes it.

        Raises:
            TimeoutError: It did not come to an end in time and is left alone.
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
        while (result := self._queue.get()) is not None:
            if self.broken:
                continue
            try:
                self._sink.handle(result)
            except Exception as error:
                self.broken = True
                log.error("error: %s stopped: %s; monitoring goes on", self.name, error)
