"""Stories of tired drivers, each told at 5, 10 and 30 readings a second, with the same verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.driver.stories import RATES, between, blinking, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


@at_every_rate
def test_fully_awake_for_an_hour_nothing_is_reported(rate: float) -> None:
    drive = tell(3600, rate)
    assert drive.kinds() == set()
    assert drive.last.level == "none"
    assert drive.last.attention == "attentive"
    assert drive.last.calibrated == 1.0
    assert drive.last.judged
    assert drive.last.perclos == pytest.approx(0.05, abs=0.02)
    assert drive.last.blinks_per_min == pytest.approx(15, abs=1.5)


@at_every_rate
def test_a_microsleep_is_told_while_it_lasts_and_once(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"eyes": 0.02} if between(t, 121, 2.4) else {})
    (start,), (end,) = drive.started("eyes_closed"), drive.ended("eyes_closed")
    told = next(e for e in drive.events if e.kind == "eyes_closed" and e.level == 2)
    assert 121.9 <= start.t <= 122.4
    assert 122.4 <= told.t <= 122.9
    assert told.data["what"] == "microsleep"
    assert drive.worst("eyes_closed") == 2
    assert end.data["duration_s"] == pytest.approx(2.4, abs=0.45)
    assert end.id == start.id
    assert drive.worst("fatigue") == 1, "one microsleep is early fatigue"


@at_every_rate
def test_sleep_and_unresponsive_are_graded_by_seconds(rate: float) -> None:
    drive = tell(140, rate, lambda t: {"eyes": 0.02} if between(t, 121, 8.0) else {})
    rises = [e for e in drive.events if e.kind == "eyes_closed" and e.phase != "end"]
    by_level = {e.level: e.t for e in reversed(rises)}
    assert by_level[3] == pytest.approx(124.0, abs=0.35)
    assert by_level[4] == pytest.approx(127.0, abs=0.35)
    assert drive.at(128).level == "danger"


@at_every_rate
def test_a_slow_drift_into_sleep_rises_step_by_step(rate: float) -> None:
    def drift(t: float) -> dict[str, object]:
        tired = min(1.0, max(0.0, (t - 120) / 400))
        return {"eyes": blinking(t, every=4.0 - 1.5 * tired, length=0.2 + 0.7 * tired)}

    drive = tell(620, rate, drift)
    first: dict[str, float] = {}
    for t, state in drive.states:
        first.setdefault(state.level, t)
    assert first["early"] < first["drowsy"]
    assert 150 < first["early"] < 400, first
    assert len(drive.started("fatigue")) == 1, "one happening, not one for each level"


@at_every_rate
def test_dry_eyes_blink_often_and_that_is_no_fatigue(rate: float) -> None:
    drive = tell(600, rate, lambda t: {"eyes": blinking(t, every=1.37, length=0.15)})
    assert drive.kinds() <= {"fatigue"}
    assert drive.worst("fatigue") <= 1
    assert drive.last.blinks_per_min is not None
    assert drive.last.blinks_per_min > 15
    assert drive.started("eyes_closed") == []


@at_every_rate
def test_glare_on_glasses_is_said_and_is_not_sleep(rate: float) -> None:
    drive = tell(240, rate, lambda t: {"eyes": None} if between(t, 120, 40) else {})
    assert drive.kinds() == {"cannot_judge"}
    (start,) = drive.started("cannot_judge")
    assert 120 + 5 <= start.t <= 130, "announced within ten seconds"
    assert drive.at(150).attention == "cannot judge"
    assert not drive.at(150).judged
    assert not drive.at(200).unjudged


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
    drive = tell(200, rate, lambda t: {"eyes": 0.03, "happy": 0.95} if between(t, 121, 3) else {})
    assert drive.kinds() == set()
    asleep = tell(200, rate, lambda t: {"eyes": 0.03, "happy": 0.5} if between(t, 121, 3.3) else {})
    assert asleep.worst("eyes_closed") == 3


@at_every_rate
@pytest.mark.parametrize("excuse", [{"happy": 0.95}, {"mouth": 0.9}])
def test_shut_eyes_are_never_attentive_however_well_they_are_excused(rate: float, excuse: dict[str, object]) -> None:
    drive = tell(200, rate, lambda t: {"eyes": 0.03, **excuse} if between(t, 121, 4) else {})
    assert drive.started("eyes_closed") == []
    shut = [state.attention for t, state in drive.states if 122.3 < t < 124.9]
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
def test_a_yawn_is_told_once_and_eyes_shut_in_it_are_no_microsleep(rate: float) -> None:
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
        if t > 100 and 15 <= t % 30 < 16.2:
            told["pose"] = (2.0, 24.0, 0.0)
        return told

    drive = tell(260, rate, tired)
    assert drive.worst("fatigue") >= 1
    assert drive.last.parts["nods"] > 8
    assert drive.last.parts["yawns"] > 8


@at_every_rate
def test_a_head_that_sinks_with_shut_eyes_is_not_forgotten(rate: float) -> None:
    def sinks(t: float) -> dict[str, object]:
        if between(t, 120, 2.5):
            return {"eyes": 0.02, "pose": (2.0, 10.0 * (t - 120), 0.0)}
        return {"present": False} if between(t, 122.5, 15) else {}

    drive = tell(160, rate, sinks)
    assert drive.worst("eyes_closed") >= 2
    assert drive.worst("away") == 3
    assert drive.at(130).attention == "absent"
    assert drive.at(130).level != "none"


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
def test_shut_eyes_are_not_attentive(rate: float) -> None:
    drive = tell(160, rate, lambda t: {"eyes": 0.02} if between(t, 121, 6) else {})
    assert {s.attention for t, s in drive.states if 122.5 < t < 126.5} == {"eyes shut"}
    assert drive.last.attention == "attentive"


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


def test_a_closure_of_which_the_end_was_not_seen_is_told_as_long_as_it_was_seen() -> None:
    drive = tell(
        200, 30, lambda t: {"eyes": 0.02} if between(t, 121, 1.1) else {"eyes": None} if between(t, 122.1, 1.9) else {}
    )
    (end,) = drive.ended("eyes_closed")
    assert end.data["duration_s"] == pytest.approx(1.1, abs=0.1)


@pytest.mark.parametrize("rate", [1.25, 2.0])
def test_blinks_caught_in_single_pictures_are_no_fatigue(rate: float) -> None:
    drive = tell(900, rate, lambda t: {"eyes": 0.02 if int(t * rate) % 20 == 0 else 0.95})
    assert {state.level for _, state in drive.states} == {"none"}
    assert {state.blinks_per_min for _, state in drive.states} == {None}
    assert {state.parts["blinks"] for _, state in drive.states} == {0.0}


def test_a_usual_that_could_not_be_counted_is_held_against_nobody() -> None:
    """Learnt at two pictures a second, where blinks are missed; then fifteen a second and blinks as everybody's."""
    at = [n / 2 for n in range(200)] + [100 + n / 15 for n in range(6000)]
    drive = tell(len(at), 1.0, lambda n: {"eyes": blinking(at[int(n)])}, clock=lambda n: at[int(n)])
    assert drive.last.calibrated == 1
    assert drive.last.blinks_per_min == pytest.approx(15, abs=1)
    assert drive.last.parts["blinks"] == 0


