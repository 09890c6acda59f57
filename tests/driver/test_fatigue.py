"""The fatigue score: points of each sign, and how the level rises and falls."""

from __future__ import annotations

import pytest

from monitor.core.driver_state import FATIGUE_LEVELS
from monitor.driver.closure import Eyes
from monitor.driver.evidence import Evidence
from monitor.driver.fatigue import CLOSURE, FALLS_S, Fatigue
from monitor.driver.moment import Moment
from monitor.settings.config import DriverConfig

CONFIG = DriverConfig()


def eyes(perclos: float | None = 0.0, blinks: float | None = 15.0, long: float = 0.0) -> Eyes:
    return Eyes(False, 0.0, perclos, blinks, long, None, known_s=60.0, slow_s=60.0 * (perclos or 0.0))


def moment(
    fatigue: Fatigue, t: float, seen: Eyes, closure: int = 0, yawned: bool = False, nodded: bool = False
) -> None:
    for pitch in (0.0, 20.0) if nodded else (0.0,):
        told = Moment(Evidence(t, 0.0, pose=(0.0, pitch, 0.0)), usual_blinks=15.0, eyes=seen)
        if nodded:
            told.eyes = seen._replace(closed_s=0.5)
        told.yawned = yawned and pitch == 0
        told.levels["eyes_closed"] = closure
        fatigue.update(told)


@pytest.mark.parametrize(
    ("perclos", "points"),
    [
        (0.6 * CONFIG.perclos_warn, 0.0),
        (0.8 * CONFIG.perclos_warn, 12.5),
        (CONFIG.perclos_warn, 25.0),
        (CONFIG.perclos_drowsy, 50.0),
        (2 * CONFIG.perclos_drowsy, 75.0),
        (1.0, 75.0),
    ],
)
def test_eyes_shut_so_much_of_the_time_are_worth_so_many_points(perclos: float, points: float) -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(perclos))
    assert fatigue.parts["perclos"] == pytest.approx(points)


def test_an_unknown_perclos_keeps_its_points() -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(CONFIG.perclos_warn))
    moment(fatigue, 0.1, eyes(None))
    assert fatigue.parts["perclos"] == pytest.approx(25.0)


def test_each_sign_counts_up_to_its_most() -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(long=2.0), yawned=True, nodded=True)
    assert fatigue.parts == pytest.approx({"perclos": 0, "blinks": 8, "yawns": 11, "nods": 8, "microsleeps": 0})
    for n in range(1, 9):
        moment(fatigue, n / 10, eyes(long=9.0), yawned=True, nodded=True)
    assert fatigue.parts["blinks"] == 20
    assert (fatigue.parts["yawns"], fatigue.parts["nods"]) == (33, 24)


@pytest.mark.parametrize(("rate", "points"), [(15, 0), (26, 0), (31.875, 5), (37.5, 10), (90, 10)])
def test_blinking_more_often_than_usual_counts_from_three_quarters_more(rate: float, points: float) -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(blinks=rate))
    assert fatigue.parts["blinks"] == pytest.approx(points, abs=0.05)


@pytest.mark.parametrize("closure", [1, 2, 3, 4])
def test_a_closure_counts_while_it_lasts_and_fades_afterwards(closure: int) -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(), closure)
    assert fatigue.parts["microsleeps"] == CLOSURE[closure]
    moment(fatigue, 0.1, eyes(), 0)
    assert fatigue.parts["microsleeps"] == pytest.approx(CLOSURE[closure], rel=0.01)
    moment(fatigue, 150.0, eyes(), 0)
    assert 0 < fatigue.parts["microsleeps"] < CLOSURE[closure]
    moment(fatigue, 301.0, eyes(), 0)
    assert fatigue.parts["microsleeps"] == 0


def test_the_level_rises_at_once_and_falls_step_by_step_after_a_while() -> None:
    fatigue = Fatigue(CONFIG)
    moment(fatigue, 0.0, eyes(2 * CONFIG.perclos_drowsy))
    assert FATIGUE_LEVELS[fatigue.level] == "danger"
    levels = []
    for n in range(1, 400):
        moment(fatigue, n / 10, eyes(0.0))
        levels.append((n / 10, fatigue.level))
    for k, level in enumerate((2, 1, 0), 1):
        first = next(t for t, shown in levels if shown == level)
        assert first == pytest.approx(k * FALLS_S, abs=0.3)
