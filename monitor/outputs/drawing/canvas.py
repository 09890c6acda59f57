"""The annotated picture: drawn once per frame and shared by window, recording and web page."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Literal, Protocol

from monitor.core.types import Image, Result
from monitor.settings.config import DisplayConfig

Detail = Literal["off", "calm", "full"]
DETAILS: tuple[Detail, ...] = ("off", "calm", "full")
"""Levels of detail in the order in which the key ``o`` cycles: nothing, the top bars, all bars."""


def configured(config: DisplayConfig) -> Detail:
    """The level of detail in the settings."""
    return "off" if not config.overlay else "full" if config.detail == "full" else "calm"


class Draws(Protocol):
    """Draws readings, as ``annotator.Annotator`` does."""

    def annotate(self, result: Result, detail: Detail = "calm") -> Image:
        """A drawn copy of the result's picture, (H, W, 3) uint8 BGR."""


class Canvas:
    """Shares one drawing of a frame among several consumers, in any thread.

    Args:
        make: Creates the annotator for the first picture; most headless runs never draw.
        keep: Number of pictures that are stored for further consumers.
    """

    def __init__(self, make: Callable[[], Draws], keep: int = 2) -> None:
        self._make = make
        self._kept: deque[tuple[Result, Detail, Image]] = deque(maxlen=keep)
        self._lock = threading.Lock()

    @cached_property
    def annotator(self) -> Draws:
        """Draws without sharing."""
        return self._make()

    def picture(self, result: Result, detail: Detail = "calm") -> Image:
        """The annotated picture, (H, W, 3) uint8 BGR, read-only; copy it before drawing on it."""
        with self._lock:
            for kept, level, image in self._kept:
                if kept is result and level == detail:
                    return image
            image = self.annotator.annotate(result, detail)
            image.setflags(write=False)
            self._kept.append((result, detail, image))
            return image
