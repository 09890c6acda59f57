"""Stories of clocks, of the baseline, of recovery, and of random evidence."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.settings.config import DriverConfig
from tests.driver.stories import RATES, between, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


@at_every_rate
def test_a_clock_that_jumps_starts_nothing(rate: float) -> None:
    # An hour ahead in the middle of a blink, then ten years back.
    def clock(t: float) -> float:
        return t + 3600 * (t >= 123.9) - 3.2e8 * (t >= 180)

    drive = tell(240, rate, clock=clock)
    assert drive.kinds() == set()
    assert drive.last.closed_s < 1


@at_every_rate
def test_a_stalled_host_is_not_reported_as_sleep(rate: float) -> None:
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


def test_too_few_readings_are_reported_as_cannot_judge() -> None:
    drive = tell(600, 0.9, lambda t: {"eyes": 0.02} if t > 100 else {})
    assert {s.attention for t, s in drive.states if t > 5} == {"cannot judge"}
    assert drive.kinds() == {"cannot_judge"}


@pytest.mark.parametrize("steps", [(0.7, 1.1), (0.98, 1.02), (0.2, 0.2, 1.3)])
def test_now_and_then_over_a_second_apart_they_are_too_few_as_well(steps: tuple[float, ...]) -> None:
    at = list(itertools.accumulate(itertools.islice(itertools.cycle(steps), 600)))
    drive = tell(600, 1.0, lambda t: {"eyes": 0.02} if t > 100 else {}, clock=lambda t: at[int(t)])
    late = [state.attention for t, state in drive.states if t > 150]
    assert "attentive" not in late
    assert drive.started("cannot_judge") or drive.worst("eyes_closed") >= 3


@at_every_rate
def test_the_next_driver_starts_without_the_last_ones_fatigue(rate: float) -> None:
    def change(t: float) -> dict[str, object]:
        if between(t, 150, 60):
            return {"eyes": 0.02}
        return {"present": False} if between(t, 210, 400) else {}

    drive = tell(640, rate, change)
    assert drive.at(205).level == "danger"
    assert drive.at(612).fatigue == 0


def test_a_clock_set_back_during_an_event_leaves_valid_events() -> None:
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


@pytest.mark.parametrize("first", [(2.0, 31.0, 0.0), (38.0, 2.0, 0.0)])
def test_a_phone_in_the_first_minute_does_not_make_the_road_a_look_aside(first: tuple[float, float, float]) -> None:
    drive = tell(1200, 5.0, lambda t: {"pose": first} if t < 70 else {})
    assert {state.attention for t, state in drive.states if t > 230} == {"attentive"}
    assert len(drive.started("away")) == 1


@pytest.mark.parametrize("after", [70, 90, 600])
def test_a_look_aside_of_minutes_is_reported_throughout_and_the_baseline_returns(after: int) -> None:
    """Driving, two minutes of looking aside, then ahead: ahead is where it was, however soon after calibration."""
    drive = tell(after + 200, 5.0, lambda t: {"pose": (40.0, 2.0, 0.0)} if between(t, after, 120) else {})
    assert {state.attention for t, state in drive.states if after + 4 < t < after + 119} == {"turned away"}
    assert {state.attention for t, state in drive.states if t > after + 125} == {"attentive"}


def test_shut_eyes_do_not_change_straight_ahead() -> None:
    drive = tell(1000, 5.0, lambda t: {"eyes": 0.02, "pose": (2.0, 30.0, 0.0)} if t > 120 else {})
    assert drive.last.attention == "turned away"


def test_narrow_eyes_are_judged_by_their_own_measure() -> None:
    # Eyes that are never more than 0.55 open: after a minute their half-closing is no closure.
    drive = tell(300, 10.0, lambda t: {"eyes": 0.55 if t < 120 else 0.28 if between(t, 120, 3) else 0.55})
    assert drive.worst("eyes_closed") == 0


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
