"""The grabber with identical, black, resized and rare pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from monitor.capture.reopening import FIRST_WAIT_S
from monitor.core.types import Frame, Image
from tests.capture.stories import Story
from tests.fakes import frame


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


def still(story: Story, seconds: float, image: Image) -> list[Frame | None]:
    got = []
    for _ in range(round(seconds)):
        story.clock.advance(1.0)
        story.cameras[-1].give(frame(story.clock.now, 0, image))
        got.append(story.feed.next(0.05))
    return got


@pytest.mark.slow
def test_identical_pictures_count_as_no_picture(make: Callable[..., Story]) -> None:
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


def test_a_covered_lens_is_reported_and_its_pictures_are_still_read(make: Callable[..., Story]) -> None:
    story = make()
    rng = np.random.default_rng(0)
    for _ in range(8):
        story.clock.advance(1.0)
        assert story.picture(rng.integers(0, 4, (48, 64, 3), dtype=np.uint8)) is not None
    assert story.events == [("start", "black")]
    story.picture()
    assert story.events == [("end", "black")]


def test_another_size_is_reported(make: Callable[..., Story]) -> None:
    story = make()
    story.picture()
    assert story.picture(np.full((96, 128, 3), 50, np.uint8)) is not None
    assert story.events == [("start", "size"), ("end", "size")]


def test_a_rate_that_collapses_is_reported(make: Callable[..., Story]) -> None:
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
