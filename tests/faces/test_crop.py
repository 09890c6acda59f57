"""The one preprocessing: same bytes in training and app, no crash at any border."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.faces.crop import TIE, CropSpec, crop, evened, int8_table, quantised, shrunk, square, to_unit
from tests.fakes import picture

SPEC = CropSpec()


def test_a_whole_fer_picture_taken_as_its_own_crop_is_unchanged() -> None:
    image = picture(48, 48)[:, :, 0]
    exact = CropSpec(48, margin=0.0, shift_y=0.0)
    assert np.array_equal(crop(image, (0, 0, 48, 48), exact), image)


def test_gray_and_color_frames_give_the_same_bytes() -> None:
    color = np.repeat(picture(200, 150)[:, :, :1], 3, axis=2)
    box = (30.0, 20.0, 110.0, 100.0)
    assert np.array_equal(crop(color, box, SPEC), crop(np.ascontiguousarray(color[:, :, 0]), box, SPEC))


def test_the_crop_is_larger_than_the_box_and_sits_lower() -> None:
    left, top, side = square((100, 100, 200, 200), SPEC)
    assert side == round(100 * (1 + SPEC.margin))
    assert left + side / 2 == pytest.approx(150, abs=1)
    assert top + side / 2 == pytest.approx(153, abs=1)


def test_beyond_the_border_the_border_repeats() -> None:
    image = np.full((60, 60), 40, np.uint8)
    image[:, 0] = 200
    out = crop(image, (-30, 10, 10, 50), CropSpec(40, 0.0, 0.0))
    assert (out[:, :30] == 200).all()
    assert (out[:, 31:] == 40).all()


def test_the_crop_owns_its_pixels() -> None:
    image = picture(48, 48)[:, :, 0].copy()
    out = crop(image, (0, 0, 48, 48), CropSpec(48, 0.0, 0.0))
    assert not np.shares_memory(out, image)


def test_a_box_outside_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="does not touch"):
        crop(picture(), (1000, 1000, 1100, 1100), SPEC)


@given(
    st.floats(-50, 110), st.floats(-50, 90), st.floats(0.1, 400), st.floats(0.1, 400),
    st.integers(1, 100), st.integers(1, 80),
)  # fmt: skip
def test_every_box_that_touches_the_frame_gives_a_full_crop(
    x: float, y: float, w: float, h: float, width: int, height: int
) -> None:
    image = picture(width, height)
    try:
        out = crop(image, (x, y, x + w, y + h), SPEC)
    except ValueError:
        left, top, side = square((x, y, x + w, y + h), SPEC)
        assert left >= width or top >= height or left + side <= 0 or top + side <= 0
    else:
        assert out.shape == (48, 48)
        assert out.dtype == np.uint8
        assert out.min() >= image.min() - 1
        assert out.max() <= image.max() + 1


@given(st.floats(0.004, 0.02), st.integers(-20, 20))
def test_the_table_quantises_the_training_input(scale: float, zero: int) -> None:
    table = int8_table(scale, zero)
    levels = to_unit(np.arange(256, dtype=np.uint8))
    back = (table.astype(np.float64) - zero) * scale
    free = (table > -128) & (table < 127)
    assert np.abs(back - levels)[free].max(initial=0) <= scale * (0.5 + TIE) + 1e-6
    assert (np.diff(table.astype(int)) >= 0).all()


@pytest.mark.parametrize("scale", [1 / 127.5, 1.00000006 / 127.5, np.nextafter(1 / 127.5, 0), 0.007843137718737125])
def test_no_gray_level_is_lost_where_the_network_can_tell_them_all(scale: float) -> None:
    """The shipped networks' own scale: 255 steps from -1 to 1, every level half-way between two of them."""
    assert np.array_equal(int8_table(scale, -1), np.arange(256) - 128)


