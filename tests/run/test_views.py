"""The main thread with a window: what it shows, what its keys do, and what ends it."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from monitor.outputs.drawing.annotator import Annotator, Canvas
from monitor.outputs.live.album import Album
from monitor.run.views import Running, linger, watch_window
from monitor.settings.config import Config, DisplayConfig
from tests.fakes import face, result


class Screen:
    """A window whose keys are scripted."""

    keys: ClassVar[list[str]] = []
    pictures: ClassVar[list[Any]] = []

    def __init__(self, *_: object) -> None:
        type(self).pictures = []

    def show(self, image: object) -> None:
        type(self).pictures.append(image)

    def key(self, wait_ms: int) -> str:
        return type(self).keys.pop(0)

    def close(self) -> None:
        """Nothing to close."""


class Video:
    """A recording that is only switched."""

    def __init__(self, *, wanted: bool = False) -> None:
        self.wanted, self.recording = wanted, False

    def switch(self, *, on: bool) -> None:
        self.wanted = on


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Running:
    """A run whose worker is through with one picture."""
    monkeypatch.setattr("monitor.outputs.live.window.Window", Screen)
    done = threading.Event()
    done.set()
    latest = result(0.0, [face(1)], image=np.full((480, 640, 3), 90, np.uint8))
    worker: Any = SimpleNamespace(
        done=done, latest=latest, failed="", paused=threading.Event(), join=lambda seconds: True
    )
    outputs: Any = SimpleNamespace(
        stats=SimpleNamespace(frames=1), video=Video(), canvas=Canvas(Annotator(DisplayConfig()))
    )
    session: Any = SimpleNamespace(free_path=lambda name: tmp_path / name)
    stop: Any = SimpleNamespace(asked=threading.Event())
    watch: Any = SimpleNamespace(tick=lambda: True, wrong=[])
    return Running(worker, outputs, session, Config(), stop, watch)


def album_of(running: Running, count: int) -> Album:
    album = Album(DisplayConfig(), count)
    for n in range(count):
        album.handle(result(float(n), index=n, image=np.full((60, 80, 3), 20 * n, np.uint8)))
    return album


def level(picture: Any) -> int:
    return int(picture[2, 2, 0])


@pytest.mark.parametrize("key", ["q", "esc", "closed"])
def test_photographs_stay_until_the_user_quits(ended: Running, key: str) -> None:
    Screen.keys = ["", "", "", key]
    screen = watch_window(ended, album_of(ended, 1))
    assert screen is not None
    assert len(Screen.pictures) == 1
    linger(screen, ended.stop)
    assert Screen.keys == []
    ended.stop.asked.set()
    linger(screen, ended.stop)  # a stop from outside ends it at once


def test_photographs_are_turned_by_key(ended: Running) -> None:
    Screen.keys = ["", "n", " ", "n", "p", "p", "p", "q"]
    screen = watch_window(ended, album_of(ended, 3))
    assert screen is not None
    linger(screen, ended.stop)
    assert [level(picture) for picture in Screen.pictures] == pytest.approx([0, 20, 40, 20, 0], abs=2)


def test_a_film_ends_by_itself_and_so_does_a_run_that_failed_or_was_ended(ended: Running) -> None:
    Screen.keys = ["", "", "q"]
    assert watch_window(ended) is None
    ended.worker.failed = "no network"
    assert watch_window(ended, album_of(ended, 1)) is None
    ended.worker.failed = ""
    assert watch_window(ended, album_of(ended, 1)) is None
    assert Screen.keys == []
    ended.worker.latest = None  # type: ignore[misc]
    assert watch_window(ended) is None
    assert Screen.pictures == []


def test_a_picture_is_shown_once_and_again_after_a_key_that_changes_it(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["", "", "x", "o", "h", "i", "q"]
    watch_window(ended)
    assert len(Screen.pictures) == 4  # the first one, other details, help, status line


def test_details_cycle_from_calm_to_full_to_off(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["o", "o", "o", "q"]
    watch_window(ended)
    changed = [int((picture != 90).any(axis=2).sum()) for picture in Screen.pictures]
    assert changed[1] > changed[0] > changed[2] > 0  # off still shows the message
    assert len(changed) == 4


def test_a_recording_that_the_disk_holds_up_can_be_switched_off(ended: Running) -> None:
    ended.worker.done.clear()
    ended.outputs.video.switch(on=True)
    Screen.keys = ["r", "q"]
    watch_window(ended)
    assert not ended.outputs.video.wanted


def test_space_pauses_and_goes_on(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = [" ", "q"]
    watch_window(ended)
    assert ended.worker.paused.is_set()
    Screen.keys = [" ", "q"]
    watch_window(ended)
    assert not ended.worker.paused.is_set()


def test_a_snapshot_is_the_annotated_picture_without_the_windows_marks(ended: Running, tmp_path: Path) -> None:
    import cv2

    ended.worker.done.clear()
    Screen.keys = ["h", "s", "q"]
    watch_window(ended)
    saved = cv2.imread(str(tmp_path / "snapshot.png"))
    assert ended.worker.latest is not None
    assert saved is not None
    assert np.array_equal(saved, ended.outputs.canvas.picture(ended.worker.latest))


def test_with_blur_there_is_no_snapshot(ended: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from dataclasses import replace

    config = replace(ended.config, output=replace(ended.config.output, blur="faces"))
    ended.worker.done.clear()
    Screen.keys = ["s", "q"]
    watch_window(replace(ended, config=config))
    assert not list(tmp_path.iterdir())
    assert "no snapshot" in caplog.text


def test_what_is_wrong_is_shown_without_a_key(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["", "q"]
    watch_window(ended)
    plain = Screen.pictures[0]
    ended.watch.wrong.append("camera slow")
    Screen.keys = ["", "q"]
    watch_window(ended)
    assert (Screen.pictures[0] != plain).any()
