"""The governor: effort falls under load and rises slowly afterwards; each change is reported once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from monitor.run.governor import EFFORTS, Governor
from monitor.settings.config import PerformanceConfig
from monitor.system.machine import throttled
from tests.fakes import Clock


class Machine:
    """A camera, and a process whose step takes longer with more effort."""

    def __init__(self, full_s: float, hz: float = 30.0, hot: bool = False, **limits: float) -> None:
        self.clock, self.full_s, self.hz, self.hot, self.used = Clock(), full_s, hz, hot, 0.0
        self.governor = Governor(PerformanceConfig(**limits), lambda: self.used, self.clock, lambda: self.hot)
        self.changes: list[int] = []
        self.processed = 0

    def live(self, seconds: float) -> None:
        """Frames come on time; a step costs a fixed fifth and the rest in proportion to how often is searched."""
        for _ in range(round(seconds * self.hz)):
            self.clock.advance(1 / self.hz)
            if not self.governor.wants(self.clock.now):
                continue
            effort = self.governor.effort
            step = self.full_s * (0.2 + 0.8 * effort.width**2 / effort.search)
            self.used += step
            self.processed += 1
            if self.governor.update(self.clock.now, step):
                self.changes.append(self.governor.level)


def test_a_machine_that_keeps_up_does_everything() -> None:
    machine = Machine(0.010)
    machine.live(60)
    assert machine.changes == []


def test_slow_steps_bring_the_effort_down_within_seconds_and_it_settles() -> None:
    machine = Machine(0.070)
    machine.live(10)
    assert machine.governor.level >= 2
    assert machine.governor.reason == "slow steps"
    settled = len(machine.changes)
    machine.live(120)
    assert len(machine.changes) - settled <= 8, "it does not swing"


def test_the_effort_rises_step_by_step_when_the_load_ends() -> None:
    machine = Machine(0.080)
    machine.live(20)
    low = machine.governor.level
    machine.full_s = 0.004
    machine.live(8)
    assert low - 2 <= machine.governor.level < low
    machine.live(90)
    assert machine.governor.level == 0
    assert machine.changes[-low:] == list(range(low - 1, -1, -1))


def test_a_share_of_a_core_is_held_and_frames_are_left_out_last() -> None:
    machine = Machine(0.030, max_cpu=0.3)
    machine.live(30)
    used, frames = machine.used, machine.processed
    machine.live(60)
    assert (machine.used - used) / 60 <= 0.3 * 1.1
    assert machine.processed - frames > 60 * 5, "readings go on"
    hopeless = Machine(0.200, max_cpu=0.3)
    hopeless.live(60)
    assert hopeless.governor.level == len(EFFORTS) - 1
    assert hopeless.processed > 60 * 5


@pytest.mark.parametrize("hz", [24.0, 30.0, 60.0])
def test_no_more_than_the_frames_asked_for(hz: float) -> None:
    machine = Machine(0.002, hz, target_fps=15)
    machine.live(20)
    assert 20 * 11 <= machine.processed <= 20 * 16


def test_heat_counts_as_load() -> None:
    machine = Machine(0.002, hot=True)
    machine.live(4)
    assert machine.governor.level >= 3
    assert machine.governor.reason == "heat or voltage"


def test_a_clock_that_stands_still_or_goes_back_changes_nothing() -> None:
    machine = Machine(0.002)
    machine.live(1)
    machine.clock.now -= 3600
    machine.live(5)
    for _ in range(100):
        machine.governor.wants(machine.clock.now)
        machine.governor.update(machine.clock.now, 0.002)
    assert machine.changes == []


def test_the_boards_own_word_on_heat(tmp_path: Path) -> None:
    bits, zone = tmp_path / "bits", tmp_path / "zone"
    assert not throttled(bits, zone)
    for text, hot in (("0x0", False), ("50005", True), ("0x50000", False), ("rubbish", False)):
        bits.write_text(text)
        assert throttled(bits, zone) is hot, text
    bits.unlink()
    zone.mkdir()
    (zone / "trip_point_0_type").write_text("passive\n")
    (zone / "trip_point_0_temp").write_text("80000\n")
    for temperature, hot in (("60000", False), ("79000", True)):
        (zone / "temp").write_text(temperature)
        assert throttled(bits, zone) is hot


def test_the_worker_says_each_change_once(caplog: pytest.LogCaptureFixture) -> None:
    from monitor.core.incidents import Incidents
    from monitor.core.types import Event, Frame, Result
    from monitor.run.stepper import Stepper
    from monitor.run.worker import Worker
    from tests.fakes import frame, result

    class Feed:
        live, dropped, ended = True, 0, False

        def __init__(self) -> None:
            self.n = 0

        def next(self, timeout: float) -> Frame | None:
            self.n += 1
            machine.advance(1 / 30)
            self.ended = self.n > 90
            return None if self.ended else frame(machine.now, self.n)

        def wake(self) -> None: ...

        def close(self) -> None: ...

    class Slow:
        def __init__(self) -> None:
            self.efforts: list[tuple[float, float, float]] = []

        def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
            return result(machine.now, timings_ms={"find": 100.0})

        def blind(self, t: float, wall: float) -> tuple[None, list[Event]]:
            return None, []

        def set_effort(self, search: float, read: float, width: float) -> None:
            self.efforts.append((search, read, width))

    logging.getLogger("monitor").propagate = True
    machine, incidents, slow = Clock(), Incidents(), Slow()
    governor = Governor(PerformanceConfig(), lambda: 0.0, machine, lambda: False)
    stepper = Stepper(slow, live=True, incidents=incidents, clock=machine, governor=governor)
    Worker(Feed(), stepper, []).run()
    told = [r for r in caplog.records if "degraded" in r.message]
    assert len(told) == len(slow.efforts) >= 3
    assert incidents.open == ["load degraded"]
