"""A camera that hangs, stalls, freezes or disappears is abandoned, reported and reopened; no other thread waits for
it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from monitor.capture import reopening
from monitor.capture.devicethread import DeviceThread
from monitor.capture.reopening import HUNG_S, MOST_HUNG
from monitor.core.errors import SourceError
from monitor.core.types import Frame
from tests.capture.stories import PATIENCE_S, Story
from tests.fakes import ScriptedSource, frame


class Single(ScriptedSource):
    """A camera that gives one picture at once, and no other."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked_again = threading.Event()
        self._given = False

    def read(self) -> Frame | None:
        if self._given:
            self.asked_again.set()
            return None
        self._given = True
        return frame(0.0)


def test_a_picture_that_is_there_before_the_thread_has_started_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Single()

    def started(*how: Any) -> DeviceThread:
        thread = DeviceThread(*how)
        camera.asked_again.wait(0.2)  # time in which the thread could give its picture away
        return thread

    monkeypatch.setattr(reopening, "DeviceThread", started)
    grabber = reopening.Grabber(camera, lambda: camera, reopening.Tolerance(5.0, 10.0, 10.0, 60.0))
    grabber.start()
    assert grabber.box.take(PATIENCE_S) is not None
    grabber.stop()


def test_a_read_that_hangs_is_left_and_the_camera_opened_again(make: Callable[..., Story]) -> None:
    story = make()
    assert story.picture() is not None
    story.let_pass(4.5)
    assert story.events == []
    story.let_pass(0.5)  # 5 s without a frame; the thread still hangs in read
    assert story.events == [("start", "lost")]
    assert story.incidents.open == ["camera lost"]
    story.let_pass(0.5)
    story.settle(lambda: len(story.cameras) == 2)
    got = story.picture()
    assert got is not None
    assert got.index == 1  # goes on counting
    story.feed.next(0)
    assert story.events == [("end", "lost")]
    assert story.grabber.reopened == 1


def test_what_a_thread_left_behind_brings_later_is_thrown_away_and_its_device_closed(
    make: Callable[..., Story],
) -> None:
    story = make()
    story.picture()
    story.let_pass(6)
    story.settle(lambda: len(story.cameras) == 2)
    first = story.cameras[0]
    first.give(frame(99.0, 99))
    assert first.gone.wait(PATIENCE_S)
    assert story.feed.next(0) is None
    assert first.closed == 1


def test_attempts_come_with_growing_pauses_of_half_a_second_to_ten(make: Callable[..., Story]) -> None:
    story = make(give_up_s=float("inf"))
    story.picture()
    story.trouble = SourceError("no such camera")
    story.let_pass(80)
    pauses = np.diff([5.0, *story.attempts])
    assert pauses[:6] == pytest.approx([0.5, 1, 2, 4, 8, 10], abs=0.01)
    assert max(pauses) == pytest.approx(10, abs=0.01)
    assert story.events == [("start", "lost")]  # told once
    story.trouble = None
    while len(story.cameras) < 2:
        story.let_pass(0.5)
    story.picture()
    story.feed.next(0)
    assert story.events == [("end", "lost")]


def test_a_camera_gone_for_a_minute_is_given_up(make: Callable[..., Story]) -> None:
    story = make()
    story.picture()
    story.trouble = SourceError("gone")
    while not story.feed.ended and story.clock.now < 200:
        story.let_pass(0.5)
    assert 60 <= story.clock.now < 80
    assert story.feed.ended


def test_how_long_a_camera_was_away_counts_from_its_last_picture(
    make: Callable[..., Story], caplog: pytest.LogCaptureFixture
) -> None:
    story = make()
    story.picture()
    last = story.clock.now
    while len(story.cameras) < 2:
        story.let_pass(0.5)
    story.picture()
    back = story.clock.now
    story.feed.next(0)
    told = re.findall(r"back after ([0-9.]+) s", caplog.text)
    assert [float(s) for s in told] == [pytest.approx(back - last, abs=0.6)]
    (end,) = [e for e in story.incidents.take(story.clock.now, 0.0) if e.phase == "end"]
    assert end.data["away_s"] == pytest.approx(back - last, abs=0.6)
    assert back - last > 5


