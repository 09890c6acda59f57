"""Stories of yawns, laughter and lowered lids, which explain shut eyes or do not, at three rates."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.settings.config import DriverConfig
from tests.driver.stories import RATES, Act, Drive, between, blinking, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)
CONFIG = DriverConfig(calibrate_s=20)
OPEN_LIDS, SHUT_LIDS, LOW_LIDS = 0.36, 0.09, 0.19


def told(seconds: float, rate: float, act: Act) -> Drive:
    """A story in which open lids are apart."""

    def with_lids(t: float) -> dict[str, object]:
        lids = OPEN_LIDS if blinking(t) > 0.5 else SHUT_LIDS
        return {"lids": lids, **act(t)}

    return tell(seconds, rate, with_lids, CONFIG)


def shut(t: float, start: float, length: float, **more: object) -> dict[str, object]:
    return {"eyes": 0.02, "lids": SHUT_LIDS, **more} if between(t, start, length) else {}


@at_every_rate
def test_a_mouth_open_for_the_first_half_second_explains_no_closure(rate: float) -> None:
    drive = told(60, rate, lambda t: shut(t, 40, 1.4, mouth=0.7 if t < 40.5 else 0.03))
    (end,) = drive.ended("eyes_closed")
    assert end.data["duration_s"] == pytest.approx(1.4, abs=0.25)


@at_every_rate
@pytest.mark.parametrize("before", [0.0, 10.0])
def test_a_half_open_mouth_explains_no_closure(rate: float, before: float) -> None:
    def half_open(t: float) -> dict[str, object]:
        mouth = {"mouth": 0.6} if between(t, 40 - before, 4.5 + before) else {}
        return mouth | shut(t, 40, 4.5)

    drive = told(60, rate, half_open)
    assert drive.worst("eyes_closed") == 3
    (end,) = drive.ended("eyes_closed")
    assert end.data["duration_s"] == pytest.approx(4.5, abs=0.3)
    microsleep = next(e for e in drive.events if e.kind == "eyes_closed" and e.level >= 2)
    assert microsleep.t < 42.2, "a verdict does not wait for longer than a yawn takes to show"


@at_every_rate
def test_a_mouth_that_snaps_shut_after_a_yawn_leaves_the_eyes_their_second(rate: float) -> None:
    """As in munb_3 of the clips: the mouth closes within a tenth of a second, the eyes a second later."""

    def story(t: float) -> dict[str, object]:
        mouth = float(np.interp(t - 40, (0, 0.8, 3.2, 3.3), (0.03, 0.75, 0.7, 0.03)))
        return {"mouth": mouth, **shut(t, 40.3, 3.9)}

    drive = told(60, rate, story)
    assert len(drive.started("yawn")) == 1
    assert drive.worst("eyes_closed") == 0


def yawn(t: float, start: float, length: float) -> dict[str, object]:
    """A mouth that rises to 0.75 within 0.8 s, stays and falls; the eyes shut with it and open 0.8 s after it."""
    if not between(t, start, length + 0.8):
        return {}
    mouth = float(np.interp(t - start, (0, 0.8, length - 0.5, length), (0.03, 0.75, 0.7, 0.03)))
    return {"mouth": mouth, **shut(t, start + 0.4, length + 0.4)}


@at_every_rate
def test_a_yawn_explains_the_eyes_that_shut_with_it(rate: float) -> None:
    drive = told(70, rate, lambda t: yawn(t, 40, 3.4))
    assert len(drive.started("yawn")) == 1
    assert drive.started("eyes_closed") == []


@at_every_rate
def test_eyes_that_stay_shut_after_a_yawn_are_shut(rate: float) -> None:
    drive = told(70, rate, lambda t: yawn(t, 40, 3.4) | shut(t, 43.4, 5))
    assert drive.worst("eyes_closed") >= 3


@at_every_rate
def test_a_yawn_flattened_by_noise_is_one_yawn(rate: float) -> None:
    def noisy(t: float) -> dict[str, object]:
        mouth = float(np.interp(t - 40, (0, 0.8, 3.5, 4), (0.03, 0.47, 0.45, 0.03)))
        return {"mouth": mouth, **shut(t, 40.4, 3.6)} if between(t, 40, 4) else {}

    assert len(told(60, rate, noisy).started("yawn")) == 1


@at_every_rate
def test_a_singer_whose_eyes_are_shut_is_not_yawning(rate: float) -> None:
    def sings(t: float) -> dict[str, object]:
        mouth = float(np.interp(t % 1.0, (0, 0.2, 0.4, 0.6, 1.0), (0.1, 0.4, 0.62, 0.35, 0.3)))
        return {"mouth": mouth if between(t, 35, 15) else 0.03, **shut(t, 40, 1.5)}

    assert len(told(60, rate, sings).started("eyes_closed")) == 1


@at_every_rate
def test_a_smile_does_not_explain_eyes_shut_for_long(rate: float) -> None:
    drive = told(60, rate, lambda t: shut(t, 40, 4.5, happy=0.9))
    assert drive.worst("eyes_closed") == 3


@at_every_rate
@pytest.mark.parametrize("pitch", [2.0, 14.0, 23.0])
def test_lids_that_look_down_are_a_distraction_and_no_sleep(rate: float, pitch: float) -> None:
    def down(t: float) -> dict[str, object]:
        looks = {"eyes": 0.03, "lids": LOW_LIDS, "pose": (2.0, pitch, 0.0)}
        return looks if between(t, 40, 3.0) else {}

    drive = told(60, rate, down)
    assert drive.started("eyes_closed") == []
    (start,) = drive.started("distraction")
    assert start.data["what"] == "looking down"
    assert 41.9 <= start.t <= 42.6
    assert drive.worst("fatigue") == 0


@at_every_rate
def test_a_lowered_head_with_open_eyes_is_a_distraction_and_no_nod(rate: float) -> None:
    drive = told(60, rate, lambda t: {"pose": (2.0, 24.0, 0.0)} if between(t, 40, 2.8) else {})
    assert {e.data["what"] for e in drive.started("distraction")} == {"looking down"}
    assert drive.last.parts["nods"] == 0


@at_every_rate
def test_short_glances_add_up(rate: float) -> None:
    def glances(t: float) -> dict[str, object]:
        return {"pose": (2.0, 24.0, 0.0)} if t > 30 and t % 4 < 1.5 else {}

    drive = told(90, rate, glances)
    (start,) = drive.started("distraction")
    assert (start.level, start.data["what"]) == (2, "looking away often")
    assert 58 < start.t < 66


@at_every_rate
def test_a_glance_at_the_instruments_is_no_distraction(rate: float) -> None:
    drive = told(60, rate, lambda t: {"pose": (2.0, 15.0, 0.0)} if between(t, 40, 1.5) else {})
    assert drive.kinds() == set()


@at_every_rate
@pytest.mark.parametrize("seen", [None, 0.7])
def test_a_head_that_sinks_with_shut_eyes_keeps_the_clock_running(rate: float, seen: float | None) -> None:
    """In the dark the lids of a sunk head read open, or cannot be read."""

    def sinks(t: float) -> dict[str, object]:
        if between(t, 40, 0.8):
            return shut(t, 40, 1)
        pitch = float(np.interp(t, (40.8, 41.4), (2, 34)))
        return {"eyes": 0.02 if t < 41.2 else seen, "lids": None, "pose": (2.0, pitch, 0.0)} if t < 47 else {}

    drive = told(70, rate, lambda t: sinks(t) if t >= 40 else {})
    levels = {e.level: e.t for e in reversed(drive.events) if e.kind == "eyes_closed" and e.phase != "end"}
    assert levels[4] == pytest.approx(46.0, abs=0.5)


@at_every_rate
def test_eyes_that_never_look_up_are_shut_in_the_end(rate: float) -> None:
    drive = told(60, rate, lambda t: {"eyes": 0.03, "lids": LOW_LIDS} if between(t, 40, 9) else {})
    assert drive.worst("eyes_closed") == 4


@at_every_rate
def test_blinks_alone_are_at_most_early_fatigue(rate: float) -> None:
    """Lids of a face that fills the picture seem shut for 0.4 s in each of many blinks."""
    drive = tell(240, rate, lambda t: {"eyes": blinking(t, every=1.2, length=0.4)}, CONFIG)
    assert drive.worst("fatigue") <= 1
    assert drive.last.perclos is not None
    assert drive.last.perclos > 0.2


@pytest.mark.parametrize(("rate", "unknown"), [(5.0, True), (10.0, False), (30.0, False)])
def test_the_length_of_blinks_is_unknown_where_frames_are_far_apart(rate: float, unknown: bool) -> None:
    drive = tell(150, rate, lambda t: {"eyes": blinking(t, every=2.5, length=0.9)} if t > 30 else {}, CONFIG)
    event = next(e for e in reversed(drive.events) if e.kind == "fatigue" and e.phase != "end")
    assert ("blinks" in event.data["unknown"]) == unknown
    assert event.data["plus_minus"]["perclos"] > 0
