from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.expression.smoother import Smoother
from monitor.faces.oneeuro import OneEuro
from tests.fakes import distribution

A, B = distribution("neutral"), distribution("happy")


def after(hz: float, seconds: float, weight: float = 1.0) -> float:
    smoother = Smoother(0.35)
    smoother.update(A, 0.0)
    for n in range(1, round(seconds * hz) + 1):
        smoother.update(B, n / hz, weight)
    assert smoother.value is not None
    return float(smoother.value[3])


def test_the_same_life_at_10_and_at_30_hz_gives_the_same_reading() -> None:
    assert after(10, 0.5) == pytest.approx(after(30, 0.5), abs=1e-5)


def test_after_one_time_constant_63_percent_of_the_way_is_gone() -> None:
    start, end = float(A[3]), float(B[3])
    assert (after(100, 0.35) - start) / (end - start) == pytest.approx(0.632, abs=0.001)


def test_a_poor_picture_moves_the_reading_less() -> None:
    assert after(30, 0.3, weight=0.2) < after(30, 0.3)


def test_a_long_gap_forgets_the_past() -> None:
    smoother = Smoother(0.35)
    smoother.update(A, 0.0)
    assert np.array_equal(smoother.update(B, 2.5), B)


def test_the_same_instant_twice_changes_nothing() -> None:
    smoother = Smoother(0.35)
    smoother.update(A, 1.0)
    assert np.array_equal(smoother.update(B, 1.0), A)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 6), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_result_stays_a_distribution(readings: list[tuple[float, int, float]]) -> None:
    smoother, t = Smoother(0.35), 0.0
    for dt, label, weight in readings:
        t += dt
        probs = np.eye(7, dtype=np.float32)[label]
        value = smoother.update(probs, t, weight)
        assert value.sum() == pytest.approx(1, abs=1e-4)
        assert value.min() >= 0


def test_one_euro_is_steady_at_rest_and_quick_in_motion() -> None:
    rng = np.random.default_rng(1)
    still = OneEuro(1.5, 6.0)
    noise = rng.normal(0, 1, 200)
    out = [float(still(np.array([n]), i / 30, unit=100)[0]) for i, n in enumerate(noise)]
    assert np.std(out[30:]) < 0.6 * np.std(noise[30:])
    moving = OneEuro(1.5, 6.0)
    for i in range(60):
        last = float(moving(np.array([10.0 * i]), i / 30, unit=100)[0])
    assert last > 590 - 25


def test_one_euro_takes_zero_as_a_time_and_ignores_time_standing_still() -> None:
    f = OneEuro(1.0, 0.0)
    assert f(np.array([5.0]), 0.0)[0] == 5.0
    assert f(np.array([9.0]), 0.0)[0] == 5.0


@pytest.mark.parametrize(("gap", "forgotten"), [(1.9, False), (2.1, True), (-0.5, True)])
def test_only_a_gap_of_over_two_seconds_or_a_time_that_goes_back_forgets(gap: float, forgotten: bool) -> None:
    smoother = Smoother(5.0)
    smoother.update(A, 100.0)
    assert np.array_equal(smoother.update(B, 100.0 + gap), B) == forgotten
