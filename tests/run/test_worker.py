"""The worker: newest frame wins live, every frame in order from files, one bad frame is no end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from monitor.capture.feed import Feed
from monitor.core.driver_state import DriverState
from monitor.core.errors import ConfigError
from monitor.core.types import Event, Frame, Result
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.sink import Background, Sink
from monitor.run.governor import Governor
from monitor.run.stepper import Stepper, Steps
from monitor.run.worker import MOST_FAILURES, UNLIMITED, Limits, Worker
from monitor.settings.config import DriverConfig, PerformanceConfig
from tests.fakes import Clock, frame, result


class ListFeed:
    live = False
    dropped = 0

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = list(frames)
        self.ended = False

    def next(self, timeout: float) -> Frame | None:
        if not self._frames:
            self.ended = True
            return None
        return self._frames.pop(0)

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
    """Fails on the frames it is told to fail on."""

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
            return self._frames.pop(0) if self._frames else None

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


def test_paused_it_takes_nothing_until_it_goes_on() -> None:
    recorder = Recorder()
    worker = working(ListFeed([frame(n / 10, n) for n in range(5)]), EchoPipeline(), recorder)
    worker.paused.set()
    worker.start()
    assert not worker.join(0.2)
    assert recorder.indices == []
    worker.paused.clear()
    assert worker.join(5)
    assert recorder.indices == [0, 1, 2, 3, 4]


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


def test_an_output_that_fails_is_told_once_and_monitoring_goes_on() -> None:
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


@pytest.mark.parametrize("every", [1.5, 2.1, 3.0, 5.0])
def test_a_camera_of_less_than_a_picture_a_second_shows_nothing_of_a_driver(every: float) -> None:
    """The moments between its pictures must not add up to good time, nor take back what is not known."""
    clock = Clock()

    class Slow:
        live, dropped, ended, n = True, 0, False, 0

        def next(self, timeout: float) -> Frame | None:
            clock.advance(0.1)
            self.ended = clock.now > 60
            if clock.now < self.n * every:
                return None
            self.n += 1
            return frame(clock.now, self.n)

        def wake(self) -> None: ...

        def close(self) -> None: ...

    class Judging(EchoPipeline):
        driver = DriverMonitor(DriverConfig(), iter(range(99)))

        def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
            state, events = self.driver.update(Evidence(frame.t, 0.0, 1, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0))
            return result(frame.t, events=tuple(events), driver=state)

        def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
            return self.driver.update(Evidence(t, wall, picture=False))

    pipeline, recorder = Judging(), Recorder()
    working(Slow(), pipeline, recorder, clock=clock).run()
    told = [(e.kind, e.phase) for e in recorder.told]
    assert told.count(("cannot_judge", "start")) == 1
    assert pipeline.driver.calibrated is False
    state, _ = pipeline.driver.update(Evidence(99.0, 0.0, picture=False))
    assert state.calibrated < 0.05


def test_a_live_source_without_pictures_is_told_to_the_pipeline_and_the_sinks() -> None:
    """Two frames, then nothing for four seconds: nobody may go on being called attentive."""
    clock = Clock()
    unseen, _ = DriverMonitor(DriverConfig(), iter(range(99))).update(Evidence(0.0, 0.0, picture=False))

    class Dying:
        live, dropped, ended, n = True, 0, False, 0

        def next(self, timeout: float) -> Frame | None:
            self.n += 1
            clock.advance(0.2)
            self.ended = self.n > 22
            return frame(clock.now, self.n) if self.n <= 2 else None

        def wake(self) -> None: ...

        def close(self) -> None: ...

    class Judging(EchoPipeline):
        asked: list[float]
        now: Clock

        def blind(self, t: float, wall: float) -> tuple[DriverState | None, list[Event]]:
            assert t <= self.now.now - 0.5, "a frame that is on its way must not step back in time"
            self.asked.append(t)
            begun = [Event("cannot_judge", "start", 5, t, wall, 0, 1)] if len(self.asked) == 3 else []
            return unseen, begun

    pipeline, recorder = Judging(), Recorder()
    pipeline.asked, pipeline.now = [], clock
    worker = working(Dying(), pipeline, recorder, clock=clock)
    worker.run()
    assert min(pipeline.asked) == pytest.approx(0.4 + 1.0 - 0.5, abs=0.21)
    assert len(pipeline.asked) >= 14
    assert [e.kind for e in recorder.told] == ["cannot_judge"]
    assert worker.latest is not None
    assert worker.latest.driver is unseen
    assert worker.latest.faces == (), "who is not seen is not said to be in view"


def test_frames_that_fail_now_and_then_all_night_do_not_end_the_run() -> None:
    worker, recorder = run(200, bad=range(0, 200, 2))
    assert worker.failed is None
    assert recorder.indices == list(range(1, 200, 2))


class Jumping(ListFeed):
    """A camera whose wall clock is set, or whose machine sleeps, between the fifth and the sixth picture."""

    live = True

    def __init__(self, by: float) -> None:
        made = [frame(n / 10, n) for n in range(10)]
        super().__init__([replace(f, wall=1.8e9 + f.t + (by if f.index >= 5 else 0)) for f in made])


@pytest.mark.parametrize(("by", "told"), [(1.9, []), (2.1, [2.1]), (-2.1, [-2.1]), (3600.0, [3600.0])])
def test_a_wall_clock_that_is_set_is_told(by: float, told: list[float]) -> None:
    recorder = Recorder()
    worker = working(Jumping(by), EchoPipeline(), recorder, clock=Clock())
    worker.run()
    assert [e.data["by_s"] for e in recorder.told if (e.kind, e.phase) == ("clock", "start")] == told


def test_a_machine_that_slept_has_set_no_clock() -> None:
    recorder, feed = Recorder(), Jumping(3600.0)
    worker = working(
        feed, EchoPipeline(), recorder, clock=Clock(),
        asleep=lambda: 3600.0 if len(feed._frames) < 5 else 0.0,
    )  # fmt: skip
    worker.run()
    assert worker.frames == 10
    assert [e for e in recorder.told if e.kind == "clock"] == []


def test_a_file_has_no_latency_and_no_governor() -> None:
    seen: list[float | None] = []

    class Asking(EchoPipeline):
        def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
            seen.append(latency_from)
            return super().step(frame, dropped, latency_from)

    class Refusing(Governor):
        def wants(self, t: float) -> bool:
            return False

    refusing = Refusing(PerformanceConfig())
    worker = working(ListFeed([frame(0.5, 0)]), Asking(), governor=refusing)
    worker.run()
    assert (worker.frames, seen) == (1, [None])
    live = ListFeed([frame(0.5, 0)])
    live.live = True
    worker = working(live, Asking(), clock=Clock())
    worker.run()
    assert seen == [None, 0.5]
    live = ListFeed([frame(0.5, 0)])
    live.live = True
    worker = working(live, Asking(), clock=Clock(), governor=refusing)
    worker.run()
    assert worker.frames == 0


def test_a_picture_from_before_the_sleep_tells_of_no_jump_either() -> None:
    """It waited in the mailbox: its stamps are of before, but it is taken afterwards."""
    slept = {"s": 0.0}

    class Waiting(ListFeed):
        live = True

        def next(self, timeout: float) -> Frame | None:
            taken = super().next(timeout)
            if taken is not None and taken.index == 5:
                slept["s"] = 3600.0
            return taken

    made = [frame(n / 10, n) for n in range(12)]
    feed = Waiting([replace(f, wall=1.8e9 + f.t + (3600.0 if f.index >= 7 else 0.0)) for f in made])
    recorder = Recorder()
    worker = working(feed, EchoPipeline(), recorder, clock=Clock(), asleep=lambda: slept["s"])
    worker.run()
    assert worker.frames == 12
    assert [e for e in recorder.told if e.kind == "clock"] == []
