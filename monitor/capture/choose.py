"""Chooses the source, opens it without blocking and makes the worker's feed from it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from monitor.capture.feed import Feed, FileFeed, LiveFeed
from monitor.capture.kinds import open_source
from monitor.capture.names import shown
from monitor.capture.opening import SLACK_S, Patience, open_patiently
from monitor.capture.reopening import Grabber, Tolerance
from monitor.capture.source import Source
from monitor.core.errors import SourceError
from monitor.core.incidents import Incidents
from monitor.settings.config import Config

log = logging.getLogger("monitor")

MISSED_POLLS = 3
"""Least number of intervals without a picture after which a polled source counts as stalled."""
GIVE_UP_S = 60.0
"""The run ends when a camera has been gone for this many seconds, unless ``source.wait`` is set."""


def open_wanted(
    wanted: str | None,
    config: Config,
    tell: Callable[[str], None],
    *,
    watched: bool,
    gray: bool = False,
    until: Callable[[], bool] = lambda: False,
) -> tuple[Source, str]:
    """Opens the source that the user named, else the first working camera, else the demo with a warning.

    Args:
        wanted: The source the user named, secrets filled in; None = none.
        config: Settings.
        tell: Called several times a second with a text that describes the reason for the wait.
        watched: Whether a window or the web page shows the source; it is then played at its own speed, and
            the demo repeats.
        gray: See ``open_source``.
        until: Gives up waiting for a source (``source.wait``) once it returns True.

    Returns:
        The source, and the name with which it can be reopened.

    Raises:
        SourceError: The named source cannot be opened and ``source.wait`` is not set; in driver mode also when there
            is no camera, because the demo has no driver.
    """
    settings = config.source
    patience = Patience(2 * settings.open_timeout_s + SLACK_S, wait=settings.wait, tell=tell, until=until)
    if wanted is not None:
        loop = _loops(config, wanted, watched=watched)
        source = open_patiently(lambda: open_source(wanted, settings, loop=loop, gray=gray), shown(wanted), patience)
        return source, wanted
    names: list[str] = []
    try:
        return open_patiently(lambda: _first_camera(config, names, gray=gray), "the first camera", patience), names[-1]
    except SourceError as error:
        if settings.wait:  # the user asked to wait for a camera
            raise
        if config.driver.enabled:
            raise SourceError(f"{error}; driver mode needs a camera: name one with --source") from None
        log.warning("%s; playing the built-in demo (choose with --source, see: emotion-monitor devices)", error)
    return open_source("demo", settings, loop=_loops(config, "demo", watched=watched)), "demo"


def _first_camera(config: Config, names: list[str], *, gray: bool) -> Source:
    """The first camera that works; appends its name to ``names``."""
    from monitor.capture.v4l2 import find_cameras

    why = "no camera found"
    for camera in find_cameras():
        name = camera.stable or camera.path
        try:
            source = open_source(name, config.source, gray=gray)
        except SourceError as error:
            why = error.lines[0]
            continue
        names.append(name)
        return source
    raise SourceError(why)


def make_feed(
    source: Source, name: str, config: Config, incidents: Incidents, *, watched: bool, gray: bool = False
) -> Feed:
    """The worker's feed: the newest frame of a live source, or every frame of a file.

    Args:
        source: The open source.
        name: The name with which it can be reopened.
        config: Settings.
        incidents: Receives the reports of faults.
        watched: Whether a window or the web page shows the source; it is then played at its own speed, and
            the demo repeats.
        gray: See ``open_source``.
    """
    if source.live:
        from monitor.capture.v4l2 import stable_path

        settings = config.source
        again = stable_path(name)  # a replugged camera may get another number
        slowest = MISSED_POLLS * settings.poll_s
        tolerance = Tolerance(
            stall_s=max(settings.stall_s, slowest),
            frozen_s=max(settings.frozen_s, slowest) if settings.frozen_s else 0.0,
            open_s=2 * settings.open_timeout_s + SLACK_S,
            give_up_s=math.inf if settings.wait else GIVE_UP_S,
        )
        return LiveFeed(Grabber(source, lambda: open_source(again, settings, gray=gray), tolerance, incidents))
    pace = config.source.pace == "always" or (config.source.pace == "auto" and watched)
    return FileFeed(source, pace=pace)


def _loops(config: Config, name: str, *, watched: bool) -> bool:
    return config.source.loop == "always" or (config.source.loop == "auto" and name == "demo" and watched)
