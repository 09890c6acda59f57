"""Driver mode in the pipeline: the choice of the driver, and an empty seat."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.core.errors import ConfigError, ModelError
from monitor.core.types import EyeReading, Face, Image, Keypoints
from monitor.driver.judge import Driver
from monitor.driver.seat import Seat
from monitor.faces.quality import usable
from monitor.networks.load import load_eyes
from monitor.settings import config as configuration
from monitor.settings.config import Config, DriverConfig
from tests.fakes import face, frame, keypoints_at, square


class Eyes:
    """Reads every eye as open; counts."""

    def __init__(self, quality: float = 1.0) -> None:
        self.reads, self.quality = 0, quality

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        self.reads += 1
        return EyeReading(0.9, self.quality), EyeReading(0.8, self.quality)


def person(number: int, x: float, size: float = 100) -> Face:
    box = square(x, 200, size)
    return face(number, "neutral", box, keypoints=keypoints_at(box), pose=(0.0, 0.0, 0.0))


def driver(eyes: Eyes) -> Driver:
    return Driver(Config(driver=DriverConfig(enabled=True)), eyes, iter(range(99)), usable)


def test_only_the_drivers_eyes_are_read() -> None:
    eyes = Eyes()
    faces, state, _ = driver(eyes).step(frame(0.0), (person(1, 100, 80), person(2, 300, 140)))
    assert eyes.reads == 1
    assert [f.eyes is not None for f in faces] == [False, True]
    assert state is not None
    assert state.face == 2
    assert state.eyes == pytest.approx(0.85)


def test_eyes_seen_badly_are_not_judged() -> None:
    _, state, _ = driver(Eyes(quality=0.1)).step(frame(0.0), (person(1, 100),))
    assert state is not None
    assert state.eyes is None
    assert state.attention == "cannot judge"


def test_a_frame_without_keypoints_gives_no_evidence() -> None:
    eyes = Eyes()
    one = driver(eyes)
    _, before, _ = one.step(frame(0.0), (person(1, 100),))
    _, after, events = one.step(frame(0.03), (face(1, "neutral", square(100, 200, 100)),))
    assert after is before
    assert events == []


def test_a_dark_picture_is_not_an_absence() -> None:
    one = driver(Eyes())
    for n in range(100):
        _, state, _ = one.step(frame(n / 10, image=np.full((48, 64, 3), 5, np.uint8)), ())
    assert state is not None
    assert (state.attention, state.picture, state.away_level) == ("cannot judge", False, 0)
    assert state.unjudged


def test_a_picture_is_usable_unless_dark_or_blank() -> None:
    assert usable(frame(0).image)
    assert not usable(np.full((480, 640, 3), 128, np.uint8))
    assert not usable(np.zeros((480, 640, 3), np.uint8))
    assert not usable(np.zeros((1, 1, 3), np.uint8))


def test_a_passenger_leaning_in_does_not_take_the_seat() -> None:
    seat = Seat(10.0)
    assert seat.choose([person(1, 200, 150), person(2, 450, 90)], 0.0).id == 1  # type: ignore[union-attr]
    # The driver looks away and is lost; the passenger comes closer than the driver ever was.
    assert seat.choose([person(2, 480, 170)], 2.0) is None
    # The driver returns under a new id, at the old place.
    assert seat.choose([person(2, 480, 170), person(3, 215, 145)], 5.0).id == 3  # type: ignore[union-attr]


def test_an_empty_seat_is_taken_after_a_while() -> None:
    seat = Seat(10.0)
    seat.choose([person(1, 200)], 0.0)
    assert seat.choose([person(2, 500)], 5.0) is None
    assert seat.choose([person(2, 500)], 10.5).id == 2  # type: ignore[union-attr]
    assert seat.choose([], 11.0) is None


def test_a_seat_that_is_never_free_waits_for_its_driver() -> None:
    seat = Seat(0)
    assert seat.choose([person(1, 300)], 0.0) is not None
    assert seat.choose([], 0.1) is None
    assert seat.choose([person(2, 30)], 5000.0) is None
    assert seat.choose([person(3, 300)], 5001.0) is not None


def test_a_passenger_who_got_in_first_does_not_remain_the_driver() -> None:
    one, seen = driver(Eyes()), []
    for n in range(200):
        faces = (person(1, 450, 70),) if n < 5 else (person(1, 450, 70), person(2, 200, 150))
        _, state, _ = one.step(frame(n / 10), faces)
        assert state is not None
        seen.append((state.face, state.calibrated))
    assert [number for number, _ in seen[:5]] == [1] * 5
    assert {number for number, _ in seen[5:]} == {2}
    assert seen[6][1] < seen[4][1], "what was learnt of the passenger is not the driver's usual"


def test_a_driver_first_seen_small_keeps_the_seat_from_a_passenger_of_the_same_size() -> None:
    seat = Seat(360.0)
    seat.choose([person(1, 200, 60)], 0.0)
    for n in range(1, 300):
        chosen = seat.choose([person(1, 200, 60 if n < 10 else 150), person(2, 450, 156)], n / 10, settled=False)
        assert chosen is not None
        assert chosen.id == 1


def test_a_calibrated_driver_keeps_the_seat_from_closer_faces() -> None:
    seat = Seat(10.0)
    seat.choose([person(1, 200)], 0.0)
    for n in range(300):
        chosen = seat.choose([person(1, 200), person(2, 450, 200)], n / 10, settled=True)
        assert chosen is not None
        assert chosen.id == 1
    for n in range(300, 340):
        passing = [person(1, 200)] + [person(2, 450, 200)] * (n % 20 < 15)
        assert seat.choose(passing, n / 10, settled=False).id == 1  # type: ignore[union-attr]


def test_a_driver_who_leant_forward_before_being_lost_is_recognised_again() -> None:
    seat = Seat(360.0)
    for n in range(600):
        seat.choose([person(1, 300, 110)], n / 10)
    for n in range(10):
        seat.choose([person(1, 300, 110 + 9 * n)], 60 + n / 10)
    assert seat.choose([person(2, 300, 110)], 65.0).id == 2  # type: ignore[union-attr]
    assert seat.choose([person(3, 300, 50)], 66.0) is None


def test_the_nearer_of_two_possible_drivers_is_the_driver() -> None:
    seat = Seat(360.0)
    for n in range(100):
        seat.choose([person(1, 200, 100)], n / 10)
    assert seat.choose([person(2, 320, 110), person(3, 205, 98)], 12.0).id == 3  # type: ignore[union-attr]


def test_a_returning_driver_gets_the_seat_back_from_the_person_behind() -> None:
    """Over the shoulder for four seconds; a rear passenger is near enough to pass for the driver meanwhile."""
    seat = Seat(360.0)
    for n in range(1000):
        seat.choose([person(1, 300, 100), person(2, 420, 65)], n / 10)
    assert seat.choose([person(2, 420, 65)], 101.0).id == 2  # type: ignore[union-attr]
    for n in range(1040, 1100):
        assert seat.choose([person(2, 420, 65), person(3, 302, 98)], n / 10).id == 3  # type: ignore[union-attr]
    assert seat.choose([person(2, 420, 65)], 115.0).id == 2  # type: ignore[union-attr]
    assert seat.choose([person(2, 420, 65), person(4, 520, 100)], 116.0).id == 2  # type: ignore[union-attr]


def test_a_driver_found_again_nearby_keeps_the_seat_from_a_person_at_the_old_place() -> None:
    seat = Seat(360.0)
    for n in range(1000):
        seat.choose([person(1, 300, 100)], n / 10)
    for n in range(1000, 4000):
        assert seat.choose([person(3, 400, 100)], n / 10).id == 3  # type: ignore[union-attr]
    for n in range(4000, 4100):
        assert seat.choose([person(3, 400, 100), person(4, 310, 110)], n / 10).id == 3  # type: ignore[union-attr]


def test_the_driver_gets_the_seat_back_each_time() -> None:
    """Found again leaning back for two seconds, long before: that must not be taken for the place the driver left."""
    seat = Seat(360.0)
    for n in range(1000):
        seat.choose([person(1, 300, 100), person(2, 420, 65)], n / 10)
    for n in range(1030, 7000):
        seat.choose([person(3, 300, 75 if n < 1050 else 100), person(2, 420, 65)], n / 10)
    assert seat.choose([person(2, 420, 65)], 703.9).id == 2  # type: ignore[union-attr]
    assert seat.choose([person(2, 420, 65), person(4, 302, 98)], 704.0).id == 4  # type: ignore[union-attr]


def test_a_driver_with_sunglasses_keeps_the_seat_after_a_while() -> None:
    """Invisible eyes prevent calibration; a passenger leans in after five minutes."""
    judge = Driver(Config(driver=DriverConfig(enabled=True)), None, iter(range(99)))
    for n in range(3000):
        face = judge.choose([person(1, 200, 100)], n / 10)
        evidence = judge.evidence(face, n / 10, n / 10, picture=True)
        assert evidence is not None
        judge.judge(evidence)
    for n in range(3000, 3100):
        face = judge.choose([person(1, 200, 100), person(2, 400, 170)], n / 10)
        assert face is not None
        assert face.id == 1


def test_a_passenger_in_view_is_not_the_driver_while_the_driver_is_away() -> None:
    one = driver(Eyes())
    events = []
    for n in range(600):
        t = n / 5
        faces = (person(1, 200, 150), person(2, 470, 80)) if t < 60 else (person(2, 470, 80),)
        faces = (person(3, 205, 148), person(2, 470, 80)) if t >= 110 else faces
        _, state, more = one.step(frame(t), faces)
        events += more
        assert state is not None
        if 61 < t < 110:
            assert state.attention == "absent"
    assert max(e.level for e in events if e.kind == "away") == 3
    assert state is not None
    assert (state.face, state.attention) == (3, "attentive")


def test_a_camera_without_pictures_shows_no_attention() -> None:
    one = driver(Eyes())
    for n in range(50):
        one.step(frame(n / 10), (person(1, 200),))
    events = []
    for n in range(60):
        state, more = one.blind(6 + n / 5, 0.0)
        events += more
    assert (state.attention, state.judged, state.unjudged) == ("cannot judge", False, True)
    assert [e.kind for e in events if e.phase == "start"] == ["cannot_judge"]


def test_driver_mode_needs_following_and_its_models() -> None:
    on = DriverConfig(enabled=True)
    assert load_eyes(Config(), None) is None
    with pytest.raises(ConfigError, match=r"--set: driver\.enabled needs detect\.follow"):
        configuration.load(None, ["detect.follow=false"], "driver")
    with pytest.raises(ModelError, match="keypoint model"):
        load_eyes(Config(driver=on), None)


def test_the_profile_driver_switches_it_on() -> None:
    got, _ = configuration.load(None, [], "driver")
    assert got.driver.enabled
    assert got.output.rows == "5hz"
    assert configuration.load(None, ["output.rows=every"], "driver")[0].output.rows == "every"
    assert configuration.load(None, [], "default")[0] == Config()
