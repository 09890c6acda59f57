"""Stories of drivers, each told at 5, 10 and 30 readings a second, with the same verdict."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import DriverConfig
from monitor.signals.driver import DriverMonitor
from monitor.signals.evidence import Evidence
from tests.signals.stories import RATES, between, blinking, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)
ALARMS = {"eyes_closed", "fatigue", "away", "anger_like", "cannot_judge", "yawn"}


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
def test_dodging_the_camera_adds_up(rate: float) -> None:
    # Away for two and a half seconds, back for a half, again and again: no single absence is long.
    drive = tell(180, rate, lambda t: {"pose": (60.0, 0.0, 0.0)} if t > 120 and (t - 120) % 3.0 < 2.5 else {})
    assert drive.worst("away") >= 2
    assert len(drive.started("away")) <= 2, "it does not flap"


@at_every_rate
def test_a_glance_at_the_mirror_is_nothing(rate: float) -> None:
    drive = tell(240, rate, lambda t: {"pose": (55.0, 0.0, 0.0)} if t > 90 and t % 20 < 1.2 else {})
    assert drive.kinds() == set()


@at_every_rate
def test_absence_is_graded_at_3_5_and_11_seconds_and_never_alert(rate: float) -> None:
    drive = tell(180, rate, lambda t: {"present": False} if between(t, 120, 20) else {})
    rises = {e.level: e.t for e in reversed(drive.events) if e.kind == "away" and e.phase != "end"}
    # The tracker's half second of grace comes first.
    assert [rises[n] - 120 for n in (1, 2, 3)] == pytest.approx([3.4, 5.4, 11.4], abs=0.45)
    assert {s.attention for t, s in drive.states if 122 < t < 140} == {"absent"}
    assert len(drive.started("away")) == 1
    assert drive.last.attention == "attentive"


@at_every_rate
def test_the_transparent_commuter_is_seen_but_never_called_attentive(rate: float) -> None:
    # A face without readable eyes for the whole ride: sunglasses.
    drive = tell(600, rate, lambda t: {"eyes": None})
    assert drive.kinds() == {"cannot_judge"}
    assert {s.attention for _, s in drive.states} == {"cannot judge"}
    assert drive.last.calibrated == 0
    assert drive.last.perclos is None


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
def test_at_night_with_no_eyes_visible_it_says_so(rate: float) -> None:
    drive = tell(120, rate, lambda t: {"picture": False, "present": False} if t > 60 else {})
    assert drive.kinds() == {"cannot_judge"}, "a dark picture is no absence"
    assert drive.last.attention == "cannot judge"


@at_every_rate
def test_an_angry_burst_is_nothing_an_angry_minute_is(rate: float) -> None:
    burst = tell(200, rate, lambda t: {"anger": 0.9} if between(t, 120, 1.0) else {})
    assert burst.started("anger_like") == []
    minute = tell(260, rate, lambda t: {"anger": 0.8} if between(t, 120, 60) else {})
    rises = {e.level: e.t for e in reversed(minute.events) if e.kind == "anger_like" and e.phase != "end"}
    assert [rises[n] - 120 for n in (1, 2, 3)] == pytest.approx([2.6, 5.6, 10.6], abs=0.5)
    (end,) = minute.ended("anger_like")
    assert end.data["what"] == "anger-like expression"
    assert end.data["peak"] == pytest.approx(0.8, abs=0.03)
    assert end.data["mean"] == pytest.approx(0.78, abs=0.05)
    assert len(minute.started("anger_like")) == 1


@at_every_rate
def test_a_yawn_that_looks_like_anger_is_none(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"mouth": 0.8, "anger": 0.9} if between(t, 120, 6) else {})
    assert drive.started("anger_like") == []


@at_every_rate
def test_a_face_that_always_looks_cross_gets_its_own_threshold(rate: float) -> None:
    drive = tell(400, rate, lambda t: {"anger": 0.5 if t > 120 else 0.42})
    assert drive.started("anger_like") == []


@at_every_rate
def test_a_clock_that_jumps_starts_nothing(rate: float) -> None:
    # An hour ahead in the middle of a blink, then ten years back.
    def clock(t: float) -> float:
        return t + 3600 * (t >= 123.9) - 3.2e8 * (t >= 180)

    drive = tell(240, rate, clock=clock)
    assert drive.kinds() == set()
    assert drive.last.closed_s < 1


@at_every_rate
def test_a_stalled_host_is_no_sleep(rate: float) -> None:
    # Sixty seconds without a reading, eyes shut on both sides of the gap.
    drive = tell(
        200, rate, lambda t: {"eyes": 0.02} if between(t, 119.6, 0.8) else {}, clock=lambda t: t + 60 * (t >= 120)
    )
    assert drive.kinds() == set()


def test_a_frozen_camera_repeats_its_last_moment_and_changes_nothing() -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(100)))
    shut = Evidence(5.0, 0.0, 1, True, True, 0.02, 0.0, (0.0, 0.0, 0.0), 0.0, 0.0)
    states = [monitor.update(shut)[0] for _ in range(1000)]
    assert states[-1].closed_s == 0
    assert states[-1].fatigue == 0


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
def test_shut_eyes_are_not_attentive(rate: float) -> None:
    drive = tell(160, rate, lambda t: {"eyes": 0.02} if between(t, 121, 6) else {})
    assert {s.attention for t, s in drive.states if 122.5 < t < 126.5} == {"eyes shut"}
    assert drive.last.attention == "attentive"


def test_too_few_readings_are_said_to_be_too_few() -> None:
    drive = tell(600, 0.9, lambda t: {"eyes": 0.02} if t > 100 else {})
    assert {s.attention for t, s in drive.states if t > 5} == {"cannot judge"}
    assert drive.kinds() == {"cannot_judge"}


@at_every_rate
def test_an_eye_lost_for_a_moment_makes_no_second_microsleep(rate: float) -> None:
    def flicker(t: float) -> dict[str, object]:
        if not between(t, 121, 5):
            return {}
        return {"eyes": None} if between(t, 123, 0.45) else {"eyes": 0.02}

    drive = tell(200, rate, flicker)
    assert len(drive.started("eyes_closed")) == 1
    assert max(s.parts["microsleeps"] for _, s in drive.states) == pytest.approx(55, abs=1)


@at_every_rate
def test_half_open_lids_after_a_blink_are_not_shut(rate: float) -> None:
    drive = tell(
        300, rate, lambda t: {"eyes": 0.02 if between(t, 120.6, 0.4) else 0.3} if between(t, 120.6, 120) else {}
    )
    assert drive.started("eyes_closed") == []
    assert all(s.perclos is not None and s.perclos < 0.05 for t, s in drive.states if t > 200)


@at_every_rate
def test_anger_ends_when_the_angry_one_is_gone(rate: float) -> None:
    drive = tell(300, rate, lambda t: {"anger": 0.9} if between(t, 100, 20) else {"present": t < 120})
    (end,) = drive.ended("anger_like")
    assert end.data["duration_s"] < 30
    assert drive.last.anger is None
    assert drive.last.anger_level == 0


@at_every_rate
def test_the_next_driver_starts_without_the_last_ones_fatigue(rate: float) -> None:
    def change(t: float) -> dict[str, object]:
        if between(t, 150, 60):
            return {"eyes": 0.02}
        return {"present": False} if between(t, 210, 400) else {}

    drive = tell(640, rate, change)
    assert drive.at(205).level == "danger"
    assert drive.at(612).fatigue == 0


@at_every_rate
def test_an_absence_is_told_as_one_to_its_end(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"present": False} if between(t, 121, 20) else {})
    (end,) = drive.ended("away")
    assert {e.data["what"] for e in drive.events if e.kind == "away"} == {"absent"}
    assert end.data["duration_s"] == pytest.approx(20, abs=0.7)
    blind = tell(200, rate, lambda t: {"eyes": None} if between(t, 121, 20) else {})
    (end,) = blind.ended("cannot_judge")
    assert end.data["duration_s"] == pytest.approx(20, abs=3)


@at_every_rate
def test_danger_that_comes_back_is_told_again(rate: float) -> None:
    drive = tell(700, rate, lambda t: {"eyes": 0.02} if between(t, 121, 7) or between(t, 520, 7) else {})
    levels = [e.level for e in drive.events if e.kind == "fatigue" and e.phase != "end"]
    rises = sum(b == 3 and a < 3 for a, b in itertools.pairwise([0, *levels]))
    assert rises == 2


def test_a_clock_set_back_while_something_goes_on_leaves_sound_events() -> None:
    def clock(t: float) -> float:
        return t - 1e6 * (t >= 140)

    drive = tell(300, 10.0, lambda t: {"present": False} if between(t, 121, 40) else {}, clock=clock)
    assert all(e.data.get("duration_s", 0) >= 0 for e in drive.events)
    assert drive.last.fatigue == 0


@at_every_rate
def test_recovery_is_slow_and_complete(rate: float) -> None:
    drive = tell(800, rate, lambda t: {"eyes": 0.02} if between(t, 120, 4) or between(t, 130, 4) else {})
    assert drive.at(140).level in ("drowsy", "danger")
    assert drive.at(160).level != "none"
    assert drive.last.level == "none"
    levels = [s.level for _, s in drive.states]
    changes = sum(a != b for a, b in itertools.pairwise(levels))
    assert changes <= 8


def test_calibration_shows_its_progress_and_survives_a_short_absence() -> None:
    drive = tell(120, 10.0, lambda t: {"present": False} if between(t, 30, 20) else {})
    assert drive.at(25).calibrated == pytest.approx(25 / 60, abs=0.05)
    assert drive.at(60).calibrated == pytest.approx(40 / 60, abs=0.05)
    assert drive.last.calibrated == 1
    (start,), (end,) = drive.started("calibrating"), drive.ended("calibrating")
    assert start.data["percent"] == 0
    assert end.data["percent"] >= 98


def test_another_driver_after_a_long_absence_is_learnt_anew() -> None:
    drive = tell(600, 5.0, lambda t: {"present": False} if between(t, 100, 400) else {})
    assert drive.at(99).calibrated == 1
    assert drive.at(510).calibrated < 0.3


@at_every_rate
def test_blinking_far_more_than_usual_counts_a_little(rate: float) -> None:
    drive = tell(300, rate, lambda t: {"eyes": blinking(t, every=6.0 if t < 120 else 1.83, length=0.2)})
    assert 5 < drive.last.parts["blinks"] <= 10
    assert drive.worst("fatigue") <= 1


@at_every_rate
def test_an_empty_seat_is_nobodys_absence(rate: float) -> None:
    drive = tell(120, rate, lambda t: {"present": False})
    assert drive.kinds() == set()
    assert drive.last.attention == "absent"


def test_a_night_of_absence_is_not_a_log_of_it() -> None:
    drive = tell(2 * 3600, 5.0, lambda t: {"present": t < 100})
    assert drive.worst("away") == 3
    assert len(drive.events) < 50


def test_narrow_eyes_are_judged_by_their_own_measure() -> None:
    # Eyes that are never more than 0.55 open: after a minute their half-closing is no closure.
    drive = tell(300, 10.0, lambda t: {"eyes": 0.55 if t < 120 else 0.28 if between(t, 120, 3) else 0.55})
    assert drive.worst("eyes_closed") == 0


def test_a_camera_at_the_pillar_makes_no_absence() -> None:
    drive = tell(120, 10.0, lambda t: {"pose": (-38.0, 12.0, 0.0)})
    assert drive.kinds() == set()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-100, 1e6), st.booleans(), st.none() | st.floats(0, 1), st.none() | st.floats(0, 2),
            st.none() | st.tuples(*[st.floats(-180, 180)] * 3), st.none() | st.floats(0, 1.5),
        ),
        max_size=40,
    )
)  # fmt: skip
def test_any_evidence_gives_a_sound_state_and_balanced_events(rows: list[tuple[Any, ...]]) -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(100000)))
    events = []
    for t, present, eyes, mouth, pose, anger in rows:
        state, more = monitor.update(
            Evidence(t, 0.0, int(bool(present)), bool(present), True, eyes, mouth, pose, anger, 0.1)
        )
        events += more
        assert 0 <= state.fatigue <= 100
        assert 0 <= state.calibrated <= 1
        assert state.closed_s >= 0
        assert state.perclos is None or 0 <= state.perclos <= 1
    events += monitor.finish()
    for one in {e.id for e in events}:
        phases = [e.phase for e in events if e.id == one]
        assert phases[0] == "start"
        assert phases[-1] == "end"
        assert phases.count("start") == phases.count("end") == 1
