"""The drawn driver moves what the script moves, and the fits of anger and fatigue do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import anger_fit, fatigue_fit
from benchmarks.degradations import DEGRADED
from benchmarks.rendered_driver import RATE, SCENES, Drawn, Scene
from benchmarks.rendered_head import Painter, Person
from benchmarks.synthetic_conditions import CONDITIONS
from benchmarks.synthetic_script import Body
from monitor.cli.intervals import Interval
from monitor.core.types import Image

PERSON = Person(0, 200, 320.0, 230.0)
EYES, MOUTH = (slice(190, 225), slice(250, 390)), (slice(265, 330), slice(270, 370))


def changed(before: Image, after: Image, where: tuple[slice, slice]) -> float:
    """Mean change of a part of the picture in gray levels."""
    return float(np.abs(after[where].astype(int) - before[where].astype(int)).mean())


@pytest.mark.parametrize(
    ("body", "moves", "stays"),
    [
        (Body(lids=0.0), EYES, MOUTH), (Body(gaze=1.0), EYES, MOUTH), (Body(mouth=0.8), MOUTH, EYES),
        (Body(hand=True), MOUTH, EYES),
    ],
)  # fmt: skip
def test_each_movement_changes_its_part_of_the_face(
    body: Body, moves: tuple[slice, slice], stays: tuple[slice, slice]
) -> None:
    painter = Painter(PERSON)
    before, after = painter.paint(Body()), painter.paint(body)
    assert changed(before, after, moves) > 4
    assert changed(before, after, stays) < 0.5


@pytest.mark.parametrize(("wears", "hidden", "free"), [("mask", MOUTH, EYES), ("sunglasses", EYES, MOUTH)])
def test_what_is_worn_hides_its_half(wears: str, hidden: tuple[slice, slice], free: tuple[slice, slice]) -> None:
    bare, worn = Painter(PERSON).paint(Body()), Painter(replace(PERSON, wears=wears)).paint(Body())
    assert changed(bare, worn, hidden) > 20
    assert changed(bare, worn, free) < 5


def test_a_drive_gives_the_same_pictures_again() -> None:
    def pictures() -> list[Image]:
        drawn = Drawn(Scene("awake"), 0.3, np.random.default_rng(3))
        return [frame.image for frame in iter(drawn.read, None)]

    first, second = pictures(), pictures()
    assert len(first) == round(0.3 * RATE)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_each_scene_plays_a_known_script_in_a_known_light() -> None:
    assert {scene.script for scene in SCENES.values()} <= set(CONDITIONS)
    assert {scene.light for scene in SCENES.values()} <= set(DEGRADED)


def test_the_wanted_level_follows_the_labels_of_five_minutes() -> None:
    sleep = [Interval(10.0 * n, 10.0 * n + 2, "eyes_closed") for n in range(1, 4)]
    assert [fatigue_fit.wanted(sleep[:n], 50) for n in range(4)] == [0, 1, 2, 3]
    assert fatigue_fit.wanted(sleep, 400) == 0
    yawns = [Interval(10.0 * n, 10.0 * n + 5, "yawn") for n in range(1, 5)]
    assert [fatigue_fit.wanted(yawns[:n], 50) for n in (3, 4)] == [0, 1]


def test_the_fit_raises_a_part_that_tells_too_little() -> None:
    level = np.array([0] * 50 + [1] * 50)
    yawns = np.where(level[:, None] == 1, [0, 0, 20.0, 0, 0], 0.0)
    factors = fatigue_fit.fit([fatigue_fit.Samples(yawns, level, level)])
    assert 25 < 20 * factors[2] < 50
    assert factors[0] == pytest.approx(1, abs=0.01), "nothing tells about perclos"


def test_the_threshold_of_anger_is_the_lowest_silent_one_and_a_margin() -> None:
    loud = {at: int(at < 0.5) for at in anger_fit.THRESHOLDS}
    silent = dict.fromkeys(anger_fit.THRESHOLDS, 0)
    assert anger_fit.fitted([silent, loud]) == pytest.approx(0.5 + anger_fit.MARGIN)
    assert anger_fit.fitted([silent]) == pytest.approx(anger_fit.THRESHOLDS[0] + anger_fit.MARGIN)
