"""Stories of drivers who look away, are gone, cannot be judged or look angry, at three rates."""

from __future__ import annotations

import itertools

import pytest

from monitor.core.driver_state import DriverState
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.settings.config import DriverConfig
from tests.driver.stories import RATES, between, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)


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
def test_at_night_with_invisible_eyes_cannot_judge_is_reported(rate: float) -> None:
    drive = tell(120, rate, lambda t: {"picture": False, "present": False} if t > 60 else {})
    assert drive.kinds() == {"cannot_judge"}, "a dark picture is no absence"
    assert drive.last.attention == "cannot judge"


@at_every_rate
def test_a_short_angry_burst_is_not_reported_but_an_angry_minute_is(rate: float) -> None:
    burst = tell(200, rate, lambda t: {"anger": 0.9} if between(t, 120, 1.0) else {})
    assert burst.started("anger_like") == []
    minute = tell(260, rate, lambda t: {"anger": 0.8} if between(t, 120, 60) else {})
    rises = {e.level: e.t for e in reversed(minute.events) if e.kind == "anger_like" and e.phase != "end"}
    assert [rises[n] - 120 for n in (1, 2, 3)] == pytest.approx([2.8, 5.8, 11.0], abs=0.6)
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
def test_anger_ends_when_the_angry_one_is_gone(rate: float) -> None:
    drive = tell(300, rate, lambda t: {"anger": 0.9} if between(t, 100, 20) else {"present": t < 120})
    (end,) = drive.ended("anger_like")
    assert end.data["duration_s"] < 30
    assert drive.last.anger is None
    assert drive.last.anger_level == 0


@at_every_rate
@pytest.mark.parametrize(
    ("kind", "act", "lasted"),  # anger is counted from its notice on
    [("away", {"present": False}, 14), ("anger_like", {"anger": 0.9}, 12.3), ("cannot_judge", {"eyes": None}, 14)],
)
def test_an_ended_event_gets_no_updates(rate: float, kind: str, act: dict[str, object], lasted: float) -> None:
    drive = tell(170, rate, lambda t: act if between(t, 121, 14) else {})
    told = [e for e in drive.events if e.kind == kind]
    assert [e.t for e in told] == sorted(e.t for e in told)
    assert told[-1].phase == "end"
    assert told[-1].t == pytest.approx(135, abs=0.9)
    assert told[-1].data["duration_s"] == pytest.approx(lasted, abs=0.7)
    assert max(e.data.get("duration_s", 0) for e in told) == told[-1].data["duration_s"]


@at_every_rate
def test_an_absence_is_one_event_until_its_end(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"present": False} if between(t, 121, 20) else {})
    (end,) = drive.ended("away")
    assert {e.data["what"] for e in drive.events if e.kind == "away"} == {"absent"}
    assert end.data["duration_s"] == pytest.approx(20, abs=0.7)
    blind = tell(200, rate, lambda t: {"eyes": None} if between(t, 121, 20) else {})
    (end,) = blind.ended("cannot_judge")
    assert end.data["duration_s"] == pytest.approx(20, abs=3)


@at_every_rate
@pytest.mark.parametrize(("kind", "act"), [("away", {"pose": (60.0, 1.0, 0.0)}), ("anger_like", {"anger": 0.9})])
def test_a_second_alarm_is_reported_again(rate: float, kind: str, act: dict[str, object]) -> None:
    """Away for twelve seconds, back for three, away for a minute: the second absence must be reported, too."""
    drive = tell(300, rate, lambda t: act if between(t, 150, 14) or between(t, 168, 60) else {})
    levels = [(e.t, e.level) for e in drive.events if e.kind == kind and e.phase != "end"]
    alarms = [t for (_, a), (t, b) in itertools.pairwise([(0.0, 0), *levels]) if a < 3 <= b]
    assert len(alarms) == 2
    assert 168 < alarms[1] < 183


@at_every_rate
def test_a_face_missed_for_a_picture_is_turned_away_still(rate: float) -> None:
    """Turned by 40 degrees, then by 31, which is within the hysteresis."""
    drive = tell(
        200, rate,
        lambda t: ({"pose": (42.0 if t < 124 else 33.0, 1.0, 0.0)} if round(t * rate) % 7
                   else {"present": False, "pose": None, "eyes": None}) if between(t, 121, 20) else {},
    )  # fmt: skip
    assert {state.attention for t, state in drive.states if 125 < t < 140} == {"turned away"}
    assert drive.worst("away") == 3


@at_every_rate
def test_anger_is_seen_where_no_expression_could_be_read_at_first(rate: float) -> None:
    drive = tell(200, rate, lambda t: {"anger": None if t < 70 else 0.8 if between(t, 100, 30) else 0.05})
    assert drive.worst("anger_like") == 3


