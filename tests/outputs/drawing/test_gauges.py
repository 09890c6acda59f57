from __future__ import annotations

import numpy as np
import pytest

from monitor.core.driver_state import DriverState
from monitor.core.labels import UNKNOWN
from monitor.core.types import Box
from monitor.outputs.drawing.gauges import DriverPanel, alarmed, gauges, headline_color, headline_words
from monitor.outputs.drawing.layout import common_area
from monitor.outputs.drawing.palette import COLORS, SEVERITY
from monitor.outputs.drawing.pen import Pen
from monitor.outputs.wording import driver_text, headline, severity
from monitor.settings.config import DriverConfig
from tests.driver.stories import after_two_minutes


def at(second: int, act: dict[str, object]) -> DriverState:
    return after_two_minutes(act, second)


@pytest.mark.parametrize(
    ("act", "second", "words", "grave"),
    [
        ({}, 100, "no fatigue, attentive", 0),
        ({"present": False}, 135, "ALARM: absent", 3),
        ({"pose": (60.0, 1.0, 0.0)}, 125, "notice: turned away", 1),
        ({"eyes": 0.02}, 123, "warning: eyes shut 2 s", 2),
        ({"eyes": 0.02}, 126, "ALARM: eyes shut 5 s", 3),
        ({"anger": 0.9}, 134, "ALARM: anger-like expression", 3),
        ({"eyes": None}, 125, "cannot judge, last no fatigue", 0),
    ],
)
def test_the_headline_is_the_most_severe_sign(act: dict[str, object], second: int, words: str, grave: int) -> None:
    state = at(second, act)
    assert headline(state) == (words, grave)
    assert not grave or words in driver_text(state)
    title, word = headline_words(state)
    assert (f"{word}: {title}" if word else title) == words
    assert alarmed(state) == (grave == 3)


@pytest.mark.parametrize(
    ("act", "second", "color"),
    [
        ({}, 100, SEVERITY[0]),
        ({"eyes": 0.02}, 123, SEVERITY[2]),
        ({"eyes": 0.02}, 126, SEVERITY[3]),
        ({"pose": (60.0, 1.0, 0.0)}, 122, SEVERITY[1]),  # away, too short for a notice
        ({"eyes": None}, 125, COLORS[UNKNOWN]),
        ({"present": False}, 160, SEVERITY[3]),
    ],
)
def test_the_color_is_the_worst_of_fatigue_and_attention(
    act: dict[str, object], second: int, color: tuple[int, int, int]
) -> None:
    assert headline_color(at(second, act)) == color


@pytest.mark.parametrize("second", [*range(118, 140), 150, 160])
@pytest.mark.parametrize("act", [{"eyes": 0.02}, {"eyes": 0.02, "happy": 0.9}, {"eyes": 0.02, "mouth": 0.9}])
def test_shut_eyes_are_never_green(act: dict[str, object], second: int) -> None:
    state = at(second, act)
    if state.attention != "attentive":
        worst = severity(state)
        assert worst is None or worst >= 1


def test_gauges_carry_words_and_their_thresholds() -> None:
    config = DriverConfig()
    rows = {row.name: row for row in gauges(at(126, {"eyes": 0.02}), config)}
    assert list(rows) == ["eyes", "PERCLOS", "mouth", "fatigue"]
    assert rows["eyes"].word.startswith("shut 5.")
    assert rows["eyes"].ticks == (config.closed,)
    assert rows["PERCLOS"].ticks == pytest.approx((config.perclos_warn / 0.3, config.perclos_drowsy / 0.3))
    assert rows["fatigue"].ticks == (0.25, 0.5, 0.75)
    unseen = {row.name: row for row in gauges(at(125, {"eyes": None, "mouth": None}), config)}
    assert unseen["eyes"].share is None
    assert unseen["eyes"].word == "not visible"
    assert unseen["mouth"].word == "not visible"


@pytest.mark.parametrize("size", [(320, 240), (404, 720), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("second", [5, 100, 126])
def test_the_headline_is_the_largest_text_and_all_of_it_is_in_the_picture(size: tuple[int, int], second: int) -> None:
    pen = Pen(np.full((size[1], size[0], 3), 90, np.uint8))
    sizes: dict[str, int] = {}
    text = pen.text

    def noted(words: str, spot: tuple[int, int], color: object = None, style: object = None) -> int:
        sizes[words] = (style or pen.body).x_height  # type: ignore[attr-defined]
        assert spot[0] >= 0
        assert spot[1] <= size[1]
        width = text(words, spot, color, style)  # type: ignore[arg-type]
        assert spot[0] + width <= size[0]
        return width

    pen.text = noted  # type: ignore[method-assign, assignment]
    state = at(second, {"eyes": 0.02})
    spots = DriverPanel(DriverConfig()).draw(pen, state)
    assert common_area(*spots) == 0
    title = headline_words(state)[0]
    assert sizes[title] == max(sizes.values())
    assert sum(size == sizes[title] for size in sizes.values()) == 1


@pytest.mark.parametrize(
    ("face", "corner"),
    [((400.0, 250.0, 520.0, 400.0), (True, True)), ((60.0, 60.0, 250.0, 250.0), (False, True)),
     ((150.0, 20.0, 480.0, 230.0), (True, False))],
)  # fmt: skip
def test_the_panel_takes_a_corner_that_hides_no_face(face: Box, corner: tuple[bool, bool]) -> None:
    pen = Pen(np.full((480, 640, 3), 90, np.uint8))
    spots = DriverPanel(DriverConfig()).draw(pen, at(5, {}), [face], 440)
    assert (spots[0][0] < 100, spots[0][1] < 100) == corner
    assert max(common_area(spot, face) for spot in spots) == 0
    assert max(spot[3] for spot in spots) <= 440
