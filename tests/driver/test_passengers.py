"""Passengers: told on request, never as the driver."""

from __future__ import annotations

from monitor.core.types import Event, EyeReading, Image, Keypoints
from monitor.driver.judge import Driver
from monitor.settings.config import Config, DriverConfig
from tests.driver.test_mode import person
from tests.fakes import frame


class Eyes:
    """The driver's eyes (right of the picture's middle) are open, the passenger's shut."""

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        opened = 0.95 if keypoints.points[:, 0].mean() > 40 else 0.01
        return EyeReading(opened, 1.0), EyeReading(opened, 1.0)


def ride(*, passengers: bool, seconds: float = 8.0) -> list[Event]:
    driver = Driver(Config(driver=DriverConfig(enabled=True, passengers=passengers)), Eyes(), iter(range(99)))
    events: list[Event] = []
    for n in range(int(10 * seconds)):
        faces = (person(1, 60, 30), person(2, 10, 22))
        events += driver.step(frame(n / 10), faces)[2]
    return events + driver.finish()


def test_a_sleeping_passenger_is_an_event_of_its_own() -> None:
    events = ride(passengers=True)
    told = [e for e in events if e.kind == "passenger"]
    assert told[0].phase == "start"
    assert told[-1].phase == "end"
    assert {e.level for e in told} == {1}
    assert told[0].face == 2
    assert told[0].data["who"] == "passenger"
    assert abs(told[0].t - 3.0) < 0.15
    assert not [e for e in events if e.kind == "eyes_closed"]


def test_nobody_asked_so_nothing_is_told() -> None:
    assert not [e for e in ride(passengers=False) if e.kind == "passenger"]


def test_a_passenger_who_is_gone_sleeps_no_longer() -> None:
    driver = Driver(Config(driver=DriverConfig(enabled=True, passengers=True)), Eyes(), iter(range(99)))
    for n in range(50):
        driver.step(frame(n / 10), (person(1, 60, 30), person(2, 10, 22)))
    events = [e for n in range(50, 90) for e in driver.step(frame(n / 10), (person(1, 60, 30),))[2]]
    assert [e.phase for e in events if e.kind == "passenger"] == ["end"]
