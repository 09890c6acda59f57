"""Faces on their side and upside down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emotion_monitor import Monitor
from monitor.capture import demo
from monitor.core.boxes import iou
from monitor.core.types import Frame, Image
from monitor.faces.quarters import back_box, turned_back
from monitor.networks.load import load
from monitor.run.assembly import build, for_photographs
from monitor.settings import config as configuration
from monitor.settings.config import Config, DetectConfig
from tests.crowd import HAPPY_S, group
from tests.fakes import keypoints_at

BOX = (116.0, 138.0, 288.0, 310.0)
"""The happy face of the demo at ``HAPPY_S``."""


@pytest.fixture(scope="module")
def monitor() -> Monitor:
    return Monitor()


def turned(picture: Image, quarters: int) -> Image:
    return np.ascontiguousarray(np.rot90(picture, quarters))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_box_and_points_of_a_turned_picture_come_back(quarters: int) -> None:
    image = np.zeros((300, 500, 3), np.uint8)
    image[40:60, 100:130] = 255
    there = np.argwhere(turned(image, quarters)[:, :, 0])
    (y1, x1), (y2, x2) = there.min(axis=0), there.max(axis=0) + 1
    assert back_box((x1, y1, x2, y2), quarters, image) == (100, 40, 130, 60)
    seen = turned_back(keypoints_at((x1, y1, x2, y2), roll=5.0), quarters, image)
    assert np.allclose(seen.points[0], (115, 50))
    assert float(seen.pose[2]) == {1: 95.0, 2: 185.0, 3: -85.0}[quarters]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_photograph_is_read_alike_whichever_way_it_lies(monitor: Monitor, quarters: int) -> None:
    picture = demo.render(HAPPY_S)
    (upright,) = monitor.read(picture)
    (face,) = monitor.read(turned(picture, quarters))
    there = back_box(face.box, quarters, picture) if quarters else face.box
    assert iou(there, upright.box) > 0.8
    assert face.label == "happy"
    assert face.pose is not None
    assert abs((face.pose[2] + 90 * quarters + 180) % 360 - 180) < 15


def test_a_picture_of_upright_people_gains_no_turned_ones(monitor: Monitor) -> None:
    assert len(monitor.read(group(6, 4))) == 24


def test_photographs_are_searched_turned_unless_that_is_switched_off() -> None:
    assert Config().detect.turned == "auto"
    assert for_photographs(Config()).detect.turned == "always"
    never = replace(Config(), detect=DetectConfig(turned="never"))
    assert for_photographs(never).detect.turned == "never"
    with Monitor(settings={"detect.turned": "never"}) as monitor:
        assert monitor.read(turned(demo.render(HAPPY_S), 2)) == []


def test_on_request_a_film_shows_somebody_upside_down_under_one_id() -> None:
    config = configuration.load(None, ["detect.turned=always"])[0]
    pipeline, picture = build(config, load(config)), turned(demo.render(HAPPY_S), 2)
    results = [pipeline.step(Frame(n, n / 10, 0.0, picture, "baby")) for n in range(40)]
    assert {face.id for result in results[3:] for face in result.faces} == {1}
    assert all(len(result.faces) == 1 for result in results[3:])
    assert results[-1].faces[0].label == "happy"
