"""A source is opened without being held by it."""

from __future__ import annotations

import logging
import threading

import pytest

from monitor.capture.choose import open_wanted
from monitor.capture.opening import Patience, answered, open_patiently
from monitor.capture.source import Source
from monitor.core.errors import SetupError, SourceError
from monitor.settings.config import Config, DriverConfig
from tests.fakes import Clock, ScriptedSource


class Doorkeeper:
    """Refuses the first visitors."""

    def __init__(self, refusals: int) -> None:
        self.refusals, self.visits = refusals, 0

    def __call__(self) -> Source:
        self.visits += 1
        if self.visits <= self.refusals:
            raise SourceError("there is no camera at /dev/video0")
        return ScriptedSource([])


def test_what_cannot_be_opened_is_reported_at_once() -> None:
    with pytest.raises(SourceError, match="there is no camera"):
        open_patiently(Doorkeeper(99), "camera0", Patience(10))


def test_with_wait_it_is_tried_with_growing_pauses_until_it_is_there() -> None:
    clock = Clock()
    said: list[str] = []
    door = Doorkeeper(7)
    open_patiently(door, "camera0", Patience(1e9, True, said.append, clock=clock, pause=clock.advance))
    assert door.visits == 8
    assert clock.now == pytest.approx(0.5 + 1 + 2 + 4 + 8 + 10 + 10, abs=1.0)
    assert "waiting for camera0" in said


def test_a_driver_that_hangs_while_opening_is_left_and_what_it_opens_later_is_closed() -> None:
    gate, source, closed = threading.Event(), ScriptedSource([]), threading.Event()
    source.close = closed.set  # type: ignore[method-assign]

    def hangs() -> Source:
        gate.wait()
        return source

    clock = Clock()
    with pytest.raises(SourceError, match="does not answer within 10 s"):
        open_patiently(hangs, "camera0", Patience(10, tell=lambda status: clock.advance(1), clock=clock))
    gate.set()
    assert closed.wait(10)


@pytest.mark.slow
def test_a_driver_that_hangs_for_a_minute_ends_even_a_patient_wait() -> None:
    gate, clock = threading.Event(), Clock()

    def hangs() -> Source:
        gate.wait()
        return ScriptedSource([])

    with pytest.raises(SourceError, match="hangs in its driver for 60 s"):
        open_patiently(hangs, "camera0", Patience(10, True, lambda status: clock.advance(4), clock=clock))
    assert 70 <= clock.now <= 84
    gate.set()


def test_a_mistake_that_waiting_cannot_mend_is_not_waited_for() -> None:
    def broken() -> Source:
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        open_patiently(broken, "x", Patience(10, True))


def test_a_silent_device_is_waited_for_no_longer_than_its_limit() -> None:
    gate, times = threading.Event(), iter([0.0, 1.0, 9.0, 11.0])
    with pytest.raises(SourceError, match="camera0: does not answer within 10 s"):
        answered(gate.wait, "camera0", 10, clock=lambda: next(times))
    gate.set()
    assert answered(lambda: 7, "camera0", 10) == 7
    with pytest.raises(ZeroDivisionError):
        answered(lambda: 1 // 0, "camera0", 10)


def test_driver_mode_plays_no_drawn_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.capture.v4l2.find_cameras", list)
    with pytest.raises(SourceError, match="driver mode needs a camera: name one with --source"):
        open_wanted(None, Config(driver=DriverConfig(enabled=True)), lambda status: None, watched=False)


def test_another_reason_of_refusal_is_reported_again(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    clock, reasons = Clock(), ["none", "none", "forbidden", "none", "forbidden"]

    def opened() -> Source:
        if reasons:
            raise SourceError(f"/dev/video0: {reasons.pop(0)}")
        return ScriptedSource([])

    open_patiently(opened, "camera0", Patience(10, True, clock=clock, pause=clock.advance))
    assert [r.getMessage() for r in caplog.records] == [
        "/dev/video0: none; waiting for it (source.wait)", "/dev/video0: forbidden; waiting for it (source.wait)",
    ]  # fmt: skip


def test_a_package_that_is_missing_is_not_waited_for() -> None:
    def opened() -> Source:
        raise SetupError("picamera2 is not importable")

    with pytest.raises(SetupError):
        open_patiently(opened, "picamera", Patience(10, True))


def test_waiting_ends_once_the_run_is_over() -> None:
    clock = Clock()
    patience = Patience(10, wait=True, until=lambda: clock.now >= 3, clock=clock, pause=clock.advance)
    with pytest.raises(SourceError, match="there is no camera"):
        open_patiently(Doorkeeper(99), "camera0", patience)
    assert clock.now == pytest.approx(3, abs=0.5)
