"""Opens what a run needs: networks and source first, the session's files only when those are open."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.capture.choose import open_wanted
from monitor.capture.kinds import kind_of
from monitor.capture.names import revealed
from monitor.capture.photos import no_drive, unrelated
from monitor.capture.source import Source
from monitor.core.errors import ConfigError, DiskError
from monitor.core.incidents import Incidents
from monitor.networks.load import Networks, load
from monitor.outputs.bundle import Outputs, RunContext
from monitor.outputs.logs.metadata import RunFacts
from monitor.outputs.logs.retention import make_room
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.video.videofile import named
from monitor.run.assembly import for_photographs
from monitor.run.needs import require_outputs
from monitor.run.options import Options
from monitor.run.service import Service
from monitor.run.shutdown import Stopper
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.outputs.live.window import DisplayProbe

log = logging.getLogger("monitor")


@dataclass(frozen=True, slots=True)
class Opened:
    """A run before anything is written.

    Attributes:
        options: The options.
        config: The effective settings.
        config_from: Where they came from.
        networks: Detector and networks.
        source: The open source.
        name: The name under which the source can be opened again.
        windowed: Whether a window shows the run.
        photographs: Whether the source gives unrelated pictures.
        video_path: Where the user wants the video; None = in the session folder.
    """

    options: Options
    config: Config
    config_from: str
    networks: Networks
    source: Source
    name: str
    windowed: bool
    photographs: bool
    video_path: Path | None

    @property
    def watched(self) -> bool:
        """Whether a window or the web page shows the run."""
        return self.windowed or bool(self.config.web.listen)

    @property
    def live_view(self) -> bool:
        """Whether the terminal shows a live view."""
        return sys.stderr.isatty() and not self.windowed and not self.options.quiet


def opened(options: Options, config: Config, config_from: str, service: Service) -> Opened:
    """Loads the networks and opens the source. Nothing is written yet.

    Raises:
        UserError: Configuration, source or model cannot be used.
    """
    video_path = named(options.record)
    probe = None if options.headless else _display_probe()  # works while the networks are loaded
    require_outputs(config)
    networks = load(config)
    wanted = None if options.source is None else revealed(options.source)
    if wanted is not None:
        kind_of(wanted)  # reports a wrong name before the display is waited for
    windowed = probe is not None and _has_display(probe)
    source, name = _source(wanted, options, config, service, watched=windowed or bool(config.web.listen))
    photographs = unrelated(source, sequence=config.source.sequence)
    with _closing_on_error(source):
        if video_path is not None and os.path.exists(name) and video_path.resolve() == Path(name).resolve():
            raise ConfigError(f"--record {video_path}: is the source itself; give another file")
        if photographs and config.driver.enabled:
            raise no_drive(source)
    if photographs:
        config = for_photographs(config)
    return Opened(options, config, config_from, networks, source, name, windowed, photographs, video_path)


def begin(run: Opened, incidents: Incidents, stop: Stopper) -> tuple[SessionFolder, Outputs]:
    """Makes the session folder and opens its files. On an error the source is closed.

    Raises:
        UserError: They cannot be written.
    """
    output, out = run.config.output, run.options.out
    session: SessionFolder | None = None
    with _closing_on_error(run.source):
        try:
            if out is None:
                make_room(Path(output.dir).expanduser(), output.keep_days, output.max_mb, time.time())
            session = SessionFolder(out, output.dir, run.source.name, datetime.now())
            session.write_metadata(_facts(run))
            context = RunContext(session, run.source, run.config, run.networks.emotion.labels)
            return session, Outputs(context, run.video_path, incidents, stop)
        except OSError as error:
            if session is not None:
                session.give_up()
            where = error.filename or out or output.dir
            # ENXIO: a pipe without a reader; its message already names the fix.
            fix = "" if error.errno == errno.ENXIO else "; free space or give another --out"
            raise DiskError.kind(error)(f"{where}: cannot be written: {error.strerror}{fix}") from None


@contextmanager
def _closing_on_error(source: Source) -> Iterator[None]:
    try:
        yield
    except BaseException:
        source.close()
        raise


def _source(
    wanted: str | None, options: Options, config: Config, service: Service, *, watched: bool
) -> tuple[Source, str]:
    """Opens the source and reports to systemd that the program waits for it.

    Raises:
        UserError: It cannot be opened.
    """

    started = time.monotonic()

    def is_over() -> bool:
        """Whether --max-seconds have passed while no source was there."""
        return 0 < options.max_seconds <= time.monotonic() - started

    def report(status: str) -> None:
        if config.source.wait:
            service.ready()  # waiting is what the user asked for, so the unit counts as started
        service.alive()
        if service.due():
            service.report(status, {"state": "waiting"})

    return open_wanted(wanted, config, report, watched=watched, until=is_over)


def _facts(run: Opened) -> RunFacts:
    """The content of ``metadata.json``."""
    networks = run.networks
    by_name = {
        "model": networks.emotion, "keypoints": networks.keypoints, "eyes": networks.eyes,
        "proposals": networks.proposals,
    }  # fmt: skip
    cards = {name: None if network is None else network.card for name, network in by_name.items()}
    detector, runtime = networks.detector.name, networks.emotion.runtime
    return RunFacts(run.config, run.config_from, run.source.facts(), detector, runtime, cards)


def _display_probe() -> DisplayProbe:
    from monitor.outputs.live.window import DisplayProbe  # imports subprocess, which a headless start does not need

    return DisplayProbe()


def _has_display(probe: DisplayProbe) -> bool:
    reason = probe.reason()
    if reason:
        log.warning("%s; running headless", reason)
    return not reason