@at_every_rate
def test_an_eye_lost_for_a_moment_makes_no_second_microsleep(rate: float) -> None:
    def flicker(t: float) -> dict[str, object]:
        if not between(t, 121, 5):
            return {}
        return {"eyes": None} if between(t, 123, 0.45) else {"eyes": 0.02}

    drive = tell(200, rate, flicker)
    assert len(drive.started("eyes_closed")) == 1
    assert max(s.parts["microsleeps"] for _, s in drive.states) == pytest.approx(55, abs=1)


def test_lids_that_part_for_single_pictures_leave_a_closure_whole() -> None:
    """Of 30 pictures a second every second or third one shows the eyes open: nobody opens them for 33 ms."""
    drive = tell(300, 30.0, lambda t: {"eyes": 0.9 if round(t * 30) % 3 == 0 else 0.02} if between(t, 150, 2) else {})
    assert len(drive.started("eyes_closed")) == 1
    (end,) = drive.ended("eyes_closed")
    assert end.data["duration_s"] == pytest.approx(2, abs=0.1)
    assert drive.worst("eyes_closed") == 2


@at_every_rate
def test_eyes_seen_open_and_not_at_all_in_turns_are_not_asleep(rate: float) -> None:
    """Glasses, or a head half turned: every second reading says open, the others nothing."""

    def flicker(t: float) -> dict[str, object]:
        if between(t, 150, 0.3):
            return {"eyes": 0.02}
        if between(t, 150.3, 10):
            return {"eyes": 0.95 if round(t * rate) % 2 == 0 else None}
        return {"eyes": 0.95}

    drive = tell(200, rate, flicker)
    assert drive.started("eyes_closed") == []
    assert max(s.closed_s for _, s in drive.states) < 0.8


def test_a_closure_does_not_grow_after_the_eyes_have_opened() -> None:
    drive = tell(300, 30.0, lambda t: {"eyes": 0.02 if between(t, 150, 1.45) else 0.95})
    assert max(s.closed_s for _, s in drive.states) <= 1.47
    assert drive.worst("eyes_closed") == 1


def test_two_blinks_with_open_eyes_between_are_two() -> None:
    def blinks(t: float) -> dict[str, object]:
        return {"eyes": 0.02 if between(t % 5, 1, 0.2) or between(t % 5, 1.35, 0.2) else 0.95}

    drive = tell(300, 30.0, blinks)
    assert drive.started("eyes_closed") == []
    assert drive.last.blinks_per_min == pytest.approx(24, abs=2)


@at_every_rate
def test_half_open_lids_after_a_blink_are_not_shut(rate: float) -> None:
    drive = tell(
        300, rate, lambda t: {"eyes": 0.02 if between(t, 120.6, 0.4) else 0.3} if between(t, 120.6, 120) else {}
    )
    assert drive.started("eyes_closed") == []
    assert all(s.perclos is not None and s.perclos < 0.05 for t, s in drive.states if t > 200)


@at_every_rate
def test_blinking_far_more_than_usual_counts_a_little(rate: float) -> None:
    drive = tell(300, rate, lambda t: {"eyes": blinking(t, every=6.0 if t < 120 else 1.83, length=0.2)})
    assert 5 < drive.last.parts["blinks"] <= 10
    assert drive.worst("fatigue") <= 1
