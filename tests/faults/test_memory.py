"""Memory, file descriptors and threads over a long run, with faces coming and going."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.core.types import Event, Frame, Image, Result
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.outputs.sink import Sink
from monitor.run.assembly import build
from monitor.run.stepper import Stepper
from monitor.run.worker import Worker
from monitor.settings.config import Config, DisplayConfig, FollowConfig, OutputConfig
from monitor.system.machine import rss_mb

HZ = 12.5
MOST_GROWTH_MB = 3.0


class Loop:
    """The demo repeated at half size, from memory, with increasing times."""

    live = False
    dropped = 0

    def __init__(self, frames: int) -> None:
        self._pictures: list[Image] = []
        for n in range(int(demo.LENGTH_S * HZ)):
            self._pictures.append(cv2.resize(demo.render(n / HZ), (320, 240)).astype(np.uint8))
        self._left, self._n = frames, 0
        self.ended = False

    def next(self, timeout: float) -> Frame | None:
        if self._n >= self._left:
            self.ended = True
            return None
        frame = Frame(
            self._n, self._n / HZ, 1.8e9 + self._n / HZ, self._pictures[self._n % len(self._pictures)], "loop"
        )
        self._n += 1
        return frame

    def wake(self) -> None: ...

    def close(self) -> None: ...


class Scale:
    """Weighs the process as it goes; draws an overlay now and then, as a window would."""

    def __init__(self, every: int) -> None:
        self._every, self._annotator = every, Annotator(DisplayConfig())
        self.weights: list[float] = []
        self.counts: list[tuple[int, int]] = []

    def handle(self, result: Result) -> None:
        if result.frame.index % 25 == 0:
            self._annotator.annotate(result)
        if (result.frame.index + 1) % self._every == 0:
            gc.collect()
            self.weights.append(rss_mb())
            self.counts.append((len(os.listdir("/proc/self/fd")), threading.active_count()))

    def tell(self, events: Sequence[Event]) -> None: ...

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None: ...


def run(folder: Path, frames: int, every: int) -> tuple[Scale, StatsSink]:
    config = Config(follow=FollowConfig())
    pipeline = build(config)
    scale, stats = Scale(every), StatsSink()
    sinks: list[Sink] = [
        stats,
        TableSink(folder / "faces.csv", "S", OutputConfig()),
        EventSink(folder / "events.jsonl", "S"),
        scale,
    ]
    worker = Worker(Loop(frames), Stepper(pipeline, live=False), sinks)
    worker.run()
    assert worker.failed is None
    for sink in sinks:
        sink.close([])
    return scale, stats


def held(scale: Scale, warm: int) -> float:
    """Growth in MB after the warm-up; descriptors and threads must not move at all."""
    assert len(set(scale.counts[warm:])) == 1
    return max(scale.weights[warm:]) - scale.weights[warm]


def test_a_short_run_does_not_grow(tmp_path: Path) -> None:
    scale, stats = run(tmp_path, 900, 150)
    assert max(stats.faces) >= 4  # faces came and went
    assert held(scale, 3) < MOST_GROWTH_MB


@pytest.mark.soak
def test_200_000_frames_with_faces_coming_and_going(tmp_path: Path) -> None:
    scale, stats = run(tmp_path, 200_000, 10_000)
    growth = held(scale, 1)
    print(f"\n200,000 frames, {max(stats.faces)} faces, {scale.weights[1]:.1f} MB after 20,000; growth {growth:.2f} MB")
    print("every 10,000 frames:", " ".join(f"{w:.1f}" for w in scale.weights))
    assert growth < MOST_GROWTH_MB