@pytest.mark.parametrize("roll", [-30.0, -10.0, 15.0, 40.0])
def test_a_tilted_face_is_cut_upright(roll: float) -> None:
    """A face-like pattern turned in the picture gives nearly the crop of the upright one."""
    upright = np.full((300, 300), 120, np.uint8)
    cv2.circle(upright, (130, 130), 10, 20, -1, cv2.LINE_AA)
    cv2.circle(upright, (170, 130), 10, 20, -1, cv2.LINE_AA)
    cv2.ellipse(upright, (150, 180), (25, 8), 0, 0, 360, 230, -1, cv2.LINE_AA)
    # cv2 turns anticlockwise for positive angles; roll counts clockwise.
    spec, box = CropSpec(48, 0.2, 0.0, align=True), (100.0, 100.0, 200.0, 200.0)
    tilted = cv2.warpAffine(upright, cv2.getRotationMatrix2D((149.5, 149.5), -roll, 1.0), (300, 300), borderValue=120)
    straight = crop(upright, box, spec)
    turned = crop(tilted.astype(np.uint8), box, spec, roll)
    assert turned.shape == (48, 48)
    assert np.abs(turned.astype(int) - straight).mean() < 4
    as_is = crop(tilted.astype(np.uint8), box, CropSpec(48, 0.2, 0.0), roll)
    assert np.abs(as_is.astype(int) - straight).mean() > 2 * np.abs(turned.astype(int) - straight).mean()


def test_an_upright_face_is_cut_byte_for_byte_the_same_with_and_without_alignment() -> None:
    image = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
    box = (50.0, 40.0, 150.0, 140.0)
    assert np.array_equal(crop(image, box, CropSpec(align=True), 1.5), crop(image, box, CropSpec()))


@pytest.mark.parametrize("side", [40, 56, 90, 150, 233, 700])
def test_shrinking_by_whole_multiples_looks_like_averaging_areas(side: int) -> None:
    image = cv2.GaussianBlur(picture(side, side), (0, 0), max(1.0, side / 60)).astype(np.uint8)
    ours = shrunk(image, 56)
    assert ours.shape == (56, 56)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    exact = cv2.resize(gray, (56, 56), interpolation=cv2.INTER_AREA if side >= 56 else cv2.INTER_LINEAR)
    assert np.abs(ours.astype(int) - exact).mean() < 2.5
    assert np.abs(shrunk(gray, 56).astype(int) - ours).max() <= 2, "in gray as in color"


def test_the_quantising_lookup_is_the_table() -> None:
    table = int8_table(0.0078, -3)
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(quantised(gray, table), table[gray])


@given(st.floats(0.6, 1.0), st.integers(0, 60), st.integers(0, 10_000))
def test_evened_crops_of_dim_and_bright_pictures_are_alike(contrast: float, brightness: int, seed: int) -> None:
    pixels = np.clip(np.random.default_rng(seed).normal(95, 30, (56, 56)), 20, 180).astype(np.uint8)
    other = (pixels * contrast + brightness).astype(np.uint8)
    assert np.abs(evened(pixels, 48).astype(int) - evened(other, 48)).mean() < 4


def test_evening_measures_the_middle_and_is_bounded() -> None:
    pixels = np.full((56, 56), 250, np.uint8)
    pixels[11:45, 11:45] = np.random.default_rng(0).normal(90, 20, (34, 34)).clip(0, 255).astype(np.uint8)
    out = evened(pixels, 48)
    assert out[11:45, 11:45].mean() == pytest.approx(128, abs=2)
    assert out[11:45, 11:45].std() == pytest.approx(48, abs=2)
    flat = np.random.default_rng(0).integers(99, 102, (56, 56)).astype(np.uint8)
    assert np.ptp(evened(flat, 48)) <= 6, "what is all but flat does not become noise"


def test_a_spec_without_contrast_leaves_gray_levels_alone() -> None:
    pixels = picture(48, 48)[:, :, 0].copy()
    assert evened(pixels, 0.0) is pixels
