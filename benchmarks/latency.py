"""Latency, dropped frames and backlog of a real-time camera with a pipeline that may be too slow.

python -m benchmarks.latency
python -m benchmarks.latency --hz 60 --steps 10,20,30
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.capture.feed import LiveFeed
from monitor.capture.reopening import Grabber, Tolerance
from monitor.core.types import Event, Frame, Result
from monitor.run.stepper import Stepper
from monitor.run.worker import Limits, Worker

SECONDS = 10.0
"""Duration of each measurement."""


class Camera:
    """Gives a frame every 1/``hz`` seconds of real time."""

    live, frames, name = True, 0, "artificial"

    def __init__(self, hz: float) -> None:
        self.fps = hz
        self.count = 0
        self._start = time.monotonic()
        self._image = np.zeros((480, 640, 3), np.uint8)

    def read(self) -> Frame | None:
        """Waits for the next frame."""
        time.sleep(max(0.0, self._start + self.count / self.fps - time.monotonic()))
        self.count += 1
        return Frame(self.count, time.monotonic(), time.time(), self._image, self.name)

    def close(self) -> None:
        """Releases nothing."""

    def facts(self) -> dict[str, Any]:
        """No facts."""
        return {}


class SlowPipeline:
    """Takes a fixed time for each frame."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        """Sleeps for the time of a step."""
        time.sleep(self._step_s)
        since = time.monotonic() - (latency_from or frame.t)
        return Result(frame, (), (), {"step": self._step_s * 1e3}, dropped, since * 1e3)

    def blind(self, t: float, wall: float) -> tuple[None, list[Event]]:
        """Judges no driver."""
        return None, []

    def set_effort(self, search: float, read: float, width: float) -> None:
        """Ignores the effort."""


class Latencies:
    """Collects the latencies in milliseconds."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.dropped = 0

    def handle(self, result: Result) -> None:
        """Stores one latency."""
        self.values.append(result.latency_ms)
        self.dropped = result.dropped

    def tell(self, events: Sequence[Event]) -> None:
        """Ignores events."""

    def flush(self) -> None:
        """Buffers nothing."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Closes nothing."""


def main() -> None:
    """Prints one row per step time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hz", type=float, default=30.0, help="frame rate of the camera")
    parser.add_argument("--steps", default="20,50,100,200", help="milliseconds per step, separated by commas")
    args = parser.parse_args()
    print("| step | frames seen | processed | dropped | latency p50 | p95 | max | first half p95 | second half p95 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for step_ms in (float(ms) for ms in args.steps.split(",")):
        camera, sink = Camera(args.hz), Latencies()
        feed = LiveFeed(Grabber(camera, lambda: Camera(args.hz), Tolerance(stall_s=60)))
        worker = Worker(feed, Stepper(SlowPipeline(step_ms / 1e3), live=True), [sink], Limits(seconds=SECONDS))
        worker.run()
        feed.close()
        values = np.array(sink.values)
        half = len(values) // 2
        ends = [np.percentile(part, 95) for part in (values[:half], values[half:])]
        print(
            f"| {step_ms:g} ms | {camera.count} | {len(values)} | {sink.dropped} | {np.median(values):.0f} ms | "
            f"{np.percentile(values, 95):.0f} ms | {values.max():.0f} ms | {ends[0]:.0f} ms | {ends[1]:.0f} ms |",
            flush=True,
        )


if __name__ == "__main__":
    main()
