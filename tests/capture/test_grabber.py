"""A camera that hangs, stalls, freezes or goes away: it is left, told, and opened again; nothing waits for it."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from monitor.capture.feed import LiveFeed
from monitor.capture.grabber import FIRST_WAIT_S, HUNG_S, MOST_HUNG, Grabber
from monitor.capture.source import Source
from monitor.errors import SourceError
from monitor.incidents import Incidents
from monitor.types import Frame, Image
from tests.fakes import Clock, ScriptedSource, frame

PATIENCE_S = 10.0
"""Longest real time a test waits for a thread; it takes milliseconds."""


class Camera(ScriptedSource):
    """Gives the pictures it is handed; between them ``read`` hangs, as a driver does."""

    def __init__(self) -> None:
        super().__init__([])
        self._queue: queue.Queue[Frame | Exception | None] = queue.Queue()
        self.gone = threading.Event()

    def give(self, item: Frame | Exception | None) -> None:
        self._queue.put(item)

    def read(self) -> Frame | None:
        item = self._queue.get()
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        super().close()
        self.gone.set()


class Story:
    """A grabber under a clock that the test moves."""

    def __init__(self, stall_s: float = 5.0, frozen_s: float = 0.0, **settings: float) -> None:
        self.clock, self.incidents, self.cameras = Clock(), Incidents(), [Camera()]
        self.attempts: list[float] = []
        self.trouble: Exception | None = None
        self.opened = threading.Event()
        self.hold: threading.Event | None = None
        self.grabber = Grabber(
            self.cameras[0], self.reopen, stall_s, frozen_s, self.incidents, clock=self.clock, **settings
        )
        self.feed = LiveFeed(self.grabber)
        self._n = 0

    def reopen(self) -> Source:
        self.attempts.append(self.clock.now)
        self.opened.set()
        if self.hold is not None:
            self.hold.wait()
        if self.trouble is not None:
            raise self.trouble
        self.cameras.append(Camera())
        return self.cameras[-1]

    def picture(self, image: Image | None = None) -> Frame | None:
        """The newest camera gives a picture; what reaches the worker."""
        self._n += 1
        fresh = np.full((48, 64, 3), 20 + self._n % 200, np.uint8) if image is None else image
        self.cameras[-1].give(frame(self.clock.now, self._n, fresh))
        return self.feed.next(PATIENCE_S if image is None else 0.3)

    def let_pass(self, seconds: float, step: float = 0.5) -> None:
        """Moves the clock; an attempt to open comes to its end within its step, unless it is held."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.advance(step)
            tries = self.grabber.reopened
            self.feed.next(0)
            if self.grabber.reopened > tries and self.hold is None:
                self.settle(lambda: self.grabber._reader is None or self.grabber._reader.opened.is_set())

    def settle(self, condition: Callable[[], bool]) -> None:
        """Lets threads come to rest without moving the clock."""
        for _ in range(1000):
            if condition():
                return
            self.feed.next(0.01)
        pytest.fail("did not settle")

    @property
    def events(self) -> list[tuple[str, str]]:
        return [(e.phase, e.data["state"]) for e in self.incidents.take(self.clock.now, 0.0)]


@pytest.fixture
def make() -> Iterator[Callable[..., Story]]:
    made: list[Story] = []

    def maker(stall_s: float = 5.0, frozen_s: float = 0.0, **settings: float) -> Story:
        made.append(Story(stall_s, frozen_s, **settings))
        return made[-1]

    yield maker
    for story in made:
        story.grabber.stop(0)
        for camera in story.cameras:
            camera.give(None)
        if story.hold is not None:
            story.hold.set()


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
    assert len(story.grabber._left) == MOST_HUNG
    assert len(story.attempts) <= MOST_HUNG
    story.hold.set()
    story.hold = None
    for camera in list(story.cameras):
        camera.give(None)
    story.settle(lambda: all(reader.done.is_set() for reader in story.grabber._left))
    known = len(story.cameras)
    while len(story.cameras) == known:
        story.let_pass(0.5)
    assert story.picture() is not None


def test_a_driver_that_holds_every_attempt_ends_even_a_run_that_waits(make: Callable[..., Story]) -> None:
    """Each reopened camera hangs in its first read: only a new process gets out of that."""
    story = make(give_up_s=float("inf"))
    story.picture()
    story.let_pass(20)  # the first and two more stalled
    story.settle(lambda: len(story.grabber._left) == MOST_HUNG)
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


def test_a_machine_that_slept_does_not_count_the_night_as_hanging(make: Callable[..., Story]) -> None:
    story = make(give_up_s=float("inf"))
    story.picture()
    story.let_pass(20)
    story.clock.advance(3600)
    story.let_pass(HUNG_S - 10)
    assert not story.feed.ended
    story.let_pass(20)
    assert story.feed.ended


