"""The distance of the lids stands in where the eye network cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.driver.lids import SHUT, Flicker, LidsStandIn

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


def flickered(opened: Sequence[float | None], step: float = 1 / 30) -> float:
    flicker = Flicker()
    return [flicker.update(n * step, o) for n, o in enumerate(opened)][-1]


def test_eyes_that_open_and_shut_faster_than_lids_blink_flicker() -> None:
    assert flickered([0.1, 0.9] * 45) > 2
    assert flickered([0.1, 0.9] * 45 + [0.9] * 50) == 0


def test_three_blinks_in_a_row_are_no_flicker() -> None:
    assert flickered([*[0.95] * 6, *[0.05] * 5] * 3) == 0


def test_unknown_eyes_do_not_flicker() -> None:
    assert flickered([0.1, None, 0.9, None] * 30) == 0
