"""Where results go: the sink protocol, and a wrapper that keeps a slow sink off the worker's back."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from typing import Protocol

from monitor.types import Event, Result

log = logging.getLogger("monitor")


class Sink(Protocol):
    """Takes every result in order, then once the events that the session's end brings."""

    def handle(self, result: Result) -> None:
        """Takes one result."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Takes the last events and finishes."""


class Background:
    """Runs a slow sink on a thread of its own behind a short queue.

    A full queue drops results when ``drop`` is set (live video must not slow the readings) and else
    waits (a file's video has every frame). An error in the sink is logged once and ends it, nothing else.

    Attributes:
        dropped: Results the sink never saw.
    """

    def __init__(self, sink: Sink, drop: bool, size: int = 8) -> None:
        self._sink, self._drop = sink, drop
        self._queue: queue.Queue[Result | None] = queue.Queue(maxsize=size)
        self._broken = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=f"sink-{type(sink).__name__}", daemon=True)
        self._thread.start()

    def handle(self, result: Result) -> None:
        """Queues a result."""
        if self._broken:
            return
        try:
            self._queue.put(result, block=not self._drop)
        except queue.Full:
            self.dropped += 1

    def close(self, last_events: Sequence[Event]) -> None:
        """Lets the sink finish what is queued, then closes it."""
        self._queue.put(None)
        self._thread.join()
        self._sink.close(last_events)
        if self.dropped:
            log.warning("%d frames were not recorded: the encoder was slower than the camera", self.dropped)

    def _run(self) -> None:
        while (result := self._queue.get()) is not None:
            if self._broken:
                continue
            try:
                self._sink.handle(result)
            except Exception as error:
                self._broken = True
                log.error("error: %s stopped: %s; monitoring goes on", type(self._sink).__name__, error)