def test_a_machine_that_slept_for_a_minute_blames_nobody(make: Callable[..., Story]) -> None:
    story = make()
    story.picture()
    story.clock.advance(60)
    story.feed.next(0)
    story.let_pass(1)
    assert story.events == []
    assert story.picture() is not None
    assert story.grabber.reopened == 0


def test_a_picture_that_was_waiting_after_the_sleep_does_not_hide_a_dead_camera(make: Callable[..., Story]) -> None:
    story = make(stall_s=2.0)
    story.picture()
    story.clock.advance(3600)
    story.cameras[0].give(frame(story.clock.now, 2, np.full((48, 64, 3), 99, np.uint8)))
    until = time.monotonic() + PATIENCE_S
    while story.grabber._last < 3600 and time.monotonic() < until:  # before anybody looks after it
        time.sleep(0.001)
    assert story.grabber._last >= 3600
    story.settle(lambda: True)
    story.let_pass(2.5)
    assert story.events == [("start", "lost")]


@pytest.mark.parametrize("opening", [False, True])
def test_a_machine_that_slept_while_the_camera_was_away_grants_it_its_time(
    make: Callable[..., Story], opening: bool
) -> None:
    story = make(give_up_s=30.0)
    story.picture()
    story.trouble = SourceError("no such device")
    if opening:
        story.hold = threading.Event()
    story.let_pass(9)
    assert story.events == [("start", "lost")]
    story.clock.advance(3600)
    story.let_pass(9)
    assert not story.feed.ended
    story.let_pass(25)
    assert story.feed.ended


def test_a_camera_that_freezes_now_and_then_is_opened_again_as_soon_each_time(make: Callable[..., Story]) -> None:
    story = make(frozen_s=1.0)
    waits = []
    for n in range(3):
        story.picture()
        story.let_pass(0.2, step=0.1)
        image = np.full((48, 64, 3), 90 + n, np.uint8)
        tries, frozen_at = len(story.attempts), 0.0
        while len(story.attempts) == tries:
            story.clock.advance(0.1)
            story.cameras[-1].give(frame(story.clock.now, 0, image))
            story.feed.next(0.02)
            if not frozen_at and story.grabber._condition.frozen:
                frozen_at = story.clock.now
            assert story.clock.now < 100
        waits.append(story.attempts[-1] - frozen_at)
        story.settle(lambda n=n: len(story.cameras) == n + 2)  # type: ignore[misc]
        story.picture()
        story.settle(lambda: story.incidents.open == [])
    assert waits == pytest.approx([FIRST_WAIT_S] * 3, abs=0.25)


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


def still(story: Story, seconds: float, image: Image) -> list[Frame | None]:
    got = []
    for _ in range(round(seconds)):
        story.clock.advance(1.0)
        story.cameras[-1].give(frame(story.clock.now, 0, image))
        got.append(story.feed.next(0.05))
    return got


def test_the_very_same_picture_again_and_again_is_no_picture(make: Callable[..., Story]) -> None:
    story = make(frozen_s=5.0)
    image = np.full((48, 64, 3), 90, np.uint8)
    got = still(story, 8, image)
    story.settle(lambda: story.incidents.open == ["camera frozen"])
    assert got[0] is not None
    assert story.events == [("start", "frozen")]
    story.let_pass(1)
    story.settle(lambda: len(story.cameras) == 2)  # opened anew, once
    assert not any(still(story, 30, image))
    assert len(story.attempts) == 1
    story.picture()
    story.settle(lambda: story.incidents.open == [])
    assert story.events == [("end", "frozen")]


def test_a_covered_lens_is_told_and_its_pictures_are_still_read(make: Callable[..., Story]) -> None:
    story = make()
    rng = np.random.default_rng(0)
    for _ in range(8):
        story.clock.advance(1.0)
        assert story.picture(rng.integers(0, 4, (48, 64, 3), dtype=np.uint8)) is not None
    assert story.events == [("start", "black")]
    story.picture()
    assert story.events == [("end", "black")]


def test_another_size_is_told(make: Callable[..., Story]) -> None:
    story = make()
    story.picture()
    assert story.picture(np.full((96, 128, 3), 50, np.uint8)) is not None
    assert story.events == [("start", "size"), ("end", "size")]


def test_a_rate_that_collapses_is_told(make: Callable[..., Story]) -> None:
    story = make()

    def film(seconds: float, hz: float) -> None:
        for _ in range(round(seconds * hz)):
            story.clock.advance(1 / hz)
            story.picture()

    film(12, 20)
    film(20, 2)
    (start,) = story.incidents.take(0, 0)
    assert (start.data["state"], start.data["best_fps"]) == ("slow", pytest.approx(20, abs=1))
    film(12, 20)
    assert story.events == [("end", "slow")]
