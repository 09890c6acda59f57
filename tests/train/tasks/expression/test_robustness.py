"""The corruptions of a crop, and their counts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.faces.crop import CropSpec, crop
from train.data.datasets import Dataset
from train.tasks.expression import robustness
from train.tasks.expression.robustness import CORRUPTIONS, JITTERS, consistency, corruption_table, warp


def photograph() -> np.ndarray:
    """A smooth 800×800 picture: neither resampling nor the app's rounding to whole pixels matters."""
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (14, 14)).astype(np.uint8)
    return cv2.resize(small, (800, 800), interpolation=cv2.INTER_CUBIC)


@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(0.9, 1.1))
def test_a_warped_crop_equals_the_apps_crop_of_that_box(dx: float, dy: float, size: float) -> None:
    spec, image, side = CropSpec(shift_y=0.0), photograph(), 320.0
    before = crop(image, (240, 240, 560, 560), spec)
    cx, cy, half = 400 + dx * side, 400 + dy * side, side * size / 2
    app = crop(image, (cx - half, cy - half, cx + half, cy + half), spec)
    inner = slice(8, 40)  # beyond the crop's border the app sees more
    off = np.abs(warp(before, dx, dy, size).astype(int) - app)[inner, inner]
    assert off.mean() < 3


def test_roll_turns_the_head_clockwise() -> None:
    image = np.zeros((49, 49), np.uint8)
    image[4:10, 22:27] = 255  # a mark above the middle
    turned = warp(image, roll=90)
    assert turned[20:29, 38:46].mean() > 100
    assert turned[:12].mean() < 1


def test_nothing_moved_changes_nothing(drawn: Dataset) -> None:
    assert np.array_equal(warp(drawn.images[0]), drawn.images[0])


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_disturbance_keeps_the_shape_and_is_repeatable(drawn: Dataset, name: str) -> None:
    for change in CORRUPTIONS[name]:
        out = change(drawn.images[0])
        assert out.shape == (48, 48)
        assert out.dtype == np.uint8
        assert np.array_equal(out, change(drawn.images[0]))
        assert not np.array_equal(out, drawn.images[0])


def test_dark_is_darker_and_light_comes_from_its_side(drawn: Dataset) -> None:
    face = drawn.images[0]
    assert robustness.dark(face).mean() < 0.3 * face.mean()
    assert robustness.bright(face).mean() > face.mean()
    even = np.full((48, 48), 120, np.uint8)
    lit = robustness.side_light(even, right=True)
    assert lit[:, -1].mean() > 170 > 40 > lit[:, 0].mean()
    assert np.array_equal(robustness.side_light(even, right=False), lit[:, ::-1])


def test_a_reader_that_sees_only_brightness_loses_in_the_dark_alone() -> None:
    images = np.full((20, 48, 48), 120, np.uint8)
    images[10:] = 230
    truth = np.array([0] * 10 + [1] * 10)

    def read(image: np.ndarray) -> np.ndarray:
        return np.array([1.0, 0.0] if image.mean() < 175 else [0.0, 1.0], np.float32)

    table = corruption_table(read, images, truth, truth)
    assert table["n"] == 20
    assert table["kinds"]["dark"] == {"accuracy": 0.5, "lost": 50.0, "readings": 20}
    assert table["kinds"]["bright"]["lost"] == 50.0
    assert table["kinds"]["box shift 10 %"] == {"accuracy": 1.0, "lost": 0.0, "readings": 80}
    assert table["mean_lost"] == pytest.approx(np.mean([k["lost"] for k in table["kinds"].values()]), abs=0.01)


def test_consistency_counts_readings_and_faces_that_never_change() -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    images[0, :, :24] = 200  # the label hangs on where the edge is
    images[1] = 50

    def read(image: np.ndarray) -> np.ndarray:
        left = image[:, :24].mean() < 199 and image.max() > 100
        return np.array([0.0, 1.0] if left else [1.0, 0.0], np.float32)

    clean = np.array([int(read(i).argmax()) for i in images])
    figures = consistency(read, images, clean)
    assert figures["n"] == 2
    assert figures["boxes"] == len(JITTERS) == 10
    assert figures["always"] == 0.5
    assert 0.5 < figures["same"] < 1
