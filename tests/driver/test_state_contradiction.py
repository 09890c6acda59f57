"""Two sources that contradict each other, as in a dark picture or under marks: told, and no false microsleep."""

from __future__ import annotations

import pytest

from monitor.core.driver_state import ATTENTIVE
from tests.driver.stories import OPEN_LIDS, RATES, between, eyes_read, tell


@pytest.mark.parametrize("rate", RATES)
def test_shut_eyes_with_lids_as_apart_as_usual_cannot_be_judged(rate: float) -> None:
    """The eye network reads shut eyes, the keypoints see open lids: one of the two is wrong."""

    drive = tell(45, rate, eyes_read(0.03, 0.34, 3))
    assert drive.worst("eyes_closed") == 0
    (told,) = drive.started("cannot_judge")
    assert told.t == pytest.approx(31.5, abs=2 / rate)
    assert drive.at(32).attention != ATTENTIVE


@pytest.mark.parametrize("rate", RATES)
def test_a_contradiction_is_believed_for_four_seconds_only(rate: float) -> None:
    assert tell(45, rate, eyes_read(0.03, 0.34, 9)).worst("eyes_closed") == 4


@pytest.mark.parametrize("rate", RATES)
def test_a_head_turned_aside_asks_for_lids_that_are_not_far_apart(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        aside: dict[str, object] = {"pose": (-30.0, 2.0, 0.0), "lids": 0.36}
        return aside | {"eyes": 0.05, "lids": 0.26} if between(t, 90, 2.5) else aside

    drive = tell(100, rate, act)
    assert drive.worst("eyes_closed") == 0
    assert drive.started("cannot_judge")


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_lids_that_sink_for_a_moment_in_a_glance_down_are_no_microsleep(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        if between(t, 31.2, 0.7):
            return {"eyes": 0.01, "lids": 0.1}
        return {"eyes": 0.05, "lids": 0.22} if between(t, 30, 3) else OPEN_LIDS

    assert tell(45, rate, act).worst("eyes_closed") == 0


@pytest.mark.parametrize("rate", RATES)
def test_a_glance_down_that_turns_into_sleep_is_told_from_where_the_lids_shut(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        if between(t, 31, 3):
            return {"eyes": 0.01, "lids": 0.08}
        return {"eyes": 0.05, "lids": 0.22} if between(t, 30, 1) else OPEN_LIDS

    drive = tell(45, rate, act)
    assert drive.worst("eyes_closed") in (2, 3)
    assert drive.started("eyes_closed")[0].t < 32.6


def test_eyes_that_flicker_cannot_be_judged_and_are_not_attentive() -> None:
    """Marks burnt into the film cross the eyes: they read open and shut by turns."""

    def act(t: float) -> dict[str, object]:
        return {"eyes": (0.02, 0.9)[round(t * 30) % 2], "lids": 0.25} if between(t, 30, 3) else OPEN_LIDS

    drive = tell(45, 30.0, act)
    (told,) = drive.started("cannot_judge")
    assert told.t < 32
    assert drive.at(32).attention != ATTENTIVE