def test_patience_with_a_stall_takes_none_from_the_attempts_after_it(make: Callable[..., Story]) -> None:
    story = make(stall_s=60.0)
    story.picture()
    story.trouble = SourceError("busy")
    while not story.feed.ended and story.clock.now < 300:
        story.let_pass(0.5)
    assert len(story.attempts) > 5
    assert 120 <= story.clock.now < 140


def test_attempts_that_hang_are_few(make: Callable[..., Story]) -> None:
    before = threading.active_count()
    story = make(give_up_s=float("inf"), open_s=3.0)
    story.picture()
    story.hold = threading.Event()
    story.let_pass(HUNG_S)  # the third hangs for less than that
    assert threading.active_count() - before <= MOST_HUNG + 1
    assert len(story.grabber._abandoned) == MOST_HUNG
    assert len(story.attempts) <= MOST_HUNG
    story.hold.set()
    story.hold = None
    for camera in list(story.cameras):
        camera.give(None)
    story.settle(lambda: all(reader.done.is_set() for reader in story.grabber._abandoned))
    known = len(story.cameras)
    while len(story.cameras) == known:
        story.let_pass(0.5)
    assert story.picture() is not None


def test_a_driver_that_holds_every_attempt_ends_even_a_run_that_waits(make: Callable[..., Story]) -> None:
    """Each reopened camera hangs in its first read: only a new process gets out of that."""
    story = make(give_up_s=float("inf"))
    story.picture()
    story.let_pass(20)  # the first and two more stalled
    story.settle(lambda: len(story.grabber._abandoned) == MOST_HUNG)
    story.let_pass(HUNG_S - 5)
    assert not story.feed.ended
    story.let_pass(10)
    assert story.feed.ended
    assert story.grabber.reopened == MOST_HUNG - 1


def test_a_thread_that_comes_back_counts_no_longer(make: Callable[..., Story]) -> None:
    story = make(give_up_s=float("inf"))
    story.picture()
    story.let_pass(20)
    story.let_pass(HUNG_S - 10)
    story.cameras[0].give(None)  # the driver lets go of the first
    assert story.cameras[0].gone.wait(PATIENCE_S)
    while len(story.cameras) == MOST_HUNG:
        story.let_pass(0.5)
    story.let_pass(HUNG_S - 10)  # the newest hung in its turn: the minute began anew
    assert not story.feed.ended
    for camera in story.cameras:
        camera.give(None)
    for camera in story.cameras[:-1]:
        assert camera.gone.wait(PATIENCE_S)
    known = len(story.cameras)
    while len(story.cameras) == known:
        story.let_pass(0.5)
    assert story.picture() is not None


def test_a_driver_that_raises_or_gives_nothing_is_asked_again(make: Callable[..., Story]) -> None:
    story = make()
    story.cameras[0].give(RuntimeError("driver"))
    story.cameras[0].give(None)
    assert story.picture() is not None
    assert story.events == []


def test_a_driver_that_fails_to_close_does_not_end_the_waiting(make: Callable[..., Story]) -> None:
    story = make()

    def stuck() -> None:
        raise OSError("busy")

    story.cameras[0].close = stuck  # type: ignore[method-assign]
    story.picture()
    story.let_pass(6)
    story.settle(lambda: len(story.cameras) == 2)
    assert story.picture() is not None


def test_stopping_releases_the_camera_and_never_waits_for_a_hanging_one(make: Callable[..., Story]) -> None:
    story = make()
    story.picture()
    story.grabber.stop(timeout=0.05)  # the thread hangs in read
    story.cameras[0].give(None)
    assert story.cameras[0].gone.wait(PATIENCE_S)
