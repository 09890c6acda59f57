"""A lasting anger-like expression, relative to the face's baseline."""

from __future__ import annotations

import pytest

from monitor.driver.aggression import ABOVE_USUAL, HIGHEST, HOLD_S, Aggression
from monitor.settings.config import DriverConfig

CONFIG = DriverConfig()


def follow(aggression: Aggression, anger: float | None, start: float, seconds: float, usual: float = 0.0) -> None:
    for n in range(round(seconds * 10)):
        aggression.update(start + n / 10, anger, usual)


@pytest.mark.parametrize(
    ("usual", "threshold"),
    [(0.0, CONFIG.anger), (0.5, 0.5 + ABOVE_USUAL), (0.58, 0.58 + ABOVE_USUAL), (0.95, HIGHEST)],
)
def test_a_face_that_often_looks_angry_has_a_higher_threshold(usual: float, threshold: float) -> None:
    for share, going in ((threshold - 0.02, False), (threshold + 0.02, True)):
        aggression = Aggression(CONFIG)
        follow(aggression, share, 0.0, 3.0, usual)
        assert aggression.going == going


@pytest.mark.parametrize(("share", "going"), [(0.78, True), (0.72, False)])
def test_once_begun_it_ends_only_well_below(share: float, going: bool) -> None:
    aggression = Aggression(CONFIG)
    follow(aggression, CONFIG.anger + 0.1, 0.0, 5.0)
    follow(aggression, share * CONFIG.anger, 5.0, 10.0)
    assert aggression.going == going


def test_levels_come_by_the_seconds_it_lasts() -> None:
    aggression = Aggression(CONFIG)
    at: dict[int, float] = {}
    for n in range(round(10 * (CONFIG.anger_alarm_s + 3))):
        at.setdefault(aggression.update(n / 10, 0.95, 0.0), n / 10)
    wanted = {1: CONFIG.anger_notice_s, 2: CONFIG.anger_warn_s, 3: CONFIG.anger_alarm_s}
    assert {level: t for level, t in at.items() if level} == pytest.approx(wanted, abs=0.25)


def test_an_unread_expression_continues_for_a_moment_and_then_becomes_unknown() -> None:
    aggression = Aggression(CONFIG)
    follow(aggression, 0.9, 0.0, 3.0)
    follow(aggression, None, 3.0, HOLD_S - 0.3)
    assert aggression.going
    follow(aggression, None, 3.0 + HOLD_S - 0.3, 1.0)
    assert not aggression.going
    assert aggression.share is None


def test_its_mean_is_over_time() -> None:
    aggression = Aggression(CONFIG)
    for n in range(101):
        aggression.update(n / 50, 0.95, 0.0)
    for n in range(1, 11):
        aggression.update(2 + n / 5, 0.75, 0.0)
    assert aggression.mean == pytest.approx(0.87, abs=0.02)
    assert aggression.peak == pytest.approx(0.95)
