from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.driver_state import DriverState
from monitor.core.types import Box, Image, Result
from monitor.outputs.drawing import annotator as module
from monitor.outputs.drawing import bars as face_bars
from monitor.outputs.drawing import layout
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import DETAILS, Canvas, Detail, configured
from monitor.outputs.drawing.layout import common_area
from monitor.outputs.drawing.palette import COLORS, SEVERITY, Color
from monitor.outputs.drawing.pen import Pen
from monitor.outputs.drawing.typeface import LEAST_PX, MEDIUM, Style, load
from monitor.settings.config import DisplayConfig
from tests.driver.stories import after_two_minutes
from tests.fakes import face, keypoints_at, result

SIZES = [(320, 240), (480, 270), (640, 480), (404, 720), (1280, 720), (1920, 1080), (3840, 2160), (160, 120)]


def canvas(width: int = 640, height: int = 480, gray: int = 90) -> Image:
    return np.full((height, width, 3), gray, np.uint8)


def drawn(shown: Result, detail: Detail = "calm", **config: object) -> Image:
    return Annotator(DisplayConfig(**config)).annotate(shown, detail)  # type: ignore[arg-type]


def has(image: Image, color: Color) -> bool:
    return bool((np.abs(image.astype(int) - color).sum(axis=-1) < 6).any())


@pytest.fixture
def spots(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Box]]:
    """Where labels, bars and plates are drawn."""
    found: dict[str, list[Box]] = {"labels": [], "bars": []}
    label, bars = layout.label_spot, face_bars.bars

    def noted(*args: object) -> Box:
        found["labels"].append(label(*args))  # type: ignore[arg-type]
        return found["labels"][-1]

    def barred(pen: Pen, spot: Box, *rest: object) -> None:
        found["bars"].append(spot)
        bars(pen, spot, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "label_spot", noted)
    monkeypatch.setattr(module, "bars", barred)
    return found


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("detail", DETAILS)
def test_readings_are_drawn_at_every_size_on_a_copy(width: int, height: int, detail: Detail) -> None:
    image = canvas(width, height)
    image.setflags(write=False)
    shown = result(0.0, [face(1, box=(width * 0.3, height * 0.3, width * 0.5, height * 0.6))], image=image)
    out = drawn(shown, detail)
    assert out.shape == image.shape
    assert (image == 90).all()
    assert (out != image).any() == (detail != "off")


