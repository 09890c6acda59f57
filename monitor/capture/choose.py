"""Choosing what to watch, opening it patiently, and feeding the worker from it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from monitor.capture.feed import Feed, FileFeed, LiveFeed
from monitor.capture.grabber import Grabber
from monitor.capture.opening import SLACK_S, open_patiently
from monitor.capture.source import Source, open_source, shown
from monitor.capture.v4l2 import find_cameras, stable_path
from monitor.core.errors import SourceError
from monitor.core.incidents import Incidents
from monitor.settings.config import Config

log = logging.getLogger("monitor")

GIVE_UP_S = 60.0
"""A camera that is gone for so long ends the run, unless ``source.wait`` is set."""


def open_wanted(wanted: str | None, config: Config, windowed: bool, tell: Callable[[str], None]) -> tuple[Source, str]:
    """Opens the source the user named; else the first camera that works, else the demo (said in one line).

    Args:
        wanted: What the user named, secrets revealed; None = nothing.
        config: Settings.
        windowed: Whether a window shows it.
        tell: Called several times a second with what is being waited for.

    Returns:
        The source, and the name under which it can be opened again.

    Raises:
        SourceError: What was named cannot be opened (and ``source.wait`` is not set); in driver mode also where there
            is no camera, for no drawn face is a driver.
    """
    settings, wait = config.source, config.source.wait

    def opened(name: str, make: Callable[[], Source]) -> Source:
        return open_patiently(make, shown(name), 2 * settings.open_timeout_s + SLACK_S, wait, tell)

    if wanted is not None:
        loops = _loops(config, wanted, windowed)
        return opened(wanted, lambda: open_source(wanted, settings, loops)), wanted
    names: list[str] = []
    try:
        return opened("the first camera", lambda: _first_camera(config, names)), names[-1]
    except SourceError as error:
        if wait:  # a camera was waited for: the demo is no answer
            raise
        if config.driver.enabled:  # nor is a drawn face a driver
            raise SourceError(f"{error}; driver mode needs a camera: name one with --source") from None
        log.warning("%s; playing the built-in demo (choose with --source, see: emotion-monitor devices)", error)
    return open_source("demo", settings, _loops(config, "demo", windowed)), "demo"


def _first_camera(config: Config, names: list[str]) -> Source:
    """The first camera that works; its name is added to ``names``."""
    why = "no camera found"
    for camera in find_cameras():
        name = camera.stable or camera.path
        try:
            source = open_source(name, config.source)
        except SourceError as error:
            why = error.lines[0]
            continue
        names.append(name)
        return source
    raise SourceError(why)


def make_feed(source: Source, name: str, config: Config, windowed: bool, incidents: Incidents) -> Feed:
    """What the worker takes frames from: the newest of a grabbed camera, or all of a file."""
    if source.live:
        settings = config.source
        again = stable_path(name)  # plugged in again, a camera may come back under another number
        grabber = Grabber(
            source, lambda: open_source(again, settings), settings.stall_s, settings.frozen_s, incidents,
            open_s=2 * settings.open_timeout_s + SLACK_S, give_up_s=math.inf if settings.wait else GIVE_UP_S,
        )  # fmt: skip
        return LiveFeed(grabber)
    pace = config.source.pace == "always" or (config.source.pace == "auto" and windowed)
    return FileFeed(source, pace)


def _loops(config: Config, name: str, windowed: bool) -> bool:
    return config.source.loop == "always" or (config.source.loop == "auto" and name == "demo" and windowed)
