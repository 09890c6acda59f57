"""Prepares the cameras of a run: checks names and settings, loads the networks, opens a source and then its files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from monitor.capture.choose import open_wanted
from monitor.capture.kinds import PHOTOGRAPHS, kind_of
from monitor.capture.names import revealed, shown
from monitor.capture.photos import no_drive, unrelated
from monitor.capture.source import Source
from monitor.core.errors import ConfigError, DiskError, SourceError
from monitor.core.incidents import Incidents
from monitor.networks.load import Networks, Shelf, load
from monitor.outputs.bundle import Outputs, RunContext, Stop
from monitor.outputs.logs.metadata import RunFacts
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.video.videofile import named
from monitor.run.assembly import for_photographs
from monitor.run.needs import require_outputs
from monitor.run.options import Options
from monitor.run.seats import with_remembered
from monitor.settings.cameras import CameraConfig
from monitor.settings.config import Config


class Planned(NamedTuple):
    """A camera before its source is opened.

    Attributes:
        camera: Its name; "" = the only source of the run.
        wanted: The source the user named, secrets filled in; None = the first camera, else the demo.
        config: Its settings.
        networks: Detector and networks.
        video_path: The path of the video that the user named; None = in the session folder.
    """

    camera: str
    wanted: str | None
    config: Config
    networks: Networks
    video_path: Path | None

    @property
    def gray(self) -> bool:
        """Whether gray pictures suffice for the analysis."""
        return not self.networks.detector.wants_color


class Opened(NamedTuple):
    """A camera whose source is open; nothing is written yet.

    Attributes:
        plan: See ``Planned``.
        config: The effective settings.
        source: The open source.
        name: The name under which the source can be opened again.
        photographs: Whether the source consists of unrelated pictures.
        watched: Whether a window or the web page shows it.
    """

    plan: Planned
    config: Config
    source: Source
    name: str
    photographs: bool
    watched: bool

    @property
    def camera(self) -> str:
        """Name of the camera; "" = the only source of the run."""
        return self.plan.camera


def planned(options: Options, config: Config) -> list[Planned]:
    """The cameras of a run. They share the networks that do not depend on the size of their frames.

    Raises:
        UserError: A setting, the name of a source or a model cannot be used; one line each.
    """
    video_path = named(options.record)
    cameras = options.cameras or (CameraConfig("", options.source, config),)
    shelf = Shelf()
    plans: list[Planned] = []
    problems: list[str] = []
    for camera in cameras:
        require_outputs(camera.config)
        networks = load(camera.config, shelf)
        try:
            wanted = None if camera.source is None else revealed(camera.source)
            _require_known(wanted, camera)
        except SourceError as error:
            problems += error.lines if not camera.name else [f"{camera.name}: {line}" for line in error.lines]
        else:
            plans.append(Planned(camera.name, wanted, camera.config, networks, video_path))
    if problems:
        raise SourceError(*problems)
    return plans


def _require_known(wanted: str | None, camera: CameraConfig) -> None:
    """Reports a wrong name early, before the wait for a display or another source.

    Raises:
        SourceError: Nothing of that name exists, or it is a photograph among several cameras.
    """
    kind = "" if wanted is None else kind_of(wanted)
    if wanted is not None and camera.name and kind in PHOTOGRAPHS and not camera.config.source.sequence:
        raise SourceError(
            f"--source {shown(wanted)} is a photograph or a folder; several cameras must be cameras or videos"
        )


def opened(
    plan: Planned, tell: Callable[[str], None], *, watched: bool, until: Callable[[], bool] = lambda: False
) -> Opened:
    """Opens the source of a camera; see ``open_wanted`` for the arguments.

    Raises:
        UserError: It cannot be opened, or not with these settings.
    """
    config = plan.config
    source, name = open_wanted(plan.wanted, config, tell, watched=watched, gray=plan.gray, until=until)
    photographs = unrelated(source, sequence=config.source.sequence)
    with closing_on_error(source):
        path = plan.video_path
        if path is not None and os.path.exists(name) and path.resolve() == Path(name).resolve():
            raise ConfigError(f"--record {path}: is the source itself; give another file")
        if photographs and config.driver.enabled:
            raise no_drive(source)
    config = for_photographs(config) if photographs else with_remembered(config, source.name, live=source.live)
    return Opened(plan, config, source, name, photographs, watched)


def begin(run: Opened, session: SessionFolder, config_from: str, incidents: Incidents, stop: Stop) -> Outputs:
    """Opens the files of a camera. On an error the source is closed and an empty session folder removed.

    Raises:
        UserError: They cannot be written.
    """
    with closing_on_error(run.source), disk_errors(session.folder, session):
        session.write_metadata(_facts(run, config_from))
        context = RunContext(session, run.source, run.config, run.plan.networks.emotion.labels)
        return Outputs(context, run.plan.video_path, incidents, stop)


@contextmanager
def disk_errors(where: object, session: SessionFolder | None = None) -> Iterator[None]:
    """Words an ``OSError`` for the user; ``session`` is given up then.

    Raises:
        UserError: See ``DiskError.kind``.
    """
    try:
        yield
    except OSError as error:
        if session is not None:
            session.give_up()
        # ENXIO: a pipe without a reader; its message already names the fix.
        fix = "" if error.errno == errno.ENXIO else "; free space or give another --out"
        place = error.filename or where
        raise DiskError.kind(error)(f"{place}: cannot be written: {error.strerror}{fix}") from None


@contextmanager
def closing_on_error(source: Source) -> Iterator[None]:
    """Closes a source if the block raises."""
    try:
        yield
    except BaseException:
        source.close()
        raise


def _facts(run: Opened, config_from: str) -> RunFacts:
    """The content of ``metadata.json``."""
    networks = run.plan.networks
    by_name = {
        "model": networks.emotion, "keypoints": networks.keypoints, "eyes": networks.eyes,
        "proposals": networks.proposals, "covers": networks.emotion.covers,
    }  # fmt: skip
    cards = {name: None if network is None else network.card for name, network in by_name.items()}
    detector, runtime = networks.detector.name, networks.emotion.runtime
    return RunFacts(run.config, config_from, run.source.facts(), detector, runtime, cards)
