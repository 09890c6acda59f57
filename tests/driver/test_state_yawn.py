"""Stories of open mouths: yawns, song, laughter, and sleep with an open mouth, at three rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.driver.stories import RATES, between, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


@at_every_rate
def test_a_singer_does_not_yawn(rate: float) -> None:
    # Vowels: wide open for up to a second, several times, never as wide as a yawn for long.
    drive = tell(200, rate, lambda t: {"mouth": 0.62 if t % 1.6 < 0.9 else 0.2})
    assert drive.started("yawn") == []
    assert drive.last.yawns == 0


@at_every_rate
def test_a_laugh_is_no_yawn(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"mouth": 0.7, "happy": 0.95} if between(t, 100, 4) else {})
    assert drive.started("yawn") == []


@at_every_rate
def test_eyes_shut_in_a_laugh_are_no_microsleep(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"eyes": 0.03, "happy": 0.95} if between(t, 121, 2) else {})
    assert drive.kinds() == set()
    asleep = tell(200, rate, lambda t: {"eyes": 0.03, "happy": 0.5} if between(t, 121, 3.3) else {})
    assert asleep.worst("eyes_closed") == 3


@at_every_rate
@pytest.mark.parametrize(("excuse", "seconds"), [({"happy": 0.95}, 2.2), ({"mouth": 0.9}, 4)])
def test_shut_eyes_are_never_attentive_however_well_they_are_excused(
    rate: float, excuse: dict[str, object], seconds: float
) -> None:
    drive = tell(200, rate, lambda t: {"eyes": 0.03, **excuse} if between(t, 121, seconds) else {})
    assert drive.started("eyes_closed") == []
    shut = [state.attention for t, state in drive.states if 122.3 < t < 120.9 + seconds]
    assert set(shut) == {"eyes shut"}
    assert {state.attention for t, state in drive.states if 127 < t < 140} == {"attentive"}  # blinks are no such thing


@at_every_rate
def test_narrowed_lids_are_not_shut_whatever_was_before(rate: float) -> None:
    """Half-open eyes after a blink, after an absence and in a laugh."""

    def narrowed(t: float) -> dict[str, object]:
        if between(t, 121, 0.3):
            return {"eyes": 0.05}
        if between(t, 121.3, 15):
            return {"eyes": 0.3, "happy": 0.95 if t > 130 else 0.05}
        if between(t, 150, 0.7):
            return {"eyes": 0.05}
        return {"face": None, "present": False, "eyes": None} if between(t, 150.7, 20) else {}

    drive = tell(200, rate, narrowed)
    assert "eyes shut" not in {state.attention for t, state in drive.states if t > 122}
    assert drive.started("eyes_closed") == []


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_lids_that_part_for_a_picture_in_a_yawn_are_shut_all_along(rate: float) -> None:
    def yawn(t: float) -> dict[str, object]:
        parted = between(t, 123.4, 1 / rate)
        return {"mouth": 0.9, "eyes": 0.95 if parted else 0.03} if between(t, 121, 4) else {}

    drive = tell(200, rate, yawn)
    assert {state.attention for t, state in drive.states if 122.3 < t < 124.9} == {"eyes shut"}


@at_every_rate
def test_a_yawn_is_reported_once_and_eyes_shut_in_it_are_no_microsleep(rate: float) -> None:
    def yawn(t: float) -> dict[str, object]:
        if not between(t, 120, 5):
            return {}
        return {"mouth": 0.9 * np.sin(np.pi * (t - 120) / 5), "eyes": 0.05 if between(t, 121, 3.5) else 0.6}

    drive = tell(300, rate, yawn)
    assert len(drive.started("yawn")) == 1
    assert drive.started("eyes_closed") == []
    assert drive.at(200).yawns == 1
    assert drive.worst("fatigue") == 0, "one yawn is no fatigue"


@at_every_rate
@pytest.mark.parametrize(
    ("eyes", "reached", "told"), [(0.1, 0.65, 1), (0.95, 0.75, 0), (0.95, 0.85, 1), (None, 0.65, 0), (None, 0.75, 1)]
)
def test_a_mouth_with_open_eyes_must_open_wider_to_yawn(
    rate: float, eyes: float | None, reached: float, told: int
) -> None:
    drive = tell(180, rate, lambda t: {"mouth": reached, "eyes": eyes} if between(t, 150, 3) else {})
    assert len(drive.started("yawn")) == told


@at_every_rate
def test_three_yawns_and_nods_are_early_fatigue(rate: float) -> None:
    def tired(t: float) -> dict[str, object]:
        told: dict[str, object] = {}
        if t > 100 and t % 30 < 3.5:
            told["mouth"] = 0.8
        if t > 100 and 15 <= t % 30 < 15.8:
            told |= {"pose": (2.0, 24.0, 0.0), "eyes": 0.1}
        return told

    drive = tell(260, rate, tired)
    assert drive.worst("fatigue") >= 1
    assert drive.last.parts["nods"] > 8
    assert drive.last.parts["yawns"] > 8


@at_every_rate
@pytest.mark.parametrize("face", [{"mouth": 0.55}, {"mouth": 0.65}, {"happy": 0.9}])
def test_sleep_with_an_open_mouth_or_a_smile_is_sleep(rate: float, face: dict[str, float]) -> None:
    drive = tell(200, rate, lambda t: {"eyes": 0.02, **face} if between(t, 121, 30) else {})
    assert drive.worst("eyes_closed") == 4
    assert drive.at(140).attention == "eyes shut"


@at_every_rate
@pytest.mark.parametrize("snore", [lambda t: t >= 125, lambda t: 125 <= t < 127, lambda t: t % 4 < 1.5])
def test_a_sleeper_whose_mouth_opens_sleeps_on(rate: float, snore: Callable[[float], bool]) -> None:
    """An excuse for eyes shut in a yawn must not end an alarm that was given before the mouth opened."""
    drive = tell(
        180, rate, lambda t: {"eyes": 0.02, "mouth": 0.55 if snore(t) else 0.03} if between(t, 121, 30) else {}
    )
    (start,), (end,) = drive.started("eyes_closed"), drive.ended("eyes_closed")
    assert end.level == 4
    assert start.id == end.id
    levels = [e.level for e in drive.events if e.kind == "eyes_closed"]
    assert levels == sorted(levels)
    assert {drive.at(t).attention for t in range(124, 151)} == {"eyes shut"}


@at_every_rate
@pytest.mark.parametrize("every", [2.0, 5.5])
def test_a_sleeper_with_an_open_mouth_is_asleep_though_the_lids_part_now_and_then(rate: float, every: float) -> None:
    step = 1 / rate

    def act(t: float) -> dict[str, object]:
        if t < 121:
            return {}
        return {"mouth": 0.55, "eyes": 0.9 if t % every < step * 0.99 else 0.02}

    drive = tell(300, rate, act)
    late = [state for t, state in drive.states if t > 200]
    assert sum(state.attention == "eyes shut" for state in late) > 0.3 * len(late)
    assert {state.level for state in late} == {"danger"}
    assert min(state.perclos or 0 for state in late) > 0.5
