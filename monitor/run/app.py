"""The entry point of a live run: opens its parts, runs it, and restores signals and file mode."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.outputs.sink import Sink
from monitor.run import shutdown as stopper
from monitor.run.cameras import Setting
from monitor.run.live import LiveRun
from monitor.run.openings import Opening, wait_for_first
from monitor.run.options import Options as Options
from monitor.run.preparation import planned
from monitor.run.service import Service
from monitor.run.shutdown import Stopper
from monitor.settings.config import Config
from monitor.system.machine import give_back_start_pages, share_heaps

if TYPE_CHECKING:
    from monitor.outputs.live.window import DisplayProbe
    from monitor.run.webpage import WebPage

log = logging.getLogger("monitor")

InSession = Callable[[Path], Sequence[Sink]]
"""Makes sinks that write into a session folder."""


def run(
    options: Options,
    config: Config,
    config_from: str,
    extra: Sequence[Sink] = (),
    in_session: InSession | None = None,
) -> int:
    """Runs the monitor until the source ends, a limit is reached or a signal stops it.

    Args:
        options: The options of the run.
        config: Settings.
        config_from: Origin of the settings, for ``metadata.json``.
        extra: Further sinks; they receive each result after the others.
        in_session: Makes further sinks, given the session folder; None = none.

    Returns:
        The exit code.

    Raises:
        UserError: Configuration, source or model cannot be used; nothing has been written then.
    """
    mine = not stopper.installed()
    stop = stopper.install()
    mask = os.umask(0o077)  # all files, including those that OpenCV writes, are readable by their owner only
    try:
        return _run(
            options, config, config_from, lambda folder: [*extra, *(in_session(folder) if in_session else ())], stop
        )
    finally:
        os.umask(mask)
        stop.running, stop.before = False, None
        if mine:
            stopper.remove()


def _run(options: Options, config: Config, config_from: str, extra: InSession, stop: Stopper) -> int:
    share_heaps()
    give_back_start_pages()
    service = Service(config.service.health_file)
    stop.before = lambda: service.report("ended", {"state": "ended"})
    probe = None if options.headless else _display_probe()  # runs while the networks are loaded
    plans = planned(options, config)
    windowed = probe is not None and _has_display(probe)
    page = _page(config)
    watched = windowed or page is not None
    with contextlib.ExitStack() as stack:
        stack.callback(page.close if page is not None else lambda: None)
        openings = [Opening(plan, options.max_seconds, watched=watched) for plan in plans]
        wait_for_first(openings, service)
        stop.running = True
        live = LiveRun(Setting(options, config, config_from, service, stop, page, windowed, extra), openings)
        stack.pop_all()
    return live.run()


def _page(config: Config) -> WebPage | None:
    """The live web page, if it is enabled in the settings."""
    if not config.web.listen:
        return None
    from monitor.run.webpage import WebPage

    return WebPage(config)


def _display_probe() -> DisplayProbe:
    from monitor.outputs.live.window import DisplayProbe  # imports subprocess, which a headless start does not need

    return DisplayProbe()


def _has_display(probe: DisplayProbe) -> bool:
    reason = probe.reason()
    if reason:
        log.warning("%s; running headless", reason)
    return not reason
