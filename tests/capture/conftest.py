"""Stories of cameras."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.capture.stories import Story


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


@pytest.fixture(autouse=True)
def _log_lines_reach_caplog(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command line run by another test sends the log elsewhere."""
    monkeypatch.setattr(logging.getLogger("monitor"), "propagate", True)