@at_every_rate
def test_danger_that_returns_is_reported_again(rate: float) -> None:
    drive = tell(700, rate, lambda t: {"eyes": 0.02} if between(t, 121, 7) or between(t, 520, 7) else {})
    levels = [e.level for e in drive.events if e.kind == "fatigue" and e.phase != "end"]
    rises = sum(b == 3 and a < 3 for a, b in itertools.pairwise([0, *levels]))
    assert rises == 2


@at_every_rate
def test_a_driver_who_was_never_seen_is_reported_after_half_a_minute_and_only_as_a_notice(rate: float) -> None:
    drive = tell(90, rate, lambda t: {"present": False})
    (start,) = drive.started("away")
    assert 29 < start.t < 31.5
    assert start.data["what"] == "no driver seen yet"
    assert drive.worst("away") == 1
    assert drive.last.attention == "absent"


@pytest.mark.slow
def test_a_night_of_absence_is_not_a_log_of_it() -> None:
    drive = tell(2 * 3600, 5.0, lambda t: {"present": t < 100})
    assert drive.worst("away") == 3
    assert len(drive.events) < 50


@pytest.mark.parametrize("config", [DriverConfig(), DriverConfig(calibrate_s=0)])
def test_a_look_aside_during_calibration_is_reported_until_its_end(config: DriverConfig) -> None:
    """Before calibration ends, a head turned for 12 s already counts as turned away."""
    turned = tell(40, 10, lambda t: {"pose": (41.0, 0.0, 0.0)} if 8 <= t < 20 else {}, config)
    (event,) = turned.ended("away")
    assert turned.worst("away") == 3
    assert event.t == pytest.approx(20, abs=1.5)


def test_without_calibration_straight_ahead_remains_that_of_the_first_seconds() -> None:
    config = DriverConfig(calibrate_s=0)
    drive = tell(120, 10, lambda t: {"pose": (30.0 if t < 30 else 75.0 if t < 100 else 30.0, 0.0, 0.0)}, config)
    assert drive.at(99).attention == "turned away"
    assert drive.at(119).attention == "attentive"


def test_a_driver_who_cannot_be_calibrated_is_reported_for_looking_away_and_not_for_looking_back() -> None:
    """With sunglasses the eyes are unknown, so that calibration never ends."""
    drive = tell(120, 10, lambda t: {"eyes": None, "pose": (39.0 if 20 <= t < 50 else 0.0, 0.0, 0.0)})
    assert drive.at(49).away_level == 3
    assert drive.at(60).away_level == 0


@pytest.mark.parametrize(("pose", "seconds", "most"), [((0.0, -35.0, 0.0), 20, 57), ((50.0, 0.0, 0.0), 10, 35)])
def test_a_driver_who_looked_aside_at_first_is_soon_attentive(
    pose: tuple[float, float, float], seconds: float, most: float
) -> None:
    drive = tell(120, 10, lambda t: {"pose": pose} if t < seconds else {})
    assert drive.at(most).away_level == 0
    assert drive.worst("away") == 3


def test_without_calibration_a_wrong_first_pose_is_forgotten() -> None:
    drive = tell(300, 10, lambda t: {"pose": (50.0, 0.0, 0.0)} if t < 6 else {}, DriverConfig(calibrate_s=0))
    assert drive.at(20).away_level == 3
    assert drive.at(200).away_level == 0


def test_a_memory_of_0_keeps_the_driver_forever() -> None:
    config = DriverConfig(memory_s=0)
    drive = tell(200, 10, lambda t: {"present": not 70 <= t < 130}, config)
    assert drive.at(69).calibrated == drive.at(131).calibrated == 1


def test_a_camera_at_the_pillar_makes_no_absence() -> None:
    drive = tell(120, 10.0, lambda t: {"pose": (-38.0, 12.0, 0.0)})
    assert drive.kinds() == set()


def test_whoever_takes_the_drivers_place_has_looked_nowhere_yet() -> None:
    """A passenger who was chosen as the driver looked out of the window: the driver starts with a full budget."""
    monitor = DriverMonitor(DriverConfig(), itertools.count(1))

    def look(t: float, face: int, yaw: float) -> DriverState:
        return monitor.update(Evidence(t, 0.0, face, True, True, 0.9, 0.0, (yaw, 0.0, 0.0), 0.0, 0.0))[0]

    for n in range(100):
        look(n / 10, 1, 0.0)
    for n in range(110):
        state = look(10 + n / 10, 1, 60.0)
    assert state.away_level >= 2
    monitor.forget()
    states = [look(21 + n / 10, 2, 0.0) for n in range(5)]
    assert {(s.away_level, s.attention) for s in states} == {(0, "attentive")}
