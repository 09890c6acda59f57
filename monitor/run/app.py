"""The entry point of a live run: opens what it needs, runs it, and gives signals and file mode back."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.core.incidents import Incidents
from monitor.outputs.live.lines import EventLines
from monitor.outputs.sink import Sink
from monitor.run import shutdown as stopper
from monitor.run import webpage
from monitor.run.live import LiveRun
from monitor.run.options import Options as Options
from monitor.run.preparation import begin, opened
from monitor.run.service import Service
from monitor.run.shutdown import Stopper
from monitor.settings.config import Config
from monitor.system.machine import give_back_start_pages, share_heaps

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
        options: What to run.
        config: Settings.
        config_from: Where the settings came from, for ``metadata.json``.
        extra: Further sinks; they receive each result after the others.
        in_session: Makes further sinks, given the session folder; None = none.

    Returns:
        The exit code.

    Raises:
        UserError: Configuration, source or model cannot be used; nothing has been written then.
    """
    mine = not stopper.installed()
    stop = stopper.install()
    mask = os.umask(0o077)  # all files, those that OpenCV writes included, are for their owner only
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
    ready = opened(options, config, config_from, service)
    incidents = Incidents()
    stop.running = True
    page = webpage.wanted(config)
    session, outputs = begin(ready, incidents, stop)
    outputs.video.switch(on=options.record is not None)
    outputs.sinks.extend([*([] if ready.live_view or ready.photographs else [EventLines()]), *extra(session.folder)])
    live = LiveRun(ready, session, outputs, incidents, service, stop)
    if page is not None:
        sink, chore = page.serve(session, outputs, incidents, live=ready.source.live)
        outputs.sinks.append(sink)
        live.add_chore(chore)
    return live.run()
