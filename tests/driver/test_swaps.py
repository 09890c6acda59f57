"""Drivers who change seats, drowsy passengers and empty seats, from faces in the picture to events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from monitor.core.driver_state import DriverState
from monitor.core.types import Event, EyeReading, Face, Image, Keypoints
from monitor.driver.judge import Driver
from monitor.driver.seat import CLAIM_S, STRANGER_S
from monitor.settings.config import Config, DriverConfig
from tests.driver.stories import blinking
from tests.driver.test_mode import person
from tests.fakes import frame, picture

PICTURE = picture(640, 480)


@dataclass
class Ride:
    """States and events of a story at 10 pictures a second."""

    states: list[tuple[float, DriverState]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def starts(self, kind: str) -> list[Event]:
        return [e for e in self.events if e.kind == kind and e.phase == "start"]

    def judged(self, start: float, end: float) -> set[int]:
        """Faces judged as the driver's in a span."""
        return {state.face for t, state in self.states if start <= t < end}

    def worst(self, kind: str) -> int:
        return max((e.level for e in self.events if e.kind == kind), default=0)


class Eyes:
    """Reads the eyes of whoever is at a place: shut where the story says so."""

    def __init__(self, shut: Callable[[float, float], bool]) -> None:
        self._shut = shut
        self.now = 0.0

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        x = float(keypoints.points[:, 0].mean())
        opened = 0.02 if self._shut(self.now, x) else blinking(self.now)
        return EyeReading(opened, 1.0), EyeReading(opened, 1.0)


def with_lids(face: Face, eyes: Eyes) -> Face:
    """The face with keypoints that see its lids as the eyes are."""
    assert face.keypoints is not None
    apart = 0.36 * eyes.read(PICTURE, face.keypoints)[0].open
    return replace(face, keypoints=replace(face.keypoints, openness=np.array([apart, apart, 0.03], np.float32)))


def ride(seconds: float, faces: Callable[[float], list[Face]], shut: Callable[[float, float], bool]) -> Ride:
    eyes = Eyes(shut)
    driver, made = Driver(Config(driver=DriverConfig(enabled=True)), eyes, iter(range(9999))), Ride()
    for n in range(round(10 * seconds)):
        eyes.now = n / 10
        shown = tuple(with_lids(face, eyes) for face in faces(n / 10))
        _, state, events = driver.step(frame(n / 10, n, PICTURE), shown)
        if state is not None:
            made.states.append((n / 10, state))
        made.events += events
    made.events += driver.finish()
    return made


def dozes(t: float, x: float) -> bool:
    """A passenger on the right of the picture who sleeps half of the time."""
    return x > 450 and t % 20 > 10


@pytest.mark.parametrize("comes", [0.0, 30.0, 90.0])
@pytest.mark.parametrize("leans", [0.0, 60.0])
def test_a_drowsy_passenger_11_pixels_larger_is_never_judged_as_the_driver(comes: float, leans: float) -> None:
    """``leans``: how far the passenger leans to the driver now and then, in pixels."""

    def faces(t: float) -> list[Face]:
        x = 520 - (leans if t % 30 > 20 else 0)
        return [person(1, 330, 100)] + ([person(2, x, 111)] if t >= comes else [])

    seen = ride(150, faces, dozes)
    assert seen.judged(0, 150) == {1}
    assert seen.worst("eyes_closed") == 0
    assert seen.worst("fatigue") == 0


def test_the_drivers_face_is_lost_for_seconds_beside_a_drowsy_larger_passenger() -> None:
    """A face that is not found for 4 s of 20 leaves the seat empty, not to the passenger."""

    def faces(t: float) -> list[Face]:
        number = 10 + int(t / 20)  # found again under another number each time
        return ([person(number, 330, 100)] if t % 20 > 4 or t < 20 else []) + [person(2, 520, 111)]

    seen = ride(150, faces, dozes)
    assert 2 not in seen.judged(0, 150)
    assert seen.worst("eyes_closed") == 0


def test_a_passenger_who_gets_in_first_leaves_the_seat_to_the_driver_within_seconds() -> None:
    seen = ride(120, lambda t: [person(2, 520, 111)] + ([person(1, 330, 100)] if t >= 15 else []), dozes)
    assert seen.judged(15 + CLAIM_S + 0.3, 120) == {1}
    assert all(e.t < 15 + CLAIM_S + 0.5 for e in seen.starts("eyes_closed"))


@pytest.mark.parametrize("empty", [2.0, 20.0, 300.0])
@pytest.mark.parametrize(("x", "size"), [(420.0, 70.0), (330.0, 100.0), (250.0, 130.0)])
def test_after_a_swap_the_new_driver_is_judged_within_seconds(empty: float, x: float, size: float) -> None:
    """The last driver was calibrated; the new one, 10 s after sitting down, shuts the eyes for 3.7 s."""
    sits = 90 + empty

    def faces(t: float) -> list[Face]:
        return [person(1, 330, 100)] if t < 90 else [person(2, x, size)] if t >= sits else []

    seen = ride(sits + 40, faces, lambda t, _: sits + 10 <= t < sits + 13.7)
    assert seen.judged(sits + STRANGER_S + 0.3, sits + 40) == {2}
    absent = [t for t, s in seen.states if t >= sits and s.attention == "absent"]
    assert len(absent) / 10 <= STRANGER_S + 0.2
    assert seen.worst("eyes_closed") == 3
    (closure,) = seen.starts("eyes_closed")
    assert closure.face == 2


def test_a_couple_that_changes_seats_is_judged_by_the_seat() -> None:
    """Both leave after 90 s and come back after 25 s on each other's seat; the tired one drives now."""

    def faces(t: float) -> list[Face]:
        if t < 90:
            return [person(1, 330, 100), person(2, 540, 96)]
        return [person(3, 332, 96), person(4, 541, 100)] if t >= 115 else []

    seen = ride(160, faces, lambda t, x: x < 450 and 130 <= t < 134)
    assert seen.judged(116, 160) == {3}
    assert seen.worst("eyes_closed") == 3


def test_a_camera_that_never_sees_a_face_is_told_after_half_a_minute() -> None:
    seen = ride(139, lambda t: [], lambda t, x: False)
    (away,) = seen.starts("away")
    assert away.t == pytest.approx(30.0, abs=0.2)
    assert away.data["what"] == "no driver seen yet"
    assert seen.worst("away") == 1
