"""The main thread with a window: what is left on the screen, and what ends it."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from monitor.run.views import linger, watch_window
from monitor.settings.config import Config
from tests.fakes import result


class Screen:
    """A window whose keys are scripted."""

    keys: ClassVar[list[str]] = []
    shown = 0

    def __init__(self, *_: object) -> None:
        type(self).shown = 0

    def show(self, image: object) -> None:
        type(self).shown += 1

    def key(self, wait_ms: int) -> str:
        return type(self).keys.pop(0)

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Worker, outputs, session, settings, stop and supervisor of a run whose worker is through with one picture."""
    monkeypatch.setattr("monitor.outputs.live.window.Window", Screen)
    done = threading.Event()
    done.set()
    worker = SimpleNamespace(
        done=done, latest=result(0.0), failed="", paused=threading.Event(), join=lambda seconds: True
    )
    outputs = SimpleNamespace(stats=SimpleNamespace(frames=1), video=SimpleNamespace(recording=False))
    stop = SimpleNamespace(asked=threading.Event())
    return [worker, outputs, None, Config(), stop, SimpleNamespace(tick=lambda: True, wrong=[])]


def look(parts: list[Any], stay: bool = False) -> Any:
    worker, outputs, session, config, stop, watch = parts
    return watch_window(worker, outputs, session, config, stop, watch, stay)


@pytest.mark.parametrize("key", ["q", "esc", "closed"])
def test_a_photograph_stays_until_somebody_quits(ended: list[Any], key: str) -> None:
    Screen.keys = ["", "", "", key]
    lasting = look(ended, stay=True)
    assert lasting is not None
    assert Screen.shown == 1
    window, picture = lasting
    linger(window, picture, ended[2], False, ended[4])
    assert Screen.keys == []
    ended[4].asked.set()
    linger(window, picture, ended[2], False, ended[4])  # told from outside: at once


def test_a_film_ends_by_itself_and_so_does_a_run_that_failed_or_was_ended(ended: list[Any]) -> None:
    Screen.keys = ["", "", "q"]
    assert look(ended) is None
    ended[0].failed = "no network"
    assert look(ended, stay=True) is None
    ended[0].failed = ""
    assert look(ended, stay=True) is None
    assert Screen.keys == []
    ended[0].latest = None
    assert look(ended, stay=True) is None
    assert Screen.shown == 0


def test_a_recording_that_the_disk_holds_up_can_be_switched_off(ended: list[Any]) -> None:
    asked: list[bool] = []
    ended[0].done.clear()
    ended[1].video = SimpleNamespace(recording=False, wanted=True, switch=asked.append)
    Screen.keys = ["r", "q"]
    look(ended)
    assert asked == [False]
