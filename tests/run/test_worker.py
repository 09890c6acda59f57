"""The worker: newest frame wins live, every frame in order from files, one bad frame does not end a run."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from monitor.core.errors import ConfigError
from monitor.core.types import Event, Frame, Result
from monitor.outputs.sink import Background
from monitor.run.worker import MOST_FAILURES, UNLIMITED, Limits, Worker
from tests.fakes import Clock, frame
from tests.run.stories import EchoPipeline, ListFeed, Recorder, working


def run(count: int, bad: Sequence[int] = (), limits: Limits = UNLIMITED) -> tuple[Worker, Recorder]:
    recorder = Recorder()
    feed = ListFeed([frame(n / 10, n) for n in range(count)])
    worker = working(feed, EchoPipeline(bad), recorder, limits=limits)
    worker.run()
    return worker, recorder


def test_every_frame_of_a_file_in_order() -> None:
    worker, recorder = run(50)
    assert recorder.indices == list(range(50))
    assert worker.done.is_set()
    assert worker.failed is None


def test_limits_in_frames_and_in_seconds() -> None:
    assert len(run(50, limits=Limits(frames=7))[1].indices) == 7
    assert len(run(50, limits=Limits(seconds=2.0))[1].indices) == 20


def test_the_seconds_pass_without_pictures_too() -> None:
    class Gone(ListFeed):
        live = True

        def next(self, timeout: float) -> Frame | None:
            clock.now += 0.2
            return self.left.pop(0) if self.left else None

    class Blind(EchoPipeline):
        def blind(self, t: float, wall: float) -> tuple[None, list[Event]]:
            return None, []

    clock = Clock()
    worker = working(Gone([frame(0.0, 0)]), Blind(), clock=clock, limits=Limits(seconds=3.0))
    worker.run()  # else for ever
    assert worker.failed is None
    assert worker.frames == 1
    assert 3.0 <= clock.now < 4.0


def test_the_seconds_pass_before_the_first_picture_too() -> None:
    class Silent(ListFeed):
        live = True

        def next(self, timeout: float) -> Frame | None:
            clock.now += 0.2
            self.ended = clock.now > 30
            return None

    clock = Clock(5.0)
    worker = working(Silent([]), EchoPipeline(), clock=clock, limits=Limits(seconds=3.0))
    worker.run()
    assert 8.0 <= clock.now < 9.0


def test_one_poisoned_frame_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    worker, recorder = run(10, bad=[4])
    assert recorder.indices == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert worker.failed is None


def test_frames_failing_one_after_the_other_end_the_run() -> None:
    worker, recorder = run(100, bad=range(10, 100))
    assert worker.failed is not None
    assert "poisoned picture" in worker.failed
    assert worker.frames == 10
    assert recorder.indices == list(range(10))
    assert MOST_FAILURES < 90


def test_a_damaged_file_met_on_the_way_ends_the_run_at_once_with_its_own_exit_code() -> None:
    class Damaged(EchoPipeline):
        def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
            if frame.index == 3:
                raise ConfigError("cascade.xml: is missing or damaged; reinstall it")
            return super().step(frame, dropped, latency_from)

    worker = working(ListFeed([frame(n / 10, n) for n in range(9)]), Damaged(), Recorder())
    worker.run()
    assert worker.frames == 3
    assert worker.failed == "cascade.xml: is missing or damaged; reinstall it"
    assert worker.exit_code == ConfigError.exit_code


def test_a_paused_worker_takes_no_frame_until_it_resumes() -> None:
    recorder = Recorder()
    worker = working(ListFeed([frame(n / 10, n) for n in range(5)]), EchoPipeline(), recorder)
    worker.paused.set()
    worker.start()
    assert not worker.join(0.2)
    assert recorder.indices == []
    worker.paused.clear()
    assert worker.join(5)
    assert recorder.indices == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_paused_live_nothing_piles_up_and_nothing_counts_as_dropped() -> None:
    class Live(ListFeed):
        live = True

    feed = Live([frame(n / 10, n) for n in range(50)])
    worker = working(feed, EchoPipeline())
    worker.paused.set()
    worker.start()
    assert worker.join(10)
    assert worker.frames == 0


def test_stop_ends_a_paused_run() -> None:
    worker = working(ListFeed([frame(0.0)]), EchoPipeline())
    worker.paused.set()
    worker.start()
    worker.stop()
    assert worker.join(5)


def test_live_latency_stays_bounded_while_the_pipeline_is_slow() -> None:
    """A 30 Hz camera and a step of 100 ms: see tests/capture/test_mailbox.py for the arithmetic."""
    from monitor.capture.mailbox import Latest

    clock, box = Clock(), Latest()
    latencies, produced, taken, free_at = [], 0, 0, 0.0
    for n in range(3000):
        clock.now = n / 30
        box.put(frame(clock.now, n))
        produced += 1
        if clock.now >= free_at:
            newest = box.take(0)
            assert newest is not None
            free_at = clock.now + 0.1
            latencies.append(free_at - newest.t)
            taken += 1
    assert max(latencies) <= 0.1 + 2 / 30
    assert produced == taken + box.dropped + (box.take(0) is not None)
    assert threading.active_count() < 50


class FullDisk:
    def __init__(self) -> None:
        self.calls = 0

    def handle(self, result: Result) -> None:
        self.calls += 1
        raise OSError(28, "No space left on device")

    def tell(self, events: Sequence[Event]) -> None: ...

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None: ...


def test_an_output_that_fails_is_reported_once_and_monitoring_continues() -> None:
    recorder, disk = Recorder(), FullDisk()
    feed = ListFeed([frame(n / 10, n) for n in range(20)])
    worker = working(feed, EchoPipeline(), disk, recorder)
    worker.run()
    assert recorder.indices == list(range(20))
    assert disk.calls == 1
    assert worker.broken_sinks == [disk]


def test_two_sinks_of_one_class_fail_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(result: Result) -> None:
        raise OSError(28, "No space left on device")

    video, web = Recorder(), Recorder()
    failing, sound = Background(video, drop=False, size=50), Background(web, drop=False, size=50)
    monkeypatch.setattr(failing, "handle", fail)
    worker = working(ListFeed([frame(n / 10, n) for n in range(20)]), EchoPipeline(), failing, sound)
    worker.run()
    for background in (failing, sound):
        background.close([])
    assert worker.broken_sinks == [failing]
    assert video.indices == []
    assert web.indices == list(range(20))


def test_frames_that_fail_now_and_then_all_night_do_not_end_the_run() -> None:
    worker, recorder = run(200, bad=range(0, 200, 2))
    assert worker.failed is None
    assert recorder.indices == list(range(1, 200, 2))
