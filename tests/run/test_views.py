"""The main thread with a window: pictures, keys and the end."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Canvas
from monitor.outputs.live.album import Album
from monitor.run.running import Running
from monitor.run.views import AlbumScreen, linger, watch_window
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
        stats=SimpleNamespace(frames=1), video=Video(), canvas=Canvas(lambda: Annotator(DisplayConfig()))
    )
    session: Any = SimpleNamespace(free_path=lambda name: tmp_path / name)
    watch: Any = SimpleNamespace(wrong=[])
    return Running(worker, outputs, session, Config(), watch)


def watched(*running: Running, stop: Any = None, album: Album | None = None) -> AlbumScreen | None:
    """Watches cameras in the window until all workers are done."""
    stop = SimpleNamespace(asked=threading.Event()) if stop is None else stop
    return watch_window(
        lambda: running, lambda wait_s: not all(one.worker.done.is_set() for one in running), stop, album
    )


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
    screen = watched(ended, album=album_of(ended, 1))
    assert screen is not None
    assert len(Screen.pictures) == 1
    stop: Any = SimpleNamespace(asked=threading.Event())
    linger(screen, stop)
    assert Screen.keys == []
    stop.asked.set()
    linger(screen, stop)  # a stop from outside ends it at once


def test_photographs_are_turned_by_key(ended: Running) -> None:
    Screen.keys = ["", "n", " ", "n", "p", "p", "p", "q"]
    screen = watched(ended, album=album_of(ended, 3))
    assert screen is not None
    linger(screen, cast("Any", SimpleNamespace(asked=threading.Event())))
    assert [level(picture) for picture in Screen.pictures] == pytest.approx([0, 20, 40, 20, 0], abs=2)


def test_a_film_ends_by_itself_and_so_does_a_run_that_failed_or_was_ended(ended: Running) -> None:
    Screen.keys = ["", "", "q"]
    assert watched(ended) is None
    ended.worker.failed = "no network"
    assert watched(ended, album=album_of(ended, 1)) is None
    ended.worker.failed = ""
    assert watched(ended, album=album_of(ended, 1)) is None
    assert Screen.keys == []
    ended.worker.latest = None  # type: ignore[misc]
    assert watched(ended) is None
    assert Screen.pictures == []


def test_a_picture_is_shown_once_and_again_after_a_key_that_changes_it(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["", "", "x", "o", "h", "i", "q"]
    watched(ended)
    assert len(Screen.pictures) == 4  # the first one, other details, help, status line


def test_details_cycle_from_calm_to_full_to_off(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["o", "o", "o", "q"]
    watched(ended)
    changed = [int((picture != 90).any(axis=2).sum()) for picture in Screen.pictures]
    assert changed[1] > changed[0] > changed[2] > 0  # off still shows the message
    assert len(changed) == 4


def test_a_recording_that_the_disk_holds_up_can_be_switched_off(ended: Running) -> None:
    ended.worker.done.clear()
    ended.outputs.video.switch(on=True)
    Screen.keys = ["r", "q"]
    watched(ended)
    assert not ended.outputs.video.wanted


def test_space_pauses_and_continues(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = [" ", "q"]
    watched(ended)
    assert ended.worker.paused.is_set()
    Screen.keys = [" ", "q"]
    watched(ended)
    assert not ended.worker.paused.is_set()


def test_a_snapshot_is_the_annotated_picture_without_the_windows_marks(ended: Running, tmp_path: Path) -> None:
    import cv2

    ended.worker.done.clear()
    Screen.keys = ["h", "s", "q"]
    watched(ended)
    saved = cv2.imread(str(tmp_path / "snapshot.png"))
    assert ended.worker.latest is not None
    assert saved is not None
    assert np.array_equal(saved, ended.outputs.canvas.picture(ended.worker.latest))


def test_with_blur_there_is_no_snapshot(ended: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:

    config = replace(ended.config, output=replace(ended.config.output, blur="faces"))
    ended.worker.done.clear()
    Screen.keys = ["s", "q"]
    watched(ended._replace(config=config))
    assert not list(tmp_path.iterdir())
    assert "no snapshot" in caplog.text


def test_what_is_wrong_is_shown_without_a_key(ended: Running) -> None:
    ended.worker.done.clear()
    Screen.keys = ["", "q"]
    watched(ended)
    plain = Screen.pictures[0]
    ended.watch.wrong.append("camera slow")
    Screen.keys = ["", "q"]
    watched(ended)
    assert (Screen.pictures[0] != plain).any()


def camera(running: Running, name: str, gray: int) -> Running:
    """Another camera beside ``running``, with a picture of one gray level."""
    latest = result(0.0, image=np.full((480, 640, 3), gray, np.uint8))
    done = threading.Event()
    worker: Any = SimpleNamespace(done=done, latest=latest, failed="", paused=threading.Event())
    outputs: Any = SimpleNamespace(
        stats=SimpleNamespace(frames=1), video=Video(), canvas=Canvas(lambda: Annotator(DisplayConfig()))
    )
    return running._replace(worker=worker, outputs=outputs, name=name)


def test_several_cameras_are_tiled_and_a_number_shows_one(ended: Running) -> None:
    door, cab = camera(ended, "door", 40), camera(ended, "cab", 200)
    Screen.keys = ["", "2", "", "0", "q"]
    watched(door, cab)
    assert [picture.shape for picture in Screen.pictures] == [(720, 1280, 3), (480, 640, 3), (720, 1280, 3)]
    wall, alone, _ = Screen.pictures
    assert (int(wall[360, 320, 0]), int(wall[360, 960, 0]), int(alone[200, 320, 0])) == (40, 200, 200)


def test_keys_act_on_the_cameras_that_are_shown(ended: Running) -> None:
    door, cab = camera(ended, "door", 40), camera(ended, "cab", 200)
    Screen.keys = ["2", "r", "0", " ", "q"]
    watched(door, cab)
    assert (door.outputs.video.wanted, cab.outputs.video.wanted) == (False, True)
    assert door.worker.paused.is_set()
    assert cab.worker.paused.is_set()


def test_a_camera_that_joins_or_has_no_picture_yet_gets_its_tile(ended: Running) -> None:
    door, cab = camera(ended, "door", 40), camera(ended, "cab", 200)
    cab.worker.latest = None  # type: ignore[misc]
    joined = [door]
    turns = iter(range(5))

    def turn(wait_s: float) -> bool:
        if next(turns) == 1:
            joined.append(cab)
        return True

    Screen.keys = ["", "", "q"]
    watch_window(lambda: joined, turn, cast("Any", SimpleNamespace(asked=threading.Event())))
    assert [picture.shape for picture in Screen.pictures] == [(480, 640, 3), (720, 1280, 3)]
