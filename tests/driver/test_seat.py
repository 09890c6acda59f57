"""Whose face is the driver's: size over time, and clocks; further stories are in tests/driver/test_mode.py."""

from __future__ import annotations

from monitor.core.types import Face
from monitor.driver.seat import CLAIM_S, LARGER, Seat
from tests.fakes import face, square


def at(number: int, x: float, size: float) -> Face:
    return face(number, box=square(x, 200, size))


def test_leaning_forward_for_a_moment_does_not_change_the_normal_size() -> None:
    """Otherwise the driver, found again at the normal size, would be too small for the seat."""
    seat = Seat(0)
    for n in range(600):
        seat.choose([at(1, 300, 100)], n / 10)
    for n in range(20):
        seat.choose([at(1, 300, 180)], 60 + n / 10)
    again = seat.choose([at(2, 300, 100)], 62.5)
    assert again is not None
    for n in range(1200):  # but who stays so is
        seat.choose([at(2, 300, 180)], 63 + n / 10)
    assert seat.choose([at(3, 300, 180 * LARGER - 5)], 190.0) is None


def test_a_clock_that_goes_back_leaves_the_seat_to_whoever_is_there() -> None:
    seat = Seat(10.0)
    for n in range(50):
        seat.choose([at(1, 300, 100)], 1000 + n / 10)
    chosen = seat.choose([at(2, 600, 40)], 5.0)
    assert chosen is not None
    assert chosen.id == 2


def test_a_claim_needs_its_time_without_a_break() -> None:
    seat = Seat(60.0)
    passenger, driver = at(1, 100, 50), at(2, 400, 100)
    seat.choose([passenger], 0.0, settled=False)
    taken = []
    for n in range(200):
        t = 1 + n / 10
        faces = [passenger, driver] if not 3.0 <= t < 3.5 else [passenger]
        seat.choose(faces, t, settled=False)
        taken.append((t, seat.taken))
    first = next(t for t, now in taken if now)
    assert 3.5 + CLAIM_S - 0.15 <= first <= 3.5 + CLAIM_S + 0.15
    assert sum(now for _, now in taken) == 1
