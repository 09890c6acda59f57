from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop, middle_levels
from monitor.faces.quality import AS_IT_IS, quality, visibility
from tests.fakes import keypoints_at

BOX = (120.0, 130.0, 310.0, 320.0)


@pytest.fixture
def good() -> Image:
    return crop(demo.render(5.0), BOX, CropSpec())


def test_a_large_sharp_well_lit_face_gets_full_marks(good: Image) -> None:
    assert quality(good, BOX) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: cv2.GaussianBlur(g, (0, 0), 3),
        lambda g: (g * 0.08).astype(np.uint8),
        lambda g: (215 + g * 0.15).astype(np.uint8),
        lambda g: np.full_like(g, 128),
    ],
    ids=["blurred", "dark", "bright", "flat"],
)
def test_a_spoilt_picture_gets_less(good: Image, spoil) -> None:  # type: ignore[no-untyped-def]
    assert quality(spoil(good), BOX) < 0.6


def test_a_dim_face_is_as_good_as_a_bright_one_for_a_network_that_sees_it_evened(good: Image) -> None:
    dim = (good * 0.3).astype(np.uint8)
    assert quality(dim, BOX) == pytest.approx(1.0)
    assert quality(dim, BOX, light=AS_IT_IS) < 0.5


def test_noise_in_little_light_is_no_sharpness(good: Image) -> None:
    rng = np.random.default_rng(0)
    blurred = cv2.GaussianBlur(good, (0, 0), 3)
    for share in (0.3, 1.0):
        noisy = (blurred * share + rng.normal(0, 0.5, good.shape) + 0.5).clip(0, 255).astype(np.uint8)
        assert quality(noisy, BOX) < 0.6


def test_a_face_in_the_dark_before_a_bright_window_is_dark(good: Image) -> None:
    window = np.full_like(good, 230)
    window[6:42, 6:42] = (good[6:42, 6:42] * 0.05).astype(np.uint8)
    assert quality(window, BOX) < 0.1


def test_a_small_face_gets_less(good: Image) -> None:
    assert quality(good, (0, 0, 20, 20)) == pytest.approx(20 / 64, abs=0.01)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_pictures_get_nothing(level: int) -> None:
    assert quality(np.full((48, 48), level, np.uint8), BOX) == 0.0


@pytest.mark.parametrize(("yaw", "share"), [(0, 1), (30, 1), (-30, 1), (37.5, 0.5), (-37.5, 0.5), (45, 0), (60, 0)])
def test_a_head_turned_aside_shows_less_and_less_of_its_expression(yaw: float, share: float) -> None:
    assert visibility((yaw, 0.0, 0.0), None) == pytest.approx(share)


@pytest.mark.parametrize(
    ("pitch", "share"), [(0, 1), (25, 1), (-25, 1), (35, 0.5), (-35, 0.5), (45, 0), (-45, 0), (70, 0)]
)
def test_a_raised_chin_and_a_sunken_head_show_less_of_their_expression(pitch: float, share: float) -> None:
    assert visibility((0.0, pitch, 0.0), None) == pytest.approx(share)


def test_a_head_both_turned_and_lowered_is_read_less_than_one_that_is_only_turned() -> None:
    assert visibility((37.5, 35.0, 0.0), None) == pytest.approx(0.25)


@pytest.mark.parametrize(("presence", "share"), [(0.3, 0), (0.4, 0), (0.55, 0.5), (0.7, 1), (0.99, 1)])
def test_a_face_that_is_hardly_one_is_hardly_read(presence: float, share: float) -> None:
    keypoints = dataclasses.replace(keypoints_at(BOX), presence=presence)
    assert visibility(None, keypoints) == pytest.approx(share)


@pytest.mark.parametrize(("mean", "share"), [(199, 1), (212.5, 0.5), (226, 0)])
def test_too_bright_begins_where_light_parts_are_lost(good: Image, mean: float, share: float) -> None:
    level = middle_levels(good)[0]
    wide = np.clip(0.3 * (good.astype(np.float32) - level) + mean, 0, 255).round().astype(np.uint8)
    assert quality(wide, BOX) == pytest.approx(share, abs=0.06)
