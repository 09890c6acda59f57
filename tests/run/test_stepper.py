"""The stepper: gaps between live frames, jumps of the wall clock, which frames are processed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, Frame, Result
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.run.governor import Governor
from monitor.settings.config import DriverConfig, PerformanceConfig
from tests.fakes import Clock, frame, result
from tests.run.stories import EchoPipeline, ListFeed, Recorder, working


@pytest.mark.parametrize("every", [1.5, 2.1, 3.0, 5.0])
def test_a_camera_of_less_than_a_picture_a_second_shows_nothing_of_a_driver(every: float) -> None:
    """The moments between its pictures must neither count as calibration time nor end "cannot judge"."""
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


def test_a_live_source_without_pictures_is_reported_to_the_pipeline_and_the_sinks() -> None:
    """Two frames, then none for four seconds: the driver must not remain attentive."""
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


class Jumping(ListFeed):
    """A camera whose wall clock is set, or whose machine sleeps, between the fifth and the sixth picture."""

    live = True

    def __init__(self, by: float) -> None:
        made = [frame(n / 10, n) for n in range(10)]
        super().__init__([replace(f, wall=1.8e9 + f.t + (by if f.index >= 5 else 0)) for f in made])


@pytest.mark.parametrize(("by", "told"), [(1.9, []), (2.1, [2.1]), (-2.1, [-2.1]), (3600.0, [3600.0])])
def test_a_jump_of_the_wall_clock_is_reported(by: float, told: list[float]) -> None:
    recorder = Recorder()
    worker = working(Jumping(by), EchoPipeline(), recorder, clock=Clock())
    worker.run()
    assert [e.data["by_s"] for e in recorder.told if (e.kind, e.phase) == ("clock", "start")] == told


def test_a_suspend_is_not_a_clock_jump() -> None:
    recorder, feed = Recorder(), Jumping(3600.0)
    worker = working(
        feed, EchoPipeline(), recorder, clock=Clock(),
        asleep=lambda: 3600.0 if len(feed.left) < 5 else 0.0,
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


def test_a_picture_from_before_a_suspend_reports_no_jump() -> None:
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
