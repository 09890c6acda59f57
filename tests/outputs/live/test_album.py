from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.outputs.live.album import Album, fitted
from monitor.settings.config import DisplayConfig
from tests.fakes import face, keypoints_at, result


def photograph(name: str, width: int = 640, height: int = 480, index: int = 0) -> object:
    box = (width * 0.25, height * 0.25, width * 0.5, height * 0.5)
    shown = result(
        float(index), [face(1, box=box, keypoints=keypoints_at(box))], index, np.full((height, width, 3), 90, np.uint8)
    )
    return replace(shown, frame=replace(shown.frame, file=name))


def test_each_photograph_has_its_name_and_number() -> None:
    album = Album(DisplayConfig(), 3)
    for index, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        album.handle(photograph(name, index=index))  # type: ignore[arg-type]
    assert len(album) == 3
    picture, caption = album.picture(1, "calm")
    assert caption == "2 / 3   b.jpg"
    assert (picture != 90).any()
    assert np.abs(album.picture(1, "off")[0].astype(int) - 90).max() <= 2


def test_a_single_photograph_has_no_number() -> None:
    album = Album(DisplayConfig(), 1)
    album.handle(photograph("me.jpg"))  # type: ignore[arg-type]
    assert album.picture(0, "calm")[1] == "me.jpg"


def test_a_large_photograph_is_kept_at_the_windows_size_with_its_faces() -> None:
    shown = photograph("a.jpg", 4000, 3000)
    small = fitted(shown, 1280, 720)  # type: ignore[arg-type]
    assert small.frame.image.shape == (720, 960, 3)
    assert small.faces[0].box == pytest.approx((240, 180, 480, 360))
    assert small.faces[0].keypoints is not None
    assert small.faces[0].keypoints.points[0] == pytest.approx((360, 270))


def test_memory_is_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.outputs.live.album.MOST_BYTES", 20_000)
    album = Album(DisplayConfig(), 0)
    for index in range(50):
        album.handle(photograph(f"{index}.jpg", index=index))  # type: ignore[arg-type]
    assert 0 < len(album) < 50
    assert album.picture(len(album) - 1, "off")[1] == "50 / 50   49.jpg"
