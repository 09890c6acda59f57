"""A grabber under a clock that the test moves, and cameras that hang as drivers do."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import numpy as np
import pytest

from monitor.capture.feed import LiveFeed
from monitor.capture.reopening import Grabber, Tolerance
from monitor.capture.source import Source
from monitor.core.incidents import Incidents
from monitor.core.types import Frame, Image
from tests.fakes import Clock, ScriptedSource, frame

PATIENCE_S = 10.0
"""Longest real time a test waits for a thread; it takes milliseconds."""


class Camera(ScriptedSource):
    """Gives the pictures it is handed; between them ``read`` hangs, as a driver does."""

    def __init__(self) -> None:
        super().__init__([])
        self._queue: queue.Queue[Frame | Exception | None] = queue.Queue()
        self.gone = threading.Event()

    def give(self, item: Frame | Exception | None) -> None:
        self._queue.put(item)

    def read(self) -> Frame | None:
        item = self._queue.get()
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        super().close()
        self.gone.set()


class Story:
    """A grabber under a clock that the test moves."""

    def __init__(self, stall_s: float = 5.0, frozen_s: float = 0.0, **settings: float) -> None:
        self.clock, self.incidents, self.cameras = Clock(), Incidents(), [Camera()]
        self.attempts: list[float] = []
        self.trouble: Exception | None = None
        self.opened = threading.Event()
        self.hold: threading.Event | None = None
        self.grabber = Grabber(
            self.cameras[0], self.reopen, Tolerance(stall_s, frozen_s, **settings), self.incidents, self.clock
        )
        self.feed = LiveFeed(self.grabber)
        self._n = 0

    def reopen(self) -> Source:
        self.attempts.append(self.clock.now)
        self.opened.set()
        if self.hold is not None:
            self.hold.wait()
        if self.trouble is not None:
            raise self.trouble
        self.cameras.append(Camera())
        return self.cameras[-1]

    def picture(self, image: Image | None = None) -> Frame | None:
        """The newest camera gives a picture; returns the frame that reaches the worker."""
        self._n += 1
        fresh = np.full((48, 64, 3), 20 + self._n % 200, np.uint8) if image is None else image
        self.cameras[-1].give(frame(self.clock.now, self._n, fresh))
        return self.feed.next(PATIENCE_S if image is None else 0.3)

    def let_pass(self, seconds: float, step: float = 0.5) -> None:
        """Moves the clock; an attempt to open comes to its end within its step, unless it is held."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.advance(step)
            tries = self.grabber.reopened
            self.feed.next(0)
            if self.grabber.reopened > tries and self.hold is None:
                self.settle(lambda: self.grabber._device is None or self.grabber._device.opened.is_set())

    def settle(self, condition: Callable[[], bool]) -> None:
        """Lets threads come to rest without moving the clock."""
        for _ in range(1000):
            if condition():
                return
            self.feed.next(0.01)
        pytest.fail("did not settle")

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(e.phase, e.data["state"]) for e in self.incidents.take(self.clock.now, 0.0)]
