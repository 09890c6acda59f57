from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.outputs.drawing import typeface
from monitor.outputs.drawing.sprite import rounded, written
from monitor.outputs.drawing.typeface import BOLD, LEAST_PX, MEDIUM, load, mask, style, width


@given(st.floats(1, 200))
def test_no_text_is_smaller_than_twelve_pixels(em: float) -> None:
    chosen, weight = style(em), load(MEDIUM)
    assert chosen.x_height * weight.em / weight.x_height >= LEAST_PX


def test_letters_stand_on_the_baseline_and_reach_their_height() -> None:
    for em in (12, 15, 24, 60):
        chosen = style(em)
        rows = np.flatnonzero((mask("xxzz", chosen) > 100).any(axis=1))
        assert (rows[0], rows[-1]) == (chosen.above - chosen.x_height, chosen.above - 1)
        capital = np.flatnonzero((mask("HE", chosen) > 100).any(axis=1))
        assert capital[-1] - capital[0] + 1 == pytest.approx(chosen.cap, abs=1)


def test_edges_are_smooth() -> None:
    levels = np.unique(mask("surprise 87%", style(14)))
    assert len(levels) > 20


@given(st.text(max_size=40))
def test_any_text_has_a_width_and_a_picture(text: str) -> None:
    chosen = style(13)
    assert mask(text, chosen).shape == (chosen.above + chosen.below, max(1, width(text, chosen)))


def test_letters_without_a_glyph_become_their_base_letter() -> None:
    assert typeface.known("Čapek 中 photo.jpg") == "Capek ? photo.jpg"
    assert typeface.known("Müller é ß … –") == "Müller é ß … –"


def test_a_text_is_as_wide_as_its_letters() -> None:
    chosen = style(16)
    assert width("happy", chosen) + width(" 87%", chosen) == pytest.approx(width("happy 87%", chosen), abs=1)
    assert width("", chosen) == 0


def test_a_missing_atlas_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(typeface, "FOLDER", tmp_path)
    load.cache_clear()
    try:
        with pytest.raises(ConfigError, match="reinstall the program"):
            load(BOLD)
    finally:
        load.cache_clear()


@pytest.mark.parametrize("at", [(-30, -8), (300, 5), (5, 110), (500, 500), (20, 20)])
def test_a_sprite_is_cut_off_at_the_border(at: tuple[int, int]) -> None:
    canvas = np.full((120, 320, 3), 90, np.uint8)
    written("surprise 87%", (255, 255, 255), style(14)).onto(canvas, *at)
    assert canvas.shape == (120, 320, 3)
    assert (canvas != 90).any() == (at != (500, 500))


def test_a_round_corner_is_open_and_the_middle_full() -> None:
    corner = rounded(40, 20, 10)
    assert corner[0, 0] == 0
    assert corner[10, 20] == 255
    assert 0 < corner[3, 3] < 255 or corner[3, 3] == 255
