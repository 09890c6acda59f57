"""Logged drives for the tests of replay and score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from monitor.core.types import Box, Event, EyeReading, Face, Image, Keypoints
from monitor.driver.judge import Driver
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import Config, DriverConfig, OutputConfig
from tests.fakes import Clock, face, frame, keypoints_at, result

BOX = (100.0, 100.0, 200.0, 200.0)


class Eyes:
    """Eyes that are shut from one time to another."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end, self.now = start, end, 0.0

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        reading = EyeReading(0.02 if self.start <= self.now < self.end else 0.95, 1.0)
        return reading, reading


def without_lids(box: Box) -> Keypoints:
    """Keypoints that do not tell how far the lids are apart, as in ``faces.csv``."""
    return replace(keypoints_at(box), openness=np.zeros(3, np.float32))


def drive(path: Path, seconds: float = 100.0) -> list[Event]:
    """Logs a drive with one sleep from 80 to 84 s; returns the events of the day."""
    eyes = Eyes(80, 84)
    driver = Driver(Config(driver=DriverConfig(enabled=True)), eyes, iter(range(99)))
    sink = TableSink(path, "S", OutputConfig(), columns(driver=True), clock=Clock())
    events: list[Event] = []
    for n in range(int(seconds * 10)):
        eyes.now = t = n / 10
        keypoints = without_lids(BOX)
        seen: tuple[Face, ...] = (face(1, "neutral", BOX, keypoints=keypoints, pose=(1.0, 2.0, 0.0)),)
        if 40 <= t < 48:
            seen = ()
        faces, state, more = driver.step(frame(t, n), seen)
        events += more
        sink.handle(result(t, faces, index=n, driver=state))
    sink.close([])
    return events + driver.finish()


def told(events: list[Event]) -> list[tuple[str, str, int, float]]:
    return [(e.kind, e.phase, e.level, round(e.t, 2)) for e in events if e.kind not in ("face", "emotion")]
