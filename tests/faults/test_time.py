"""Clocks that lie: the wall clock jumps, frames share one time, the host stands still. No false event, no crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.core.types import Frame
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.reader import read_events, read_rows
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.pipeline import Pipeline
from monitor.run.stepper import Stepper
from monitor.run.worker import Worker
from monitor.settings.config import Config, DetectConfig, OutputConfig
from tests.fakes import Clock, Scripted, ScriptedDetector, ScriptedEmotion, distribution, picture, square

SCENE = picture()
YEAR = 365 * 86_400.0


class Camera:
    """A live feed of frames with the two times that the test gives each of them."""

    live = True
    dropped = 0

    def __init__(self, times: list[tuple[float, float]], clock: Clock, pipeline: ScriptedDetector) -> None:
        self._times, self._clock, self._detector = list(enumerate(times)), clock, pipeline
        self.ended = False

    def next(self, timeout: float) -> Frame | None:
        if not self._times:
            self.ended = True
            return None
        index, (t, wall) = self._times.pop(0)
        self._clock.now = self._detector.now = t
        return Frame(index, t, wall, SCENE, "camera")

    def wake(self) -> None: ...

    def close(self) -> None: ...


def live(folder: Path, times: list[tuple[float, float]]) -> tuple[Worker, StatsSink]:
    """A whole run but for camera and networks: one face that looks neutral all the time."""
    clock = Clock()
    detector = ScriptedDetector(lambda t: [square(300, 240, 120)])
    emotion = ScriptedEmotion(lambda t: distribution("neutral"))
    config = Config(detect=DetectConfig(width=640, every_ms=0, empty_ms=0))
    pipeline = Pipeline(config, Scripted(detector, emotion), clock)
    table = TableSink(folder / "faces.csv", "S", OutputConfig(flush_s=0), clock=clock)
    events, stats = EventSink(folder / "events.jsonl", "S"), StatsSink()
    stepper = Stepper(pipeline, live=True, clock=clock)
    worker = Worker(Camera(times, clock, detector), stepper, [stats, table, events])
    worker.run()
    last = pipeline.finish()
    for sink in (table, events):
        sink.close(last)
    assert worker.failed is None
    assert worker.frames == len(times)
    return worker, stats


def kinds(folder: Path) -> list[tuple[str, str]]:
    return [(e["kind"], e["phase"]) for e in read_events(folder)]


STEADY = [("face", "start"), ("emotion", "start"), ("emotion", "end"), ("face", "end")]


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 10 * YEAR, -10 * YEAR])
def test_the_wall_clock_jumps_and_only_the_timestamps_do(tmp_path: Path, jump: float) -> None:
    base = 1_795_000_000.0
    times = [(n / 10, base + n / 10 + (jump if n >= 20 else 0.0)) for n in range(40)]
    _, stats = live(tmp_path, times)
    assert [pair for pair in kinds(tmp_path) if pair[0] != "clock"] == STEADY
    told = [e for e in read_events(tmp_path) if e["kind"] == "clock"]
    assert [e["by_s"] for e in told] == [pytest.approx(jump)] * 2
    rows = list(read_rows(tmp_path))
    assert [float(row["video_time"]) for row in rows] == pytest.approx([n / 10 for n in range(40)])
    assert len({row["timestamp"][:4] for row in rows}) == (2 if abs(jump) > YEAR else 1)  # both clocks are logged
    assert stats.faces[1].seconds["neutral"] == pytest.approx(3.7, abs=0.15)


def test_frames_that_share_one_time_do_no_harm(tmp_path: Path) -> None:
    times = [(n // 5 / 10, 1_795_000_000.0 + n // 5 / 10) for n in range(100)]
    live(tmp_path, times)
    assert kinds(tmp_path) == STEADY


def test_all_frames_at_one_time_do_no_harm(tmp_path: Path) -> None:
    live(tmp_path, [(5.0, 1_795_000_000.0)] * 50)
    assert len(list(read_rows(tmp_path))) == 50
    assert kinds(tmp_path) == STEADY


def test_the_host_stands_still_for_a_minute(tmp_path: Path) -> None:
    """The person may have left and come back: the face ends and another one starts."""
    base = 1_795_000_000.0
    times = [(n / 10 + (60 if n >= 20 else 0), base + n / 10 + (60 if n >= 20 else 0)) for n in range(40)]
    _, stats = live(tmp_path, times)
    got = kinds(tmp_path)
    assert got.count(("face", "start")) == got.count(("face", "end")) == 2
    assert {kind for kind, _ in got} == {"face", "emotion"}
    assert sum(sum(face.seconds.values()) for face in stats.faces.values()) < 4.5  # the minute is credited to nobody
