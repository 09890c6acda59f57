"""Where the driver sits in the picture: sides, regions, passengers of the same size, and a change of drivers."""

from __future__ import annotations

import pytest

from monitor.core.errors import ConfigError
from monitor.core.types import Face
from monitor.driver.place import Where
from monitor.driver.seat import CLAIM_S, STRANGER_S, Seat
from monitor.settings import config as configuration
from tests.fakes import face, square

SIZE = (640, 480)


def at(number: int, x: float, size: float = 100) -> Face:
    return face(number, box=square(x, 200, size))


def chosen(seat: Seat, faces: list[Face], t: float, *, settled: bool = False) -> int:
    found = seat.choose(faces, t, settled=settled, size=SIZE)
    return 0 if found is None else found.id


@pytest.mark.parametrize(("side", "number"), [("left", 1), ("right", 2), ("0.6,0,0.4,1", 2), ("0.1,0.2,0.3,0.6", 1)])
def test_the_side_of_the_seat_decides_whatever_the_size(side: str, number: int) -> None:
    for sizes in ((60, 200), (200, 60)):
        seat = Seat(360.0, side)
        for n in range(50):
            assert chosen(seat, [at(1, 160, sizes[0]), at(2, 480, sizes[1])], n / 10) == number
    assert chosen(Seat(360.0, side), [at(3, 160 if number == 2 else 480)], 0.0) == 0, "nobody on that side"


@pytest.mark.parametrize("larger", [0, 11])
def test_a_passenger_who_is_a_little_larger_does_not_take_the_seat_from_the_driver_before_the_camera(
    larger: int,
) -> None:
    seat = Seat(360.0)
    for n in range(600):
        assert chosen(seat, [at(1, 330, 100), at(2, 520, 100 + larger)], n / 10) == 1


def test_of_two_equally_near_faces_the_right_one_is_the_driver() -> None:
    for numbers in ((1, 2), (2, 1)):
        seat = Seat(360.0)
        faces = [at(numbers[0], 200, 111), at(numbers[1], 440, 100)]
        assert chosen(seat, faces, 0.0) == numbers[1]


def test_a_driver_nearer_to_the_middle_takes_the_seat_from_a_passenger_who_got_in_first() -> None:
    seat, seen = Seat(360.0), []
    for n in range(300):
        seen.append(chosen(seat, [at(1, 560)] + [at(2, 330)] * (n >= 100), n / 10))
    first = seen.index(2) / 10
    assert first == pytest.approx(10 + CLAIM_S, abs=0.2)
    assert set(seen[seen.index(2) :]) == {2}


def test_after_a_change_of_drivers_the_new_face_is_judged_within_seconds() -> None:
    seat = Seat(360.0)
    for n in range(900):
        assert chosen(seat, [at(1, 250, 100)], n / 10, settled=True) == 1
    seen = []
    for n in range(920, 1100):
        seen.append((n / 10, chosen(seat, [at(2, 420, 70)], n / 10, settled=True), seat.taken))
    first = next(t for t, number, _ in seen if number == 2)
    assert first == pytest.approx(92 + STRANGER_S, abs=0.2)
    assert sum(taken for _, _, taken in seen) == 1, "what was learnt of the last driver is forgotten once"


def test_a_passenger_known_from_beside_the_driver_does_not_take_an_empty_seat() -> None:
    seat = Seat(360.0)
    for n in range(300):
        assert chosen(seat, [at(1, 300, 110), at(2, 520, 90)], n / 10, settled=True) == 1
    for n in range(300, 900):  # found again under another number at the same place
        assert chosen(seat, [at(2 if n < 500 else 3, 525, 92)], n / 10, settled=True) == 0


@pytest.mark.parametrize("text", ["middle", "1,2", "0.5,0,0.6,1", "a,b,c,d", "0,0,0,1", "nan,0,1,1"])
def test_a_seat_that_makes_no_sense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r"driver\.seat must be auto, left, right, near:x,y or x,y,w,h"):
        configuration.load(None, [f"driver.seat={text}"], "driver")


def test_without_a_size_of_the_picture_the_largest_face_is_the_drivers() -> None:
    assert Where("auto").best([at(1, 320, 90), at(2, 600, 100)], None).id == 2
    assert Where("left").allows(at(1, 600), None)
