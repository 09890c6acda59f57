"""A camera that is mounted on its side or upside down."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pytest

from monitor.capture import demo
from monitor.core.types import Frame, Image, Result
from monitor.networks.load import load
from monitor.run.assembly import build
from monitor.run.mounting import AGREE, EAGER_S, LOOK_S, RARELY_S, Mounting
from monitor.run.stepper import Stepper
from monitor.settings import config as configuration
from tests.crowd import HAPPY_S
from tests.fakes import Clock, face, result


class Scene:
    """Counts the looks; shows faces for one turn, or none."""

    def __init__(self, quarters: int = 0) -> None:
        self.quarters, self.looks = quarters, 0

    def __call__(self, image: Image) -> Mapping[int, int]:
        self.looks += 1
        return {self.quarters: 1} if self.quarters else {}


def played(mounting: Mounting, seconds: float, *, faces: int = 0, start: float = 0.0) -> Result:
    """Results at 10 Hz."""
    made = result(start, [])
    for n in range(round(seconds * 10)):
        made = result(start + n / 10, [face(1)] * faces)
        mounting.learn(made)
    return made


@pytest.mark.parametrize(("quarters", "degrees"), [(1, 270), (2, 180), (3, 90)])
def test_three_agreeing_looks_turn_the_pictures_and_say_so(
    quarters: int, degrees: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "monitor")
    mounting = Mounting(Scene(quarters))
    made = played(mounting, 10)
    assert (mounting.degrees, mounting.settled) == (degrees, True)
    assert [f"source.rotate={degrees}" in record.getMessage() for record in caplog.records] == [True]
    wide = np.zeros((40, 60, 3), np.uint8)
    frame = Frame(0, 0.0, 0.0, wide, made.frame.source)
    assert mounting.upright(frame).size == ((60, 40) if degrees == 180 else (40, 60))


def test_upright_faces_end_the_search_for_good() -> None:
    scene = Scene(2)
    mounting = Mounting(scene)
    played(mounting, AGREE * LOOK_S + 1, faces=1)
    assert mounting.settled
    played(mounting, 20, start=10)
    assert (scene.looks, mounting.degrees) == (0, 0)


def test_a_room_without_people_is_looked_at_rarely_after_ten_seconds() -> None:
    scene = Scene()
    mounting = Mounting(scene)
    played(mounting, EAGER_S)
    first = scene.looks
    assert first == pytest.approx(EAGER_S / LOOK_S, abs=2)
    played(mounting, 60, start=EAGER_S)
    assert scene.looks - first == pytest.approx(60 / RARELY_S, abs=2)
    scene.quarters = 1
    played(mounting, RARELY_S + AGREE * LOOK_S + 1, start=EAGER_S + 60)
    assert mounting.degrees == 270, "somebody comes later"


def test_looks_that_contradict_one_another_turn_nothing() -> None:
    scene = Scene(1)
    mounting = Mounting(scene)
    for n in range(20):
        scene.quarters = 1 + n % 2
        mounting.learn(result(n * LOOK_S, []))
    assert not mounting.settled


@pytest.mark.parametrize(("quarters", "degrees"), [(1, 90), (2, 180), (3, 270), (0, 0)])
def test_a_live_run_turns_the_pictures_of_a_turned_camera_within_ten_seconds(quarters: int, degrees: int) -> None:
    """The camera turns the room counter-clockwise; the run turns it back."""
    config = configuration.load(None, [])[0]
    pipeline, room = build(config, load(config)), demo.render(HAPPY_S)
    stepper = Stepper(pipeline, live=True, clock=Clock())
    stepper.mounting = mounting = Mounting(pipeline.turned_faces)
    picture = np.ascontiguousarray(np.rot90(room, quarters))
    for n in range(60):
        last = stepper.step(Frame(n, n / 10, 0.0, picture, "camera"), 0)
    assert (mounting.degrees, mounting.settled) == (degrees, True)
    assert np.array_equal(last.frame.image, room)
    assert [found.label for found in last.faces] == ["happy"]
