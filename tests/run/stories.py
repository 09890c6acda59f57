"""Stand-ins for feed, sink and pipeline of a worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from monitor.capture.feed import Feed
from monitor.core.driver_state import DriverState
from monitor.core.types import Event, Frame, Result
from monitor.outputs.sink import Sink
from monitor.run.governor import Governor
from monitor.run.stepper import Stepper, Steps
from monitor.run.worker import UNLIMITED, Limits, Worker
from tests.fakes import result


class ListFeed:
    live = False
    dropped = 0

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.left = list(frames)
        self.ended = False

    def next(self, timeout: float) -> Frame | None:
        if not self.left:
            self.ended = True
            return None
        return self.left.pop(0)

    def wake(self) -> None: ...

    def close(self) -> None: ...


class Recorder:
    def __init__(self) -> None:
        self.indices: list[int] = []
        self.told: list[Event] = []

    def handle(self, result: Result) -> None:
        self.indices.append(result.frame.index)

    def tell(self, events: Sequence[Event]) -> None:
        self.told += events

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None: ...


class EchoPipeline:
    """Fails on the frames ``bad``."""

    seat = None

    def __init__(self, bad: Sequence[int] = ()) -> None:
        self._bad = set(bad)
        self.slowdown = 1.0

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        if frame.index in self._bad:
            raise RuntimeError("poisoned picture")
        return result(frame.t, index=frame.index)

    def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
        return None, []

    def set_effort(self, search: float, read: float, width: float) -> None:
        self.slowdown = search


def working(
    feed: Feed,
    pipeline: Steps,
    *sinks: Sink,
    limits: Limits = UNLIMITED,
    governor: Governor | None = None,
    clock: Callable[[], float] = time.monotonic,
    asleep: Callable[[], float] = lambda: 0.0,
) -> Worker:
    """A worker that has not been started."""
    stepper = Stepper(pipeline, live=feed.live, governor=governor, clock=clock, asleep=asleep)
    return Worker(feed, stepper, sinks, limits)
