"""Mouths that open: which of them yawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.driver.yawn import LONGEST_S, STARING, UNSEEN, Yawns
from monitor.settings.config import DriverConfig

CONFIG = DriverConfig()


def yawned(
    mouth: Callable[[float], float | None],
    seconds: float = 6.0,
    eyes: float | None = 0.2,
    happy: float | None = 0.0,
    hz: float = 10.0,
) -> float:
    """Seconds for which a mouth counts as yawning."""
    yawns = Yawns(CONFIG)
    return sum(yawns.update(n / hz, mouth(n / hz), happy, eyes) for n in range(round(seconds * hz))) / hz


def wide(peak: float, start: float = 1.0, length: float = 3.0) -> Callable[[float], float]:
    return lambda t: peak if start <= t < start + length else 0.05


def test_a_mouth_wide_open_for_long_enough_yawns_until_it_closes() -> None:
    assert yawned(wide(0.75)) == pytest.approx(3.0 - CONFIG.yawn_s, abs=0.15)
    assert yawned(wide(0.75, length=CONFIG.yawn_s - 0.2)) == 0


@pytest.mark.parametrize(("eyes", "demand"), [(0.5, 1.0), (0.9, STARING), (None, UNSEEN)])
def test_the_eyes_decide_how_wide_a_yawn_must_open(eyes: float | None, demand: float) -> None:
    peak = CONFIG.yawn_peak * demand
    assert yawned(wide(peak + 0.01), eyes=eyes) > 0
    assert yawned(wide(peak - 0.01), eyes=eyes) == 0


def test_a_laugh_is_none() -> None:
    assert yawned(wide(0.9), happy=0.55) == 0
    assert yawned(wide(0.9), happy=0.45) > 0


def test_a_mouth_open_for_ever_is_none() -> None:
    assert yawned(wide(0.9, length=40.0), seconds=40.0) == pytest.approx(LONGEST_S - CONFIG.yawn_s, abs=0.2)


@pytest.mark.parametrize(("hidden", "goes_on"), [(0.4, True), (0.7, False)])
def test_a_hand_before_the_mouth_for_a_moment_does_not_end_it(hidden: float, goes_on: bool) -> None:
    def mouth(t: float) -> float | None:
        return None if 2.0 <= t < 2.0 + hidden else wide(0.9, length=2.5)(t)

    assert (yawned(mouth) > 0) == goes_on


def test_a_mouth_that_closes_a_little_is_still_open() -> None:
    def trembling(depth: float) -> Callable[[float], float]:
        return lambda t: CONFIG.yawn_open * depth if abs(t - 2.0) < 0.35 else wide(0.9, length=2.5)(t)

    assert yawned(trembling(0.95)) > yawned(trembling(0.85))


def test_single_frames_below_the_bound_do_not_end_a_yawn_in_noise() -> None:
    def noisy(t: float) -> float:
        return wide(0.7, length=3.0)(t) - (0.3 if round(30 * t) % 8 == 0 else 0.0)

    assert yawned(noisy, hz=30.0) == pytest.approx(3.0 - CONFIG.yawn_s, abs=0.2)
