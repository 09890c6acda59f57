"""The grabber after a suspend of the machine or of the process: the pause is not a fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from monitor.capture.reopening import HUNG_S
from monitor.core.errors import SourceError
from tests.capture.stories import PATIENCE_S, Story
from tests.fakes import frame


def test_a_suspend_does_not_count_as_hanging(make: Callable[..., Story]) -> None:
    story = make(give_up_s=float("inf"))
    story.picture()
    story.let_pass(20)
    story.clock.advance(3600)
    story.let_pass(HUNG_S - 10)
    assert not story.feed.ended
    story.let_pass(20)
    assert story.feed.ended


def test_a_suspend_of_a_minute_reports_no_fault(make: Callable[..., Story]) -> None:
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
