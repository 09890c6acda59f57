from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.core.labels import EMOTIONS, UNKNOWN
from monitor.outputs.drawing.palette import (
    AA_GRAPHICS,
    AA_TEXT,
    COLORS,
    INK,
    MUTED,
    PLATE,
    SEVERITY,
    TRACK,
    Color,
    contrast,
    text_on,
)
from monitor.outputs.drawing.pen import PLATE_OPACITY

LEAST_APART = 15.0
"""CIE76 distance; about 2.3 is just noticeable. Colors of neighbouring areas never touch without a word beside them."""
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB."""


def linear(color: Color) -> NDArray[np.float64]:
    v = np.array(color[::-1]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def over(picture: int, plate: Color = PLATE) -> Color:
    """A plate before a picture of one gray."""
    b, g, r = (round(PLATE_OPACITY * v + (1 - PLATE_OPACITY) * picture) for v in plate)
    return b, g, r


def test_every_label_has_a_color() -> None:
    assert set(COLORS) == {*EMOTIONS, UNKNOWN}


@pytest.mark.parametrize("vision", VISION)
def test_the_colors_stay_apart_for_the_colour_blind(vision: str) -> None:
    for group in (list(COLORS.items()), list(enumerate(SEVERITY))):
        for (a, one), (b, other) in itertools.combinations(group, 2):
            apart = np.linalg.norm(lab(VISION[vision] @ linear(one)) - lab(VISION[vision] @ linear(other)))
            assert apart >= LEAST_APART, f"{a} and {b}: {apart:.1f}"


@pytest.mark.parametrize("name", COLORS)
def test_a_label_is_readable_on_its_pill(name: str) -> None:
    assert contrast(text_on(COLORS[name]), COLORS[name]) >= AA_TEXT


@pytest.mark.parametrize("level", range(4))
def test_a_drivers_headline_is_readable(level: int) -> None:
    assert contrast(text_on(SEVERITY[level]), SEVERITY[level]) >= AA_TEXT


@pytest.mark.parametrize("picture", [0, 128, 255])
def test_text_on_a_plate_is_readable_before_dark_and_light_pictures(picture: int) -> None:
    assert contrast(INK, over(picture)) >= AA_TEXT
    assert contrast(MUTED, over(picture)) >= AA_TEXT


@pytest.mark.parametrize("name", EMOTIONS)
def test_a_bar_stands_out_from_its_empty_part(name: str) -> None:
    assert contrast(COLORS[name], TRACK) >= AA_GRAPHICS
