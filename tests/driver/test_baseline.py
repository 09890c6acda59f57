"""A driver's baseline: the openness of the eyes and the straight-ahead pose."""

from __future__ import annotations

import pytest

from monitor.driver.baseline import LARGEST_ZERO, LEAST_OPEN, Baseline
from monitor.driver.evidence import Evidence


def learnt(eyes: float = 0.9, yaw: float = 0.0, anger: float | None = 0.1, memory_s: float = 360.0) -> Baseline:
    baseline = Baseline(10.0, memory_s, 0.5, 30.0, 25.0)
    for n in range(150):
        baseline.update(seen(n / 10, eyes, yaw, anger))
    assert baseline.progress == 1
    return baseline


def seen(t: float, eyes: float | None = 0.9, yaw: float = 0.0, anger: float | None = 0.1) -> Evidence:
    return Evidence(t, 0.0, 1, True, True, eyes, 0.0, (yaw, 0.0, 0.0), anger, 0.0)


@pytest.mark.parametrize(("eyes", "scale"), [(0.9, 0.9), (0.6, 0.6), (0.3, LEAST_OPEN)])
def test_openness_is_relative_to_ones_own_open_eyes_but_narrow_ones_are_not_made_wide(
    eyes: float, scale: float
) -> None:
    baseline = learnt(eyes)
    assert baseline.openness(eyes) == pytest.approx(min(1.0, eyes / scale), abs=0.03)
    assert baseline.openness(0.25) == pytest.approx(0.25 / scale, abs=0.02)
    assert baseline.openness(1.0) == 1.0


@pytest.mark.parametrize(("yaw", "zero"), [(28.0, 28.0), (-28.0, -28.0), (55.0, LARGEST_ZERO), (-55.0, -LARGEST_ZERO)])
def test_straight_ahead_is_learnt_within_the_limits_of_the_cameras_place(yaw: float, zero: float) -> None:
    assert learnt(yaw=yaw).zero[0] == pytest.approx(zero, abs=1.0)


def test_straight_ahead_is_updated_for_hours_with_growing_weights() -> None:
    """A second weighs e times as much each ``memory_s``: unless all is scaled down, soon more than a number holds."""
    baseline = learnt(memory_s=2.0)
    t = 15.0
    for yaw in (20.0, -20.0):
        for _ in range(9000):  # a quarter of an hour
            t += 0.1
            baseline.update(seen(t, yaw=yaw))
        assert baseline.zero[0] == pytest.approx(yaw, abs=1.5)


def test_shut_eyes_and_steps_back_in_time_do_not_change_the_baseline() -> None:
    baseline = learnt(memory_s=60.0)
    for n in range(3000):
        baseline.update(seen(15 + n / 10, eyes=0.1, yaw=30.0))
    assert baseline.zero[0] == pytest.approx(0.0, abs=1.5)
    before = baseline.good_s
    baseline.update(seen(1.0))
    assert baseline.good_s == before


@pytest.mark.parametrize(("away_s", "forgotten"), [(55.0, False), (65.0, True)])
def test_a_long_absence_starts_a_new_calibration(away_s: float, forgotten: bool) -> None:
    baseline = learnt(memory_s=60.0)
    baseline.update(Evidence(15.0, 0.0))
    assert baseline.update(seen(15.0 + away_s)) == forgotten
    assert (baseline.progress < 1) == forgotten
