from __future__ import annotations

import numpy as np
import pytest

from monitor.outputs.drawing.chrome import ALBUM_KEYS, KEYS, TOAST_S, Status, Toast, dressed
from monitor.outputs.drawing.palette import PLATE, RECORDING
from monitor.outputs.drawing.pen import Pen
from tests.fakes import Clock


def canvas(width: int = 640, height: int = 480) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def test_nothing_to_show_leaves_the_shared_picture_as_it_is() -> None:
    image = canvas()
    image.setflags(write=False)
    assert dressed(image, Status()) is image
    assert dressed(image, Status(paused=True)) is not image


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (404, 720), (1280, 720)])
@pytest.mark.parametrize(
    "status",
    [
        Status(recording=True), Status(recording=True, blurred=True), Status(paused=True), Status(toast="saved x.png"),
        Status(line=("30.0 fps", "12 ms", "0 dropped")), Status(keys=KEYS), Status(keys=ALBUM_KEYS),
        Status(caption="3 / 19   " + "a very long name " * 20 + ".jpg"),
    ],
)  # fmt: skip
def test_every_mark_lies_within_the_picture(size: tuple[int, int], status: Status) -> None:
    out = dressed(canvas(*size), status)
    changed = np.argwhere((out != 90).any(axis=2))
    assert len(changed)
    assert changed[:, 0].min() > 0
    assert changed[:, 0].max() < size[1] - 1
    assert changed[:, 1].min() > 0
    assert changed[:, 1].max() < size[0] - 1


def test_the_recording_dot_is_red_at_the_upper_right() -> None:
    out = dressed(canvas(), Status(recording=True))
    red = np.argwhere((out == RECORDING).all(axis=2))
    assert red[:, 0].max() < 40
    assert red[:, 1].min() > 540


def test_help_is_opaque_and_its_columns_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    left: dict[str, int] = {}
    text = Pen.text

    def noted(pen: Pen, words: str, at: tuple[int, int], *rest: object) -> int:
        left[words] = at[0]
        return text(pen, words, at, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Pen, "text", noted)
    one, other = dressed(canvas(), Status(keys=KEYS)), dressed(canvas() + 100, Status(keys=KEYS))
    inside = (slice(180, 300), slice(260, 400))
    assert (one[inside] == other[inside]).all()  # nothing of the picture shines through
    assert (one[inside] == PLATE).any()
    assert len({left[key] for key, _ in KEYS}) == 1
    assert len({left[what] for _, what in KEYS}) == 1


def test_a_message_disappears_by_itself() -> None:
    clock = Clock(10.0)
    toast = Toast(clock)
    assert toast.text == ""
    toast.show("saved snapshot.png")
    clock.advance(TOAST_S - 0.1)
    assert toast.text == "saved snapshot.png"
    clock.advance(0.2)
    assert toast.text == ""
