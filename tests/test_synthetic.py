"""The synthetic driver: its truth is exact, and the judgement finds it in one short drive of each kind."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import synthetic_driver as synthetic
from benchmarks.synthetic_camera import CAMERAS, Camera
from benchmarks.synthetic_conditions import CONDITIONS
from benchmarks.synthetic_script import Act, Body, blink, closure, glance, yawn
from monitor.settings.config import Config

RATE = 10.0


def body_at(act: Act, t: float) -> Body:
    return act.move(t - act.start, Body())


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_a_closure_is_shut_exactly_in_its_interval() -> None:
    act = closure(10.0, 2.0, rng())
    assert act.shut is not None
    start, end = (10.0 + s for s in act.shut)
    assert end - start == pytest.approx(2.0)
    assert all(body_at(act, t).lids < 0.01 for t in np.linspace(start, end, 9))
    assert body_at(act, start - 0.2).lids > 0.05
    assert body_at(act, end + 0.5).lids == pytest.approx(1.0)


def test_a_blink_is_shorter_than_half_a_second() -> None:
    act = blink(1.0, rng())
    low = [t for t in np.arange(0.9, 2.0, 0.01) if body_at(act, t).lids < 0.2]
    assert 0 < len(low) * 0.01 < 0.3


def test_a_hand_before_a_yawn_hides_the_mouth_from_the_camera() -> None:
    act = yawn(0.0, rng(), 3.0, shuts=True, hand=True)
    body = body_at(act, 2.5)
    assert body.hand
    seen = Camera(CAMERAS["clear"], rng()).see(2.5, body)
    assert (seen.mouth, seen.covered) == (None, "lower")


def test_a_glance_down_keeps_the_lids_apart_though_the_eyes_read_shut() -> None:
    camera, act = Camera(CAMERAS["clear"], rng()), glance(0.0, 3.0, rng())
    ahead, down = camera.see(0.0, Body()), camera.see(1.5, body_at(act, 1.5))
    assert ahead.lids is not None and down.lids is not None and down.eyes is not None  # noqa: PT018
    assert 0.4 < down.lids / ahead.lids < 0.85
    assert down.eyes < 0.6


def tally(name: str, monkeypatch: pytest.MonkeyPatch, seconds: float = 150.0) -> synthetic.Tally:
    monkeypatch.setattr(synthetic, "DRIVE_S", seconds)
    script, camera, _ = CONDITIONS[name]
    result, source = synthetic.Tally(), np.random.default_rng(2)
    result.add(*synthetic.drive(script, Camera(CAMERAS[camera], source), RATE, Config(), source), seconds)
    return result


def test_a_sleepy_drivers_closures_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tally("sleepy", monkeypatch)
    for kind in ("closure", "microsleep"):
        found, every = seen.found[kind]
        assert found == every > 0


@pytest.mark.parametrize("name", ["awake", "phone, head lowered and turned", "song, shut eyes at times"])
def test_an_awake_driver_raises_no_microsleep(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = tally(name, monkeypatch)
    assert seen.false["microsleep"] == 0
    assert max(seen.fatigue) <= 1


def test_sunglasses_are_told_within_three_seconds_and_a_hanging_head_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = tally("sunglasses, head sinks", monkeypatch)
    assert seen.first_s == pytest.approx(2.0, abs=1.0)
    assert seen.told == 1, "once, not after each turn of the head"
    found, every = seen.found["droop"]
    assert found == every > 0
    assert seen.false["droop"] == 0


def test_a_yawn_behind_a_hand_is_a_yawn_and_a_doze_behind_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    yawns = tally("yawns behind a hand", monkeypatch)
    found, every = yawns.found["yawn"]
    assert found == every > 0
    assert yawns.false["microsleep"] == 0
    for name in ("sleepy, hand before the mouth", "sleepy, mask"):
        seen = tally(name, monkeypatch)
        found, every = seen.found["microsleep"]
        assert found == every > 0


def test_a_row_has_a_cell_for_each_column() -> None:
    seen = synthetic.Tally(hours=0.1, fatigue=[0])
    assert seen.row("x").count("|") == len(synthetic.HEAD) + 1
