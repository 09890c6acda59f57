"""The window: it fits the screen, and closing it is no failure."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from monitor.outputs.live.window import Window


class Toolkit:
    """Stands in for OpenCV's window functions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.closed = self.destroyed = False
        for name in ("namedWindow", "imshow"):
            monkeypatch.setattr(cv2, name, lambda *_: None)
        monkeypatch.setattr(cv2, "resizeWindow", lambda _, width, height: self.sizes.append((width, height)))
        monkeypatch.setattr(cv2, "waitKeyEx", lambda _: -1)
        monkeypatch.setattr(cv2, "waitKey", lambda _: -1)
        monkeypatch.setattr(cv2, "getWindowProperty", self.visible)
        monkeypatch.setattr(cv2, "destroyAllWindows", self.destroy)

    def visible(self, *_: object) -> float:
        if self.closed:
            raise cv2.error("NULL guiReceiver")  # as the Qt build does once its last window is gone
        return 1.0

    def destroy(self) -> None:
        self.destroyed = True


@pytest.mark.parametrize(
    ("size", "shown"),
    [((640, 480), (640, 480)), ((1080, 1920), (405, 720)), ((3840, 2160), (1280, 720)), ((3000, 10), (1280, 4))],
)
def test_too_large_a_picture_is_shrunk_in_proportion(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    toolkit = Toolkit(monkeypatch)
    Window(1280, 720).show(np.zeros((size[1], size[0], 3), np.uint8))
    assert toolkit.sizes == [shown]


def test_closing_the_window_is_reported_and_nothing_more_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    toolkit, window, picture = Toolkit(monkeypatch), Window(1280, 720), np.zeros((48, 64, 3), np.uint8)
    window.show(picture)
    assert window.key(1) == ""
    toolkit.closed = True
    assert window.key(1) == "closed"
    window.show(picture)
    window.close()
    assert len(toolkit.sizes) == 1
    assert not toolkit.destroyed
