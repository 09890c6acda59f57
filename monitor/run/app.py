"""Wiring: opens what a run needs, runs it, and closes it in the right order."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.capture.choose import make_feed, open_wanted
from monitor.capture.feed import Feed
from monitor.capture.kinds import kind_of
from monitor.capture.names import revealed, shown
from monitor.capture.photos import no_drive, unrelated
from monitor.capture.source import Source
from monitor.core.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, ConfigError, DiskError
from monitor.core.incidents import Incidents
from monitor.networks.load import Networks, load
from monitor.outputs.bundle import Outputs
from monitor.outputs.live.lines import EventLines, PlainLines
from monitor.outputs.logs.metadata import RunFacts
from monitor.outputs.logs.retention import make_room
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.video.videofile import named
from monitor.run import shutdown as stopper
from monitor.run.assembly import build, for_photographs
from monitor.run.governor import Governor
from monitor.run.needs import require_outputs
from monitor.run.service import Service
from monitor.run.shutdown import Stopper
from monitor.run.stepper import Stepper
from monitor.run.supervisor import Supervisor
from monitor.run.views import linger, watch_headless, watch_window
from monitor.run.worker import Limits, Worker
from monitor.settings.config import Config
from monitor.system.machine import give_back_start_pages, share_heaps

if TYPE_CHECKING:
    from monitor.outputs.live.dashboard import Dashboard
    from monitor.outputs.live.window import DisplayProbe

log = logging.getLogger("monitor")

WORKER_S = 2.5
"""Time the worker gets to finish its frame; the sinks need the rest of ``stopper.SHUTDOWN_S``."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of a run.

    Attributes:
        source: What the user named; None = the first camera, else the demo.
        headless: Never open a window.
        record: None = no video, "" = into the session folder, else the file's path.
        out: The session folder itself, None = a new one in ``output.dir``.
        max_seconds: Stop after so much frame time, 0 = never.
        max_frames: Stop after so many frames, 0 = never.
        quiet: No live view and no summary.
    """

    source: str | None = None
    headless: bool = False
    record: str | None = None
    out: str | None = None
    max_seconds: float = 0.0
    max_frames: int = 0
    quiet: bool = False


def run(options: Options, config: Config, config_from: str) -> int:
    """Runs the monitor until the source ends, a limit is reached or somebody stops it.

    Returns:
        The exit code.

    Raises:
        UserError: Configuration, source or model cannot be used; nothing was written then.
    """
    mine = not stopper.installed()
    stop = stopper.install()
    mask = os.umask(0o077)  # whatever is written, OpenCV's files included, is the user's own
    try:
        return _run(options, config, config_from, stop)
    finally:
        os.umask(mask)
        stop.running, stop.before = False, None
        if mine:
            stopper.remove()


def _run(options: Options, config: Config, config_from: str, stop: Stopper) -> int:
    share_heaps()
    give_back_start_pages()
    video_path = named(options.record)
    service = Service(config.service.health_file)
    stop.before = lambda: service.tell("ended", {"state": "ended"})
    probe = None if options.headless else _display_probe()
    require_outputs(config)
    networks = load(config)
    wanted = None if options.source is None else revealed(options.source)
    if wanted is not None:
        kind_of(wanted)  # a wrong name is told before a window is waited for
    windowed = probe is not None and not _tell_headless(probe)
    live_view = sys.stderr.isatty() and not windowed and not options.quiet
    source, name = _open(wanted, config, service, windowed, video_path)
    if unrelated(source, sequence=config.source.sequence):
        config = for_photographs(config)
    incidents = Incidents()
    stop.running = True
    session, outputs = _begin(options, config, config_from, networks, source, video_path, incidents, stop)
    outputs.video.switch(options.record is not None)
    if not live_view:
        outputs.sinks.append(EventLines())
    pipeline = build(config, networks)
    feed = make_feed(source, name, config, incidents, windowed=windowed)
    stepper = Stepper(pipeline, live=feed.live, incidents=incidents, governor=Governor(config.performance))
    worker = Worker(feed, stepper, outputs.sinks, Limits(options.max_frames, options.max_seconds))
    watch = Supervisor(
        worker, outputs.stats, incidents, service, config.service.stuck_s,
        lambda: {
            "source": source.name, "session": str(session.folder), "camera_in_use": source.live,
            "recording": outputs.video.recording,
        },
    )  # fmt: skip
    started = time.monotonic()
    log.info("%s → %s", source.name, session.folder)
    if source.live:
        log.info(
            "the camera is in use; %s", "pictures are recorded" if outputs.video.recording else "nothing is filmed"
        )
    lasting = None
    worker.start()
    outputs.storage.start()
    service.ready()
    try:
        if windowed:
            limited = bool(options.max_frames or options.max_seconds)
            stay = unrelated(source, sequence=config.source.sequence) and not limited
            lasting = watch_window(worker, outputs, session, config, stop, watch, stay)
        else:
            view: Dashboard | PlainLines = PlainLines(source.name, source.frames)
            if live_view:
                view = _dashboard(source, str(session.folder), outputs)
            watch_headless(worker, outputs, stop, view, watch)
    finally:
        service.stopping()
        worker.stop()
        in_time = worker.join(WORKER_S)
        if in_time:
            feed.close()  # else its thread may be reading: pulling the source away would crash the process
        else:
            log.error("error: the worker did not end within %.1f s; it is left behind", WORKER_S)
        elapsed = time.monotonic() - started
        last = [*(pipeline.finish() if in_time else []), *incidents.finish(*worker.now())]
        finished = outputs.close(last, elapsed)
        session.release()
        service.tell("ended", {"state": "ended"})
    code = _exit_code(worker, feed, name, stop) if finished and in_time else EXIT_UNEXPECTED
    stop.code = code  # all is kept: a terminal that takes no more text makes no failure of it
    if not options.quiet:
        _print_summary(outputs, elapsed)
    log.info("%s", session.folder)
    if lasting is not None:
        linger(*lasting, session, config.output.blur != "none", stop)
    return code


def _open(
    wanted: str | None, config: Config, service: Service, windowed: bool, video_path: Path | None
) -> tuple[Source, str]:
    """The source, and the name under which it can be opened again; systemd hears that it is waited for.

    Raises:
        UserError: It cannot be opened, would be overwritten by its own recording, or shows no drive in driver mode.
    """

    def tell(status: str) -> None:
        if config.source.wait:
            service.ready()  # up, and waiting for what it was told to wait for
        service.alive()
        if service.due():
            service.tell(status, {"state": "waiting"})

    source, name = open_wanted(wanted, config, tell, windowed=windowed)
    if video_path is not None and os.path.exists(name) and video_path.resolve() == Path(name).resolve():
        source.close()
        raise ConfigError(f"--record {video_path}: is the source itself; give another file")
    if config.driver.enabled and unrelated(source, sequence=config.source.sequence):
        source.close()
        raise no_drive(source)
    return source, name


def _begin(
    options: Options,
    config: Config,
    config_from: str,
    networks: Networks,
    source: Source,
    video_path: Path | None,
    incidents: Incidents,
    stop: Stopper,
) -> tuple[SessionFolder, Outputs]:
    """Makes the session's folder and opens its files; a source that cannot be logged is closed.

    Raises:
        UserError: They cannot be written.
    """
    session: SessionFolder | None = None
    try:
        if options.out is None:
            make_room(Path(config.output.dir).expanduser(), config.output.keep_days, config.output.max_mb, time.time())
        session = SessionFolder(options.out, config.output.dir, source.name, datetime.now())
        session.write_metadata(_facts(config, config_from, networks, source))
        return session, Outputs(session, source, config, video_path, incidents, stop)
    except OSError as error:
        source.close()
        if session is not None:
            session.give_up()
        where = error.filename or options.out or config.output.dir
        unread = error.errno == errno.ENXIO  # a pipe; its own line has the fix
        fix = "" if unread else "; free space or give another --out"
        raise DiskError.kind(error)(f"{where}: cannot be written: {error.strerror}{fix}") from None
    except BaseException:
        source.close()
        raise


def _facts(config: Config, config_from: str, networks: Networks, source: Source) -> RunFacts:
    """The content of ``metadata.json``."""
    named = {
        "model": networks.emotion, "keypoints": networks.keypoints, "eyes": networks.eyes,
        "proposals": networks.proposals,
    }  # fmt: skip
    cards = {name: None if network is None else network.card for name, network in named.items()}
    return RunFacts(config, config_from, source.facts(), networks.detector.name, networks.emotion.runtime, cards)


# What draws is imported by runs that draw: rich and subprocess would cost every start 60 ms and 3 MB.


def _display_probe() -> DisplayProbe:
    from monitor.outputs.live.window import DisplayProbe

    return DisplayProbe()


def _dashboard(source: Source, folder: str, outputs: Outputs) -> Dashboard:
    from monitor.outputs.live.dashboard import Dashboard
    from monitor.system.terminal import terminal

    return Dashboard(terminal(), source.name, source.frames, folder, lambda: outputs.video.recording)


def _print_summary(outputs: Outputs, elapsed_s: float) -> None:
    from rich.console import Console

    from monitor.outputs.live.dashboard import summary_table

    # Whoever reads standard output may be gone, its disk full, its encoding poor: the run was fine and is written.
    # Rich ends the process when a pipe breaks.
    with contextlib.suppress(OSError, UnicodeError, SystemExit):
        Console().print(summary_table(outputs.stats, elapsed_s))


def _tell_headless(probe: DisplayProbe) -> str:
    reason = probe.reason()
    if reason:
        log.warning("%s; running headless", reason)
    return reason


def _exit_code(worker: Worker, feed: Feed, name: str, stop: Stopper) -> int:
    if worker.failed:
        log.error("error: %s", worker.failed)
        return worker.exit_code
    if worker.broken_sinks:
        return EXIT_UNEXPECTED
    if feed.ended and not stop.asked.is_set():
        if not worker.frames:
            log.error("error: --source %s: gave no readable picture", shown(name))
        if feed.live or not worker.frames:
            return EXIT_SOURCE
    return EXIT_OK
