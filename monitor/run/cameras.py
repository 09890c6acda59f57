"""The cameras of a run: their common settings, session folders and outputs."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from monitor.outputs.live.lines import EventLines
from monitor.outputs.logs.group import SessionGroup
from monitor.outputs.logs.retention import make_room
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.sink import Sink
from monitor.run.camera import Camera, Requests
from monitor.run.options import Options
from monitor.run.preparation import Opened, closing_on_error, disk_errors
from monitor.run.service import Service
from monitor.run.shares import SharedService
from monitor.run.shutdown import Stopper
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.run.webpage import WebPage

log = logging.getLogger("monitor")


class Setting(NamedTuple):
    """Common settings and parts of all cameras of a run.

    Attributes:
        options: The options.
        config: The settings outside of ``cameras``.
        config_from: Their origin.
        service: systemd and the health file.
        stop: Signals.
        page: The web page; None = none.
        windowed: Whether a window shows the run.
        extra: Makes further sinks of a camera, given its session folder.
    """

    options: Options
    config: Config
    config_from: str
    service: Service
    stop: Stopper
    page: WebPage | None
    windowed: bool
    extra: Callable[[Path], Sequence[Sink]]

    @property
    def live_view(self) -> bool:
        """Whether the terminal shows a live view."""
        return sys.stderr.isatty() and not self.windowed and not self.options.quiet


class Cameras:
    """All cameras of a run that have been opened.

    A run with one source writes into its own session folder. With several, one folder holds the session folder of
    each.

    Args:
        setting: Their common settings.

    Attributes:
        all: The cameras in the order in which they were opened.

    Raises:
        UserError: The folder cannot be written.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._group: SessionGroup | None = None
        self._shared: SharedService | None = None
        self.all: list[Camera] = []
        options, output = setting.options, setting.config.output
        with disk_errors(options.out or output.dir):
            if options.out is None:
                make_room(Path(output.dir).expanduser(), output.keep_days, output.max_mb, time.time())
            if options.cameras:
                names = [camera.name for camera in options.cameras]
                self._group = SessionGroup(options.out, output.dir, names, datetime.now())
                self._shared = SharedService(setting.service, str(self._group.folder))

    @property
    def folder(self) -> Path:
        """The folder of the whole run."""
        return self._group.folder if self._group is not None else self.all[0].session.folder

    def add(self, opened: Opened) -> Camera:
        """Opens the files and outputs of a camera.

        Raises:
            UserError: They cannot be written; the source is closed then.
        """
        setting = self._setting
        with closing_on_error(opened.source):
            session = self._session(opened)
        reporter = self._shared.share(opened.camera) if self._shared is not None else setting.service
        requests = Requests(setting.stop.asked)
        camera = Camera(opened, session, setting.config_from, setting.options, requests, reporter)
        self.all.append(camera)
        outputs = camera.outputs
        outputs.video.switch(on=setting.options.record is not None)
        if not setting.live_view and not opened.photographs:
            outputs.sinks.append(EventLines())
        outputs.sinks.extend(setting.extra(session.folder))
        if setting.page is not None:
            sink, chore = setting.page.add(camera.running, camera.incidents, live=opened.source.live)
            outputs.sinks.append(sink)
            camera.watch.chores.append(chore)
        return camera

    def _session(self, opened: Opened) -> SessionFolder:
        if self._group is not None:
            return self._group.part(opened.camera)
        out, root = self._setting.options.out, opened.config.output.dir
        with disk_errors(out or root):
            return SessionFolder(out, root, opened.source.name, datetime.now())

    def close(self, not_opened: dict[str, dict[str, object]], elapsed_s: float) -> bool:
        """Ends all cameras at once and writes the summary of the run.

        Args:
            not_opened: Outcome of each camera that was never opened, by name.
            elapsed_s: Length of the run in seconds.

        Returns:
            Whether every file is complete.
        """
        for camera in self.all:
            camera.end()
        complete = all(list(map(Camera.wait, self.all)))
        if self._group is not None:
            outcomes = {camera.name: camera.outcome() for camera in self.all} | not_opened
            names = [camera.name for camera in self._setting.options.cameras]
            complete &= self._group.close({name: outcomes.get(name, {}) for name in names}, elapsed_s)
        return complete

    def give_up(self) -> None:
        """Ends a run that cannot begin: closes all open cameras and removes empty folders."""
        for camera in self.all:
            camera.end()
            camera.wait()
        if self._group is not None:
            self._group.give_up()
