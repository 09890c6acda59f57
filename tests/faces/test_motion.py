"""Where a picture has changed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.faces.motion import MotionGate
from tests.fakes import picture


def test_all_of_it_at_first_and_after_another_size() -> None:
    gate = MotionGate()
    assert gate.changed(picture(), []) == (0, 0, 640, 480)
    gate.searched(picture())
    assert gate.changed(picture(), []) is None
    assert gate.changed(picture(320, 240), []) == (0, 0, 320, 240)
    gate.forget()
    assert gate.changed(picture(), []) == (0, 0, 640, 480)


def test_a_noisy_camera_at_rest_does_not_change() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((480, 640, 3), 60, np.float64)
    gate = MotionGate()
    for n in range(20):
        noisy = np.clip(flat + rng.normal(0, 8, flat.shape), 0, 255).astype(np.uint8)
        if n:
            assert gate.changed(noisy, []) is None
        else:
            gate.searched(noisy)


@given(st.integers(0, 560), st.integers(0, 400), st.integers(40, 80))
def test_a_face_that_appears_lies_within_the_part_that_changed(x: int, y: int, size: int) -> None:
    before = np.full((480, 640, 3), 120, np.uint8)
    after = before.copy()
    after[y : y + size, x : x + size] = 170
    gate = MotionGate()
    gate.searched(before)
    part = gate.changed(after, [])
    assert part is not None
    low, high = (part[0], part[1]), (part[2], part[3])
    assert low[0] <= x
    assert low[1] <= y
    assert high[0] >= min(640, x + size)
    assert high[1] >= min(480, y + size)
    assert 0 <= part[0] < part[2] <= 640
    assert 0 <= part[1] < part[3] <= 480


@given(st.integers(1, 300), st.integers(1, 300))
def test_any_size_of_picture_will_do(width: int, height: int) -> None:
    gate = MotionGate()
    image = np.full((height, width, 3), 100, np.uint8)
    gate.searched(image)
    assert gate.changed(image, [(-50.0, -50.0, 10.0, 10.0), (1e5, 1e5, 2e5, 2e5)]) is None
