from __future__ import annotations

import cv2
import numpy as np
import pytest

from monitor.core.driver_state import DriverState
from monitor.core.types import Box
from monitor.faces.detector import common_area
from monitor.outputs.drawing.overlay import Overlay, Status, _words
from monitor.outputs.drawing.pen import FONT, LEVEL_COLORS, WHITE, Pen
from monitor.outputs.live.lines import driver_text, headline
from monitor.settings.config import DisplayConfig
from tests.driver.stories import tell
from tests.fakes import face, picture, result


def canvas(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


@pytest.mark.parametrize(("width", "height"), [(480, 270), (640, 480), (1920, 1080), (3840, 2160), (476, 848)])
def test_readings_are_drawn_at_every_size_and_the_frame_stays_untouched(width: int, height: int) -> None:
    image = canvas(width, height)
    shown = result(0.0, [face(1, box=(width * 0.3, height * 0.3, width * 0.5, height * 0.6))], image=image)
    out = Overlay(DisplayConfig()).annotate(shown, Status(recording=True, help=True, paused=True))
    assert out.shape == image.shape
    assert (image == 90).all()
    assert (out != image).any()


@pytest.mark.parametrize(
    "box", [(-80, -80, 40, 40), (600, 440, 800, 700), (0, 0, 640, 480), (-500, -500, -400, -400), (5, 5, 6, 6)]
)
def test_a_box_beyond_the_border_is_survived(box: Box) -> None:
    for count in (1, 9):
        faces = [face(n + 1, box=box) for n in range(count)]
        out = Overlay(DisplayConfig()).annotate(result(0.0, faces, image=canvas(640, 480)), Status())
        assert out.shape == (480, 640, 3)
        assert (out != canvas(640, 480)).any()  # the panel is drawn all the same


def test_mirroring_mirrors_picture_and_box_but_not_the_text() -> None:
    image = canvas(640, 480)
    image[:, :320] = 30
    shown = result(0.0, [face(1, box=(50, 150, 150, 250))], image=image)
    plain = Overlay(DisplayConfig()).annotate(shown, Status())
    mirrored = Overlay(DisplayConfig(mirror=True)).annotate(shown, Status())
    assert mirrored[10, 600].tolist() == [30, 30, 30]
    green_plain = (np.abs(plain.astype(int) - (60, 210, 250)).sum(axis=2) < 12).any(axis=0)
    green_mirrored = (np.abs(mirrored.astype(int) - (60, 210, 250)).sum(axis=2) < 12).any(axis=0)
    assert green_plain[45:56].any()
    assert green_mirrored[485:496].any()
    # The status line stays at the lower left, readable.
    assert (mirrored[460:, :200] > 200).any()
    assert shown.faces[0].box == (50, 150, 150, 250)


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (3, 3), (4, 4), (5, 0)])
def test_up_to_four_faces_have_their_bars(monkeypatch: pytest.MonkeyPatch, count: int, panels: int) -> None:
    drawn: list[Box] = []
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.bars", lambda pen, spot, face: drawn.append(spot))
    faces = [face(n + 1, box=(60 + 370 * n, 300, 160 + 370 * n, 400)) for n in range(count)]
    Overlay(DisplayConfig()).annotate(result(0.0, faces, image=canvas(1920, 1080)), Status())
    assert len(drawn) == panels


def test_a_face_that_fills_the_picture_has_its_bars_in_a_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Box] = []
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.bars", lambda pen, spot, face: drawn.append(spot))
    Overlay(DisplayConfig()).annotate(result(0.0, [face(1, box=(40, 10, 560, 470))], image=canvas(640, 480)), Status())
    assert drawn[0][2] == 640  # the box leaves most room at the right
    assert drawn[0][1] >= 0
    assert drawn[0][3] <= 480


