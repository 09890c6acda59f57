"""Stories of sunglasses, masks and hands: what they hide is unknown, what they leave is judged, at three rates."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.driver.cover import STAYS_S
from monitor.driver.hidden_yawn import HAND_S
from monitor.settings.config import DriverConfig
from tests.driver.stories import RATES, Act, Drive, awake, between, tell

at_every_rate = pytest.mark.parametrize("rate", RATES)
CONFIG = DriverConfig(calibrate_s=20)
GLASSES: dict[str, object] = {"eyes": None, "covered": "upper", "anger": None, "happy": None}
MASK: dict[str, object] = {"mouth": None, "covered": "lower", "anger": None, "happy": None}


def ahead(t: float) -> tuple[float, float]:
    pose = awake(t)["pose"]
    assert isinstance(pose, tuple)
    return float(pose[0]), float(pose[1])


def lowered(t: float, start: float, length: float, deg: float, sinks: float = 0.6) -> dict[str, object]:
    """A head that sinks within ``sinks`` seconds, stays for ``length`` and rises again."""
    yaw, pitch = ahead(t)
    share = float(np.interp(t, (start, start + sinks, start + sinks + length, start + sinks + length + 0.4),
                            (0, 1, 1, 0)))  # fmt: skip
    return {"pose": (yaw, pitch + deg * share, 0.0)} if share else {}


def told(seconds: float, rate: float, act: Act) -> Drive:
    return tell(seconds, rate, act, CONFIG)


@at_every_rate
def test_sunglasses_are_told_at_once_and_only_once(rate: float) -> None:
    """Put on after 40 s; a look aside, in which covers are not read, changes nothing."""

    def story(t: float) -> dict[str, object]:
        if t < 40:
            return {}
        aside = {"covered": "", "pose": (30.0, 0.0, 0.0)} if between(t, 60, 1.5) else {}
        return GLASSES | aside

    drive = told(90, rate, story)
    (start,) = drive.started("cannot_judge")
    assert start.t == pytest.approx(40 + STAYS_S, abs=0.3)
    assert start.data["what"] == "eyes are covered"
    assert drive.at(80).attention == "cannot judge"
    assert drive.kinds() == {"cannot_judge"}


@at_every_rate
def test_what_is_read_of_eyes_behind_sunglasses_does_not_count(rate: float) -> None:
    drive = told(80, rate, lambda t: {**GLASSES, "eyes": 0.05} if t >= 40 else {})
    assert drive.kinds() == {"cannot_judge"}
    assert drive.last.eyes is None


@at_every_rate
def test_a_hand_over_the_eyes_for_a_moment_is_nothing(rate: float) -> None:
    drive = told(80, rate, lambda t: GLASSES if between(t, 40, 1.4) else {})
    assert drive.kinds() == set()


@at_every_rate
def test_taken_off_sunglasses_end_it(rate: float) -> None:
    drive = told(80, rate, lambda t: GLASSES if between(t, 40, 20) else {})
    (end,) = drive.ended("cannot_judge")
    assert end.t == pytest.approx(60.5, abs=1.2)
    assert drive.last.attention == "attentive"


@at_every_rate
@pytest.mark.parametrize("sinks", [0.6, 3.0])
def test_a_head_that_sinks_behind_sunglasses_is_told(rate: float, sinks: float) -> None:
    drive = told(80, rate, lambda t: GLASSES | lowered(t, 50, 7.5, 20, sinks))
    (start,) = drive.started("head_droops")
    assert start.level == 2
    assert 52.5 < start.t < 57.5
    assert drive.worst("head_droops") == 3
    assert start.data["what"] == "head hangs, eyes not seen"
    assert drive.worst("eyes_closed") == 0


@at_every_rate
def test_nods_behind_sunglasses_are_told_when_they_repeat(rate: float) -> None:
    def nods(count: int) -> Act:
        return lambda t: GLASSES | lowered(t, 40 + 8 * int((t - 40) / 8), 0.6, 20, 0.5) if 40 <= t < 40 + 8 * count \
            else dict(GLASSES)  # fmt: skip

    assert told(80, rate, nods(2)).worst("head_droops") == 0
    drive = told(80, rate, nods(4))
    assert drive.worst("head_droops") == 1
    assert drive.started("head_droops")[0].data["what"] == "head nods, eyes not seen"


@at_every_rate
@pytest.mark.parametrize(("deg", "length"), [(12.0, 5.0), (22.0, 1.5)])
def test_glances_at_the_instruments_behind_sunglasses_are_no_sleep(rate: float, deg: float, length: float) -> None:
    drive = told(80, rate, lambda t: GLASSES | lowered(t, 50, length, deg))
    assert drive.worst("head_droops") == 0


@at_every_rate
def test_a_lowered_head_whose_eyes_were_seen_is_no_droop(rate: float) -> None:
    """A look at the lap hides the eyes; it is a distraction."""
    drive = told(80, rate, lambda t: {"eyes": None, **lowered(t, 50, 4, 24)} if between(t, 50, 5) else {})
    assert drive.worst("head_droops") == 0
    assert drive.worst("distraction") == 1


@at_every_rate
def test_a_masked_driver_is_judged_by_the_eyes(rate: float) -> None:
    drive = told(90, rate, lambda t: {**MASK, **({"eyes": 0.02} if between(t, 60, 3.5) else {})})
    assert drive.worst("eyes_closed") == 3
    (start,) = drive.started("eyes_closed")
    assert start.t == pytest.approx(61, abs=0.3)
    assert drive.worst("cannot_judge") == 0
    assert drive.last.yawns == 0


@at_every_rate
@pytest.mark.parametrize("bare", [0.3, 1.5])
def test_a_mask_that_is_not_seen_for_a_moment_excuses_no_closure(rate: float, bare: float) -> None:
    """After a look aside the mask is found again just as the eyes shut."""

    def story(t: float) -> dict[str, object]:
        turned = {"covered": "", "mouth": 0.03, "pose": (28.0, 0.0, 0.0)} if between(t, 60 - bare, bare) else {}
        return {**MASK, **turned, **({"eyes": 0.02} if between(t, 60.2, 3.5) else {})}

    drive = told(90, rate, story)
    assert drive.worst("eyes_closed") == 3
    assert drive.started("eyes_closed")[0].t == pytest.approx(61.2, abs=0.4)


def behind_a_hand(t: float, start: float, shut: float, hand: float, *, mouth: float = 0.45) -> dict[str, object]:
    """A mouth that opens, a hand that comes 0.4 s later for ``hand`` seconds, eyes shut from then on."""
    opening = {"mouth": float(np.interp(t - start, (0, 0.4), (0.03, mouth)))} if between(t, start, 0.4) else {}
    covered = MASK if between(t, start + 0.4, hand) else {}
    return {**opening, **covered, **({"eyes": 0.03} if between(t, start + 0.5, shut) else {})}


@at_every_rate
@pytest.mark.parametrize("shut", [3.0, 7.0])
def test_a_yawn_behind_a_hand_is_a_yawn(rate: float, shut: float) -> None:
    drive = told(90, rate, lambda t: behind_a_hand(t, 60, shut, shut + 0.5))
    (yawn,) = drive.started("yawn")
    assert yawn.data["what"] == "yawn, mouth covered"
    assert drive.worst("eyes_closed") == 0
    assert drive.worst("anger_like") == 0
    assert drive.worst("distraction") == 0
    assert drive.last.yawns == 1


@at_every_rate
def test_a_hand_that_is_found_as_the_eyes_shut_explains_nothing(rate: float) -> None:
    """No mouth was seen to open: the hand may have been there all along."""
    drive = told(90, rate, lambda t: behind_a_hand(t, 60, 3.5, 4, mouth=0.03))
    assert drive.worst("eyes_closed") == 3
    assert drive.started("eyes_closed")[0].t == pytest.approx(61.5, abs=0.3)
    assert drive.last.yawns == 0


@at_every_rate
def test_eyes_that_stay_shut_behind_a_hand_sleep(rate: float) -> None:
    drive = told(90, rate, lambda t: behind_a_hand(t, 60, 12, 13))
    (start,) = drive.started("eyes_closed")
    assert start.t == pytest.approx(60.4 + HAND_S, abs=0.3)
    assert start.level == 4
    (end,) = drive.ended("eyes_closed")
    assert end.data["duration_s"] == pytest.approx(12, abs=0.4)


@at_every_rate
def test_eyes_that_stay_shut_after_the_hand_is_gone_sleep(rate: float) -> None:
    drive = told(90, rate, lambda t: behind_a_hand(t, 60, 8, 3))
    assert drive.worst("eyes_closed") >= 3
    assert drive.started("eyes_closed")[0].t < 66


@at_every_rate
@pytest.mark.parametrize("before", [2.0, -4.0])
def test_a_closure_that_does_not_begin_with_the_hand_is_sleep(rate: float, before: float) -> None:
    """Shut 2 s before the hand comes, or 4 s after it came to rest there."""

    def story(t: float) -> dict[str, object]:
        return {**(MASK if between(t, 60, 12) else {}), **({"eyes": 0.03} if between(t, 60 - before, 4) else {})}

    drive = told(90, rate, story)
    assert drive.worst("eyes_closed") == 3
    assert drive.started("eyes_closed")[0].t == pytest.approx(61 - before, abs=0.4)


@at_every_rate
def test_a_head_that_sinks_behind_the_hand_sleeps(rate: float) -> None:
    drive = told(90, rate, lambda t: behind_a_hand(t, 60, 6, 6.5) | lowered(t, 61.5, 5, 14))
    assert drive.worst("eyes_closed") >= 3
    assert drive.started("eyes_closed")[0].t < 63.2


@at_every_rate
def test_a_hand_before_the_mouth_of_an_awake_driver_is_nothing(rate: float) -> None:
    drive = told(90, rate, lambda t: MASK if t % 30 > 20 else {})
    assert drive.kinds() == set()
