"""Stories of tired drivers, each at 5, 10 and 30 readings a second, with the same result."""

from __future__ import annotations

import pytest

from tests.driver.stories import RATES, between, blinking, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


@pytest.mark.slow
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
def test_a_microsleep_is_reported_once_while_it_lasts(rate: float) -> None:
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
def test_glare_on_glasses_is_reported_as_cannot_judge_and_not_as_sleep(rate: float) -> None:
    drive = tell(240, rate, lambda t: {"eyes": None} if between(t, 120, 40) else {})
    assert drive.kinds() == {"cannot_judge"}
    (start,) = drive.started("cannot_judge")
    assert 120 + 5 <= start.t <= 130, "announced within ten seconds"
    assert drive.at(150).attention == "cannot judge"
    assert not drive.at(150).judged
    assert not drive.at(200).unjudged
