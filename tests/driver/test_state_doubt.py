"""Doubtful eyes, in the dark, behind glare, half shut, beside a phone, in song: neither missed nor a false alarm."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.core.driver_state import ATTENTIVE
from tests.driver.stories import OPEN_LIDS, RATES, between, blinking, eyes_read, tell


@pytest.mark.parametrize("rate", RATES)
def test_lids_that_touch_make_half_read_eyes_a_microsleep(rate: float) -> None:
    """In the dark the eye network reads shut eyes at 0.4; the keypoints see the lids touch."""

    assert tell(40, rate, eyes_read(0.42, 0.07, 2.4)).worst("eyes_closed") == 2


@pytest.mark.parametrize("rate", RATES)
def test_lids_that_touch_stand_in_for_eyes_that_cannot_be_read(rate: float) -> None:
    assert tell(40, rate, eyes_read(None, 0.07, 2.4)).worst("eyes_closed") == 2


@pytest.mark.parametrize("rate", RATES)
def test_eyes_unknown_again_and_again_cannot_be_judged(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        return {"eyes": None} if t > 10 and t % 2 < 1.2 else {}

    drive = tell(60, rate, act)
    told = drive.started("cannot_judge")
    assert len(told) == 1
    assert told[0].t < 26


@pytest.mark.parametrize("rate", RATES)
def test_glare_now_and_then_is_no_reason_to_tell(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        return {"eyes": None} if t % 10 < 2 else {}

    assert not tell(60, rate, act).started("cannot_judge")


@pytest.mark.parametrize("rate", RATES)
def test_lids_that_hang_half_shut_are_not_on_the_road(rate: float) -> None:
    drive = tell(40, rate, eyes_read(0.45, 0.22, 4))
    assert drive.worst("distraction") == 1
    assert drive.worst("eyes_closed") == 0
    assert drive.at(32.5).attention != ATTENTIVE
    assert drive.at(29).attention == ATTENTIVE


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("why", [{"happy": 0.9}, {}])
def test_a_smile_narrows_the_eyes_and_is_no_distraction(rate: float, why: dict[str, object]) -> None:
    assert tell(40, rate, eyes_read(0.45, 0.22, 4, **why)).worst("distraction") == int(not why)


@pytest.mark.parametrize("rate", RATES)
def test_a_phone_beside_the_driver_is_no_microsleep(rate: float) -> None:
    """The head turns and lowers together with the lids, which seem to touch at a slant."""

    def act(t: float) -> dict[str, object]:
        if not between(t, 70, 3.5):
            return OPEN_LIDS
        share = min(1.0, (t - 70) / 0.3)
        return {"eyes": 0.05, "lids": 0.16, "pose": (2 + 24 * share, 1 + 14 * share, 0.0)}

    drive = tell(80, rate, act)
    assert drive.worst("eyes_closed") == 0
    assert drive.worst("distraction") == 1


@pytest.mark.parametrize("rate", RATES)
def test_a_head_that_turns_after_the_eyes_shut_is_asleep(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        if not between(t, 70, 3.5):
            return OPEN_LIDS
        share = min(1.0, max(0.0, (t - 70.8) / 0.5))
        return {"eyes": 0.05, "lids": 0.09, "pose": (2 + 20 * share, 1 + 14 * share, 0.0)}

    assert tell(80, rate, act).worst("eyes_closed") == 3


@pytest.mark.parametrize("rate", RATES)
def test_a_singer_who_shuts_the_eyes_is_told_but_not_tired(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        mouth = 0.4 + 0.38 * np.sin(2 * np.pi * 1.1 * t)
        return {"mouth": mouth, "eyes": 0.05 if t % 12 < 1.3 else 0.95}

    drive = tell(150, rate, act)
    assert len(drive.started("eyes_closed")) > 8
    assert drive.worst("fatigue") == 0


@pytest.mark.parametrize("rate", RATES)
def test_a_long_yawn_with_shut_eyes_is_a_yawn(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        opening = min(1.0, max(0.0, (t - 30) / 0.8)) * (t < 38)
        return {"mouth": 0.03 + 0.8 * opening, **({"eyes": 0.05} if between(t, 30.4, 7.8) else {})}

    drive = tell(50, rate, act)
    assert len(drive.started("yawn")) == 1
    assert drive.worst("eyes_closed") == 0


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_who_blinks_often_is_not_tired(rate: float) -> None:
    def act(t: float) -> dict[str, object]:
        return {"eyes": blinking(t, 1.5, 0.2)}

    assert tell(180, rate, act).worst("fatigue") == 0
