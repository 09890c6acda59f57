from __future__ import annotations

import numpy as np
import pytest

from monitor.capture import demo, demo_art
from monitor.core.labels import EMOTIONS


def test_the_same_instant_gives_the_same_picture() -> None:
    assert np.array_equal(demo.render(13.3), demo.render(13.3))


@pytest.mark.parametrize("t", [0.0, 0.6, 1.0, 8.2, 9.0, 18.7, 19.9, 22.0, 23.96])
def test_people_slide_in_and_out_without_a_crash(t: float) -> None:
    image = demo.render(t)
    assert image.shape == (480, 640, 3)
    assert image.dtype == np.uint8


def test_faces_appear_and_disappear_one_by_one() -> None:
    assert [len(demo.shown_expressions(t)) for t in (0.2, 6.0, 12.0, 23.5)] == [0, 1, 2, 0]


def test_six_expressions_are_shown() -> None:
    seen = {label for t in np.arange(0, 24, 0.1) for label in demo.shown_expressions(float(t)).values()}
    assert seen == set(EMOTIONS) - {"fear"}


def test_it_ends_once_and_loops_on_request() -> None:
    source = demo.DemoSource()
    source._index = source.frames - 1
    assert source.read() is not None
    assert source.read() is None
    looped = demo.DemoSource(loop=True)
    looped._index = 10_000
    frame = looped.read()
    assert frame is not None
    assert frame.t == pytest.approx(400)


def test_the_faces_fit_in_the_package() -> None:
    assert demo_art.SHEET.stat().st_size < 400_000
