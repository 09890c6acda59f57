"""Stories of lids: flutter, single frames, unknown eyes and blinks, at three rates."""

from __future__ import annotations

import pytest

from tests.driver.stories import RATES, between, blinking, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


@at_every_rate
def test_frequent_blinks_of_dry_eyes_are_no_fatigue(rate: float) -> None:
    drive = tell(600, rate, lambda t: {"eyes": blinking(t, every=1.37, length=0.15)})
    assert drive.kinds() <= {"fatigue"}
    assert drive.worst("fatigue") <= 1
    assert drive.last.blinks_per_min is not None
    assert drive.last.blinks_per_min > 15
    assert drive.started("eyes_closed") == []


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
def test_shut_eyes_are_not_attentive(rate: float) -> None:
    drive = tell(160, rate, lambda t: {"eyes": 0.02} if between(t, 121, 6) else {})
    assert {s.attention for t, s in drive.states if 122.5 < t < 126.5} == {"eyes shut"}
    assert drive.last.attention == "attentive"


def test_a_closure_without_a_seen_end_has_the_seen_length() -> None:
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


def test_an_unknown_normal_blink_rate_adds_no_points() -> None:
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
    """Of 30 pictures a second every second or third one shows the eyes open: a misreading, as eyes do not open for 33
    ms."""
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


@pytest.mark.parametrize("rate", [10.0, 30.0])
def test_blinking_far_more_than_usual_counts_a_little(rate: float) -> None:
    drive = tell(300, rate, lambda t: {"eyes": blinking(t, every=6.0 if t < 120 else 1.83, length=0.2)})
    assert 5 < drive.last.parts["blinks"] <= 10
    assert drive.worst("fatigue") <= 1