@pytest.mark.parametrize(("width", "height"), [*SIZES, (4000, 300), (300, 2000)])
def test_no_text_is_below_twelve_pixels_on_the_screen(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    config = DisplayConfig()
    styles: list[Style] = []
    text = Pen.text

    def noted(pen: Pen, words: str, at: tuple[int, int], color: Color = (0, 0, 0), style: Style | None = None) -> int:
        styles.append(style or pen.body)
        return text(pen, words, at, color, style)

    monkeypatch.setattr(Pen, "text", noted)
    state = after_two_minutes({"eyes": 0.02}, 126)
    box = (width * 0.3, height * 0.3, width * 0.6, height * 0.7)
    drawn(result(0.0, [face(1, box=box)], image=canvas(width, height), driver=state), "full")
    shrunk = min(1.0, config.max_width / width, config.max_height / height)
    weight = load(MEDIUM)
    assert styles
    assert min(s.x_height for s in styles) * weight.em / weight.x_height * shrunk >= LEAST_PX * 0.99


@pytest.mark.parametrize(
    "box", [(-80, -80, 40, 40), (600, 440, 800, 700), (0, 0, 640, 480), (-500, -500, -400, -400), (5, 5, 6, 6)]
)
@pytest.mark.parametrize("count", [1, 9])
def test_a_box_beyond_the_border_is_survived(box: Box, count: int) -> None:
    out = drawn(result(0.0, [face(n + 1, box=box) for n in range(count)], image=canvas()), "full")
    assert out.shape == (480, 640, 3)
    assert (out != canvas()).any()


def test_mirroring_mirrors_picture_and_brackets_and_leaves_the_result_alone() -> None:
    image = canvas()
    image[:, :320] = 30
    shown = result(0.0, [face(1, box=(50, 150, 150, 250))], image=image)
    plain, mirrored = drawn(shown), drawn(shown, mirror=True)
    assert mirrored[10, 600].tolist() == [30, 30, 30]
    assert has(plain[148:180, 46:60], COLORS["happy"])
    assert has(mirrored[148:180, 580:594], COLORS["happy"])
    assert not has(mirrored[148:180, 46:60], COLORS["happy"])
    assert shown.faces[0].box == (50, 150, 150, 250)


@pytest.mark.parametrize(("count", "panels"), [(1, 1), (3, 3), (4, 4), (5, 0)])
@pytest.mark.parametrize("detail", ["calm", "full"])
def test_up_to_four_faces_have_their_bars_and_a_crowd_only_labels(
    spots: dict[str, list[Box]], count: int, panels: int, detail: Detail
) -> None:
    faces = [face(n + 1, box=(60 + 370 * n, 300, 260 + 370 * n, 500)) for n in range(count)]
    drawn(result(0.0, faces, image=canvas(1920, 1080)), detail)
    assert len(spots["bars"]) == panels
    assert len(spots["labels"]) == count


def test_a_small_face_gets_its_label_only(spots: dict[str, list[Box]]) -> None:
    drawn(result(0.0, [face(1, box=(300, 200, 340, 240))], image=canvas()), "full")
    assert spots["bars"] == []


def test_a_face_never_read_has_no_bars(spots: dict[str, list[Box]]) -> None:
    drawn(result(0.0, [face(1, "unknown", known=False)], image=canvas()), "full")
    assert spots["bars"] == []


@pytest.mark.parametrize("size", [(600, 240), (640, 480), (404, 720), (1280, 720)])
def test_labels_and_bars_keep_apart_and_hide_no_face(spots: dict[str, list[Box]], size: tuple[int, int]) -> None:
    """Faces side by side that fill the picture."""
    width, height = size
    count = 3 if width > height else 1
    part = width / count
    faces = [face(n + 1, box=(part * (n + 0.1), height * 0.1, part * (n + 0.9), height * 0.95)) for n in range(count)]
    drawn(result(0.0, faces, image=canvas(width, height)), "full")
    placed = [*spots["bars"], *spots["labels"]]
    for number, spot in enumerate(placed):
        assert 0 <= spot[0] <= spot[2] <= width
        assert 0 <= spot[1] <= spot[3] <= height
        assert all(common_area(spot, other) == 0 for other in placed[number + 1 :])
    for spot in spots["bars"]:
        own = min(faces, key=lambda f: -common_area(spot, f.box))
        assert common_area(spot, own.box) <= 0.4 * (own.box[2] - own.box[0]) * (own.box[3] - own.box[1]) + 1


@given(
    st.lists(st.tuples(st.floats(-200, 900), st.floats(-200, 700), st.floats(1, 600)), max_size=9),
    st.sampled_from([(320, 240), (640, 480), (404, 720)]),
    st.sampled_from(["calm", "full"]),
)
def test_any_faces_can_be_drawn(
    places: list[tuple[float, float, float]], size: tuple[int, int], detail: Detail
) -> None:
    faces = [
        face(n + 1, "happy" if n % 3 else "unknown", box=(x, y, x + s, y + s)) for n, (x, y, s) in enumerate(places)
    ]
    assert drawn(result(0.0, faces, image=canvas(*size)), detail).shape == (size[1], size[0], 3)


def test_a_minute_of_readings_becomes_a_ribbon() -> None:
    annotator = Annotator(DisplayConfig())
    for n in range(300):
        shown = result(n / 10, [face(1, "happy" if n < 200 else "sad", (200, 100, 300, 200))], image=canvas())
        out = annotator.annotate(shown)
    band = out[-24:-4]
    assert has(band[:, 330:450], COLORS["happy"])
    assert has(band[:, 580:], COLORS["sad"])
    assert not has(band[:, :300], COLORS["happy"])


def test_keypoints_are_drawn_on_request() -> None:
    box = (200.0, 100.0, 300.0, 200.0)
    shown = result(0.0, [face(1, box=box, keypoints=keypoints_at(box))], image=canvas())
    assert (drawn(shown, keypoints=True)[150, 250] > 200).all()
    assert (drawn(shown)[150, 250] == 90).all()


def alarm(second: int, act: dict[str, object]) -> DriverState:
    return after_two_minutes(act, second)


def test_an_alarm_frames_the_whole_picture() -> None:
    state = alarm(126, {"eyes": 0.02})
    out = drawn(result(0.0, [], image=canvas(), driver=state))
    for edge in (out[1], out[-2], out[:, 1], out[:, -2]):
        assert (edge == SEVERITY[3]).all()
    calm = drawn(result(0.0, [], image=canvas(), driver=alarm(100, {})))
    assert not has(calm, SEVERITY[3])


def test_a_drivers_face_has_bars_only_in_full_detail(spots: dict[str, list[Box]]) -> None:
    shown = result(0.0, [face(1, box=(250, 240, 420, 410))], image=canvas(), driver=alarm(100, {}))
    drawn(shown)
    assert spots["bars"] == []
    drawn(shown, "full")
    assert len(spots["bars"]) == 1


def test_one_drawing_serves_all_consumers() -> None:
    drawings: list[Result] = []

    class Counting(Annotator):
        def annotate(self, result: Result, detail: Detail = "calm") -> Image:
            drawings.append(result)
            return super().annotate(result, detail)

    shared = Canvas(lambda: Counting(DisplayConfig()))
    first, second = result(0.0, [face(1)], image=canvas()), result(0.1, [face(1)], image=canvas())
    pictures: list[Image] = []
    threads = [threading.Thread(target=lambda: pictures.append(shared.picture(first))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawings) == 1
    assert all(picture is pictures[0] for picture in pictures)
    assert not pictures[0].flags.writeable
    shared.picture(second)
    shared.picture(first)
    shared.picture(first, "full")
    assert len(drawings) == 3


@pytest.mark.parametrize(
    ("overlay", "detail", "wanted"), [(True, "calm", "calm"), (True, "full", "full"), (False, "full", "off")]
)
def test_the_settings_choose_the_detail(overlay: bool, detail: str, wanted: Detail) -> None:
    assert configured(DisplayConfig(overlay=overlay, detail=detail)) == wanted
