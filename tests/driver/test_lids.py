"""The distance of the lids stands in where the eye network cannot tell."""

from __future__ import annotations

from monitor.driver.lids import SHUT, LidsStandIn

DT = 0.1


def test_half_open_eyes_whose_lids_touch_are_shut() -> None:
    assert LidsStandIn().update(DT, 0.45, 0.3) == SHUT


def test_open_eyes_stay_open_whatever_the_keypoints_say() -> None:
    assert LidsStandIn().update(DT, 0.95, 0.2) == 0.95


def test_lids_of_a_lowered_gaze_tell_nothing() -> None:
    assert LidsStandIn().update(DT, 0.3, 0.55) == 0.3
    assert LidsStandIn().update(DT, None, 0.55) is None


def test_lids_stand_in_for_unreadable_eyes_for_three_seconds() -> None:
    lids = LidsStandIn()
    lids.update(DT, 0.9, 1.0)
    told = [lids.update(DT, None, 0.2) for _ in range(40)]
    assert told[:29] == [SHUT] * 29
    assert told[-1] is None


def test_behind_sunglasses_lids_are_a_guess() -> None:
    lids = LidsStandIn()
    assert [lids.update(DT, None, 0.1) for _ in range(5)] == [None] * 5


def test_without_this_drivers_usual_lids_nothing_changes() -> None:
    assert LidsStandIn().update(DT, 0.45, None) == 0.45