@pytest.mark.parametrize("box", [(250, 40, 520, 330), (140, 60, 500, 440), (300, 200, 420, 330)])
def test_a_drivers_gauges_hide_no_bars_and_no_label(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    drawn: list[Box] = []
    order: list[str] = []
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.bars", lambda pen, spot, face: drawn.append(spot))
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.tag", lambda *_: order.append("tag"))
    gauges = Pen.gauges

    def told(pen: Pen, state: DriverState) -> Box:
        order.append("gauges")
        drawn.append(gauges(pen, state))
        return drawn[0]

    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.gauges", told)
    driven = result(0.0, [face(1, box=box)], image=canvas(640, 480), driver=tell(20, 5.0).last)
    Overlay(DisplayConfig()).annotate(driven, Status())
    assert order == ["gauges", "tag"]
    assert len(drawn) == 2
    assert common_area(drawn[0], drawn[1]) == 0


@pytest.mark.parametrize(
    ("act", "second", "told", "grave"),
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
def test_the_headline_tells_what_is_gravest(act: dict[str, object], second: int, told: str, grave: int) -> None:
    state = tell(200, 10.0, lambda t: act if t >= 121 else {}).at(second)
    assert headline(state) == (told, grave)
    assert not grave or told in driver_text(state)
    pen = Pen(canvas(640, 480))
    assert pen.gauges(state)[2] >= pen.text_width(told) + 2 * pen.px(6)


def test_the_headline_of_somebody_who_cannot_be_judged() -> None:
    """In danger and gone: red. Behind a covered lens: no alarm that nobody knows to go on, and gray."""
    shut = tell(200, 10.0, lambda t: {"eyes": 0.02} if 121 <= t < 140 else {"present": False} if t >= 140 else {})
    gone, pen = shut.at(160), Pen(canvas(640, 480))
    assert headline(gone) == ("ALARM: absent", 3)
    drawn: list[tuple[int, int, int]] = []
    pen.text = lambda text, at, color, scale=1.0: drawn.append(color)  # type: ignore[method-assign]
    pen.gauges(gone)
    assert drawn[0] == LEVEL_COLORS["danger"]
    dark = tell(200, 10.0, lambda t: {"present": False, "picture": t < 140} if t >= 121 else {}).at(180)
    assert headline(dark) == ("cannot judge, last no fatigue", 0)


@pytest.mark.parametrize("box", [(60, 10, 260, 260), (-20, 5, 90, 120), (150, 20, 300, 200)])
def test_a_drivers_headline_is_covered_by_no_label(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    tags: list[Box] = []
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.tag", lambda pen, text, at, color: tags.append(at))
    state = tell(200, 10.0, lambda t: {"eyes": 0.02} if t >= 121 else {}).at(126)
    image = canvas(640, 480)
    Overlay(DisplayConfig()).annotate(result(0.0, [face(1, box=box)], image=image, driver=state), Status())
    assert common_area(tags[0], Pen(image).headline_box(state)) == 0


@pytest.mark.parametrize("size", [(600, 240), (160, 120), (180, 320), (1280, 720)])
def test_no_label_is_covered_and_no_bars_hide_what_they_are_about(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """Faces side by side that fill the picture, recorded: dot, labels, bars and status line keep apart."""
    width, height = size
    spots: list[Box] = []
    tags: list[Box] = []
    tag = Pen.tag
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.bars", lambda pen, spot, face: spots.append(spot))

    def tagged(pen: Pen, text: str, at: Box, color: tuple[int, int, int]) -> None:
        tags.append(at)
        tag(pen, text, at, color)

    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.tag", tagged)
    count = 3 if width > height else 1
    part = width / count
    faces = [face(n + 1, box=(part * (n + 0.1), height * 0.1, part * (n + 0.9), height * 0.95)) for n in range(count)]
    image = canvas(width, height)
    shown, status = result(0.0, faces, image=image), Status(30.0, recording=True)
    Overlay(DisplayConfig()).annotate(shown, status)
    pen = Pen(image)
    dot, line = pen.dot_box(False), pen.status_box(_words(shown, status))
    for spot in spots:
        assert all(common_area(spot, other) == 0 for other in (*tags, dot, line, *(s for s in spots if s is not spot)))
        own = min(faces, key=lambda f: -common_area(spot, f.box))
        assert common_area(spot, own.box) <= 0.4 * (own.box[2] - own.box[0]) * (own.box[3] - own.box[1]) + 1
    assert all(common_area(at, dot) == 0 for at in tags)
    assert len(tags) == count


def test_what_is_amiss_comes_first_where_there_is_no_room_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[str] = []
    monkeypatch.setattr("monitor.outputs.drawing.pen.Pen.text", lambda pen, text, *_: words.append(text))
    Overlay(DisplayConfig()).annotate(result(0.0, image=canvas(240, 320)), Status(wrong=("camera slow",)))
    assert words[0] == "camera slow"


def test_the_history_forgets_what_is_older_than_its_strip() -> None:
    overlay = Overlay(DisplayConfig(history_s=2.0))
    for n in range(100):
        overlay.annotate(result(n / 10, [face(1)], image=canvas(320, 240)), Status())
    assert len(overlay._history[1]) <= 22
    overlay.annotate(result(20.0, [], image=canvas(320, 240)), Status())
    assert not overlay._history


def test_switched_off_nothing_but_the_recording_dot_is_drawn() -> None:
    shown = result(0.0, [face(1)], image=canvas(640, 480))
    out = Overlay(DisplayConfig()).annotate(shown, Status(), overlay=False)
    assert (out == 90).all()
    assert (Overlay(DisplayConfig()).annotate(shown, Status(recording=True), overlay=False) != 90).any()


@pytest.mark.parametrize("at", [(40, 60), (-20, 10), (280, 60), (40, 3), (40, 130), (500, 500)])
def test_text_from_memory_looks_as_text_drawn_anew(at: tuple[int, int]) -> None:
    canvas = picture(320, 120)
    anew = canvas.copy()
    pen = Pen(canvas)
    for color, width in (((0, 0, 0), pen.px(1) + pen.px(1.4)), (WHITE, pen.px(1))):
        cv2.putText(anew, "surprise 87%", at, FONT, 0.45 * pen.unit, color, width, cv2.LINE_AA)
    for _ in range(2):
        drawn = Pen(picture(320, 120))
        drawn.text("surprise 87%", at, WHITE)
        off = np.abs(drawn.canvas.astype(int) - anew).max(axis=2) > 3  # rounded once more
        # OpenCV draws strokes that the picture's border cuts differently, along it and at their ends.
        assert off[2:-2, 2:-2].sum() <= (0 if at == (40, 60) else 12)


def test_the_history_strip_has_a_piece_for_each_spell_of_a_label_however_many_frames_it_lasts() -> None:
    overlay = Overlay(DisplayConfig(history_s=6))
    labels = ["happy"] * 90 + ["sad"] * 30 + ["happy"] * 60
    for n, label in enumerate(labels):
        out = overlay.annotate(result(n / 30, [face(1, label, (50, 50, 150, 150))], image=canvas(640, 480)), Status())
    assert [spell.label for spell in overlay._history[1]] == ["happy", "sad", "happy"]
    # 6 s are 116 px, now at the right: 2 s happy, 1 s sad, 3 s happy.
    band = out[144:151, 156:280].astype(int)
    happy, sad = (
        (np.abs(band - color).sum(axis=2) < 12).any(axis=0).sum() for color in ((60, 210, 250), (230, 140, 60))
    )
    assert 15 <= sad <= 22
    assert 93 <= happy <= 101


def test_what_left_the_strip_is_forgotten() -> None:
    overlay = Overlay(DisplayConfig(history_s=2))
    for n in range(300):
        label = "happy" if n // 15 % 2 else "sad"
        overlay.annotate(result(n / 30, [face(1, label)], image=canvas(640, 480)), Status())
    assert len(overlay._history[1]) <= 6
    overlay.annotate(result(13.0, [], image=canvas(640, 480)), Status())
    assert not overlay._history
