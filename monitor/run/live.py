"""One live run: starts its cameras, supervises them from the main thread, and ends them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from monitor.core.errors import EXIT_OK, EXIT_SOURCE, EXIT_UNEXPECTED, UserError
from monitor.run.camera import Camera
from monitor.run.cameras import Cameras, Setting
from monitor.run.openings import Opening, lines_of
from monitor.run.terminalview import LineView, LiveView, View, watch_headless
from monitor.system.wholefile import replace_text

if TYPE_CHECKING:
    from monitor.outputs.live.album import Album

log = logging.getLogger("monitor")

TURN_S = 0.1
"""Longest pause between two checks of the cameras."""


class LiveRun:
    """A run with one or several cameras.

    A camera that ends or fails is completed while the others continue; one that waits for its source joins later.

    Args:
        setting: The common settings of the cameras.
        openings: Their sources, at least one of them open.

    Raises:
        UserError: The files cannot be written; all sources are closed then.
    """

    def __init__(self, setting: Setting, openings: Sequence[Opening]) -> None:
        self._setting = setting
        self._news = threading.Event()
        self._started = time.monotonic()
        self._leave_open: Callable[[], None] | None = None
        self._failed: list[Opening] = []
        self._pending: list[Opening] = []
        ready = [opening.result for opening in openings if opening.done.is_set() and opening.result is not None]
        with contextlib.ExitStack() as stack:
            for opened in ready:
                stack.callback(opened.source.close)  # may be closed twice
            self._cameras = Cameras(setting)
            stack.callback(self._cameras.give_up)
            for opened in ready:
                self._cameras.add(opened)
            stack.pop_all()
        for opening in openings:
            if opening.result not in ready:
                self._pending.append(opening)
                self._miss(opening, "waiting for its source")
        self._album = self._make_album()

    def run(self) -> int:
        """Runs to the end.

        Returns:
            The exit code: that of the first camera that failed.
        """
        setting = self._setting
        self._started = time.monotonic()
        for camera in self._cameras.all:
            self._start(camera)
        setting.service.ready()
        try:
            self._show()
        finally:
            complete = self._close()
        code = self._exit_code() if complete else EXIT_UNEXPECTED
        setting.stop.code = code  # All files are complete, so a closed terminal is no failure
        if not setting.options.quiet:
            _print_summary(self._cameras.all)
        if setting.options.report:
            code = code or self._write_report()
        log.info("%s", self._cameras.folder)
        if self._leave_open is not None:
            self._leave_open()
        return code

    def turn(self, wait_s: float = TURN_S) -> bool:
        """Checks all cameras once, after at most ``wait_s`` seconds; less when a camera ends.

        Returns:
            Whether any camera continues or is still being opened.
        """
        if wait_s:
            self._news.wait(wait_s)
        self._news.clear()
        stop = self._setting.stop
        if stop.rotate.is_set():
            stop.rotate.clear()
            for camera in self._cameras.all:
                camera.requests.rotate.set()
        self._adopt()
        going = [camera.tick() for camera in self._cameras.all]
        return any(going) or bool(self._pending)

    def _adopt(self) -> None:
        """Starts cameras whose source has opened meanwhile, and reports those whose source could not be opened."""
        for opening in [opening for opening in self._pending if opening.done.is_set()]:
            self._pending.remove(opening)
            try:
                if opening.result is not None:
                    self._start(self._cameras.add(opening.result))
                    continue
            except UserError as error:
                opening.error = error
            self._failed.append(opening)
            self._miss(opening, "not opened")
            for line in lines_of(opening):
                log.error("error: %s; the other cameras go on", line)

    def _miss(self, opening: Opening, why: str) -> None:
        if self._setting.page is not None:
            self._setting.page.miss(opening.plan.camera, why)

    def _start(self, camera: Camera) -> None:
        source = camera.opened.source
        log.info("%s → %s", source.name, camera.session.folder)
        if source.live:
            recording = camera.outputs.video.recording
            log.info("the camera is in use; %s", "pictures are recorded" if recording else "nothing is filmed")
        camera.start(self._news.set)

    def _show(self) -> None:
        """The main thread's loop."""
        setting, cameras = self._setting, self._cameras.all
        if setting.windowed:
            from monitor.run.views import linger, watch_window

            screen = watch_window(lambda: [camera.running for camera in cameras], self.turn, setting.stop, self._album)
            if screen is not None:
                self._leave_open = lambda: linger(screen, setting.stop)
        else:
            watch_headless(self.turn, setting.stop, self._view())

    def _view(self) -> View:
        setting, cameras = self._setting, self._cameras
        if not setting.live_view:
            return LineView(cameras.all)
        from monitor.system.terminal import terminal  # imports rich

        return LiveView(terminal(), cameras.all, str(cameras.folder))

    def _make_album(self) -> Album | None:
        """The album of photographs for the window, if there is a window."""
        setting, camera = self._setting, self._cameras.all[0]
        limited = setting.options.max_frames or setting.options.max_seconds
        if not setting.windowed or not camera.opened.photographs or limited:
            return None
        from monitor.outputs.live.album import Album

        album = Album(camera.opened.config.display, camera.opened.source.frames)
        camera.outputs.sinks.append(album)
        return album

    def _close(self) -> bool:
        """Ends all cameras; returns whether every file is complete."""
        setting = self._setting
        setting.service.stopping()
        for opening in self._pending:
            opening.abandon()
        absent = {o.plan.camera: {"state": "not opened", "exit_code": EXIT_OK} for o in self._pending}
        for opening in self._failed:
            state: dict[str, object] = {"state": "not opened", "exit_code": _code_of(opening)}
            absent[opening.plan.camera] = {**state, "error": "; ".join(lines_of(opening))}
        complete = self._cameras.close(absent, time.monotonic() - self._started)
        if setting.page is not None:
            setting.page.close()
        setting.service.report("ended", {"state": "ended"})
        return complete

    def _exit_code(self) -> int:
        codes = {camera.name: camera.code for camera in self._cameras.all}
        codes |= {opening.plan.camera: _code_of(opening) for opening in self._failed}
        named = [camera.name for camera in self._setting.options.cameras] or [""]
        return next((codes[name] for name in named if codes.get(name)), EXIT_OK)

    def _write_report(self) -> int:
        """Writes the report; returns the exit code."""
        from monitor.outputs.report.page import render

        path = self._cameras.folder / "report.html"
        try:
            replace_text(path, render([self._cameras.folder]))
        except (OSError, UserError) as error:
            log.error("error: %s: could not be written: %s", path, error)
            return EXIT_UNEXPECTED
        log.info("%s", path)
        return EXIT_OK


def _code_of(opening: Opening) -> int:
    return opening.error.exit_code if isinstance(opening.error, UserError) else EXIT_SOURCE


def _print_summary(cameras: Sequence[Camera]) -> None:
    from rich.console import Console

    from monitor.outputs.live.blocks import blocks_for
    from monitor.outputs.live.summary import summary_table

    # Standard output may be closed, full or of a poor encoding, and rich ends the process when a pipe breaks. All
    # files are complete by now, so none of this is a failure of the run.
    with contextlib.suppress(OSError, UnicodeError, SystemExit):
        console = Console()
        for camera in cameras:
            table = summary_table(camera.outputs.stats, camera.elapsed_s, blocks_for(console, camera.outputs.labels))
            console.print(*([f"[bold]{camera.name}[/bold]"] if camera.name else []), table)
