"""The main thread of a run without a window: status lines of all cameras, or a live view in the terminal."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from monitor.outputs.live.lines import PlainLines
from monitor.run import shutdown as stopper
from monitor.run.camera import Camera
from monitor.run.shutdown import Stopper

if TYPE_CHECKING:
    from rich.console import Console


Turn = Callable[[float], bool]
"""Checks all cameras after at most the given seconds; returns whether any continues."""


class View(Protocol):
    """Terminal output, as a context manager."""

    def __enter__(self) -> object:
        """Begins to show it."""

    def __exit__(self, *exc: object) -> None:
        """Ends it."""

    def update(self) -> None:
        """Shows the newest results."""


def watch_headless(turn: Turn, stop: Stopper, view: View, wait_s: float = 0.1) -> None:
    """Shows the newest results until all cameras are done, the run is stopped, or its terminal is closed."""
    try:
        with view:
            while not stop.asked.is_set() and turn(wait_s):
                view.update()
                if stopper.silence():  # SIGHUP reaches the terminal's foreground only
                    stop.ask()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The terminal was closed during a write: the run ends in an orderly way.
        stopper.silence()
        stop.ask()


class LineView:
    """A status line of each camera every few seconds; see ``PlainLines``.

    Args:
        cameras: The cameras that are open; further ones may join.
    """

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self._cameras = cameras
        self._lines: list[PlainLines] = []

    def __enter__(self) -> LineView:
        return self

    def __exit__(self, *exc: object) -> None:
        """Nothing to close."""

    def update(self) -> None:
        """Logs the lines that are due."""
        for camera in self._cameras[len(self._lines) :]:
            source = camera.opened.source
            name = f"{camera.name}: {source.name}" if camera.name else source.name
            self._lines.append(PlainLines(name, source.frames))
        for camera, lines in zip(self._cameras, self._lines, strict=False):
            if not camera.over:
                lines.update(camera.worker.latest, camera.outputs.stats)


class LiveView:
    """The live view of all cameras; see ``Wall``.

    Args:
        console: The terminal.
        cameras: The cameras that are open; further ones may join.
        folder: The folder of the whole run.
    """

    def __init__(self, console: Console, cameras: Sequence[Camera], folder: str) -> None:
        from monitor.outputs.live.dashboard import Wall  # imports rich, 60 ms and 3 MB

        self._console, self._cameras, self._folder = console, cameras, folder
        self._wall = Wall(console, folder)
        self._add()

    def __enter__(self) -> LiveView:
        self._wall.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._wall.__exit__(*exc)

    def update(self) -> None:
        """Shows the newest results at the next refresh."""
        self._add()
        for camera, board in zip(self._cameras, self._wall.boards, strict=False):
            board.update(camera.worker.latest, camera.outputs.stats)

    def _add(self) -> None:
        from monitor.outputs.live.dashboard import Dashboard, Shown

        for camera in self._cameras[len(self._wall.boards) :]:
            source = camera.opened.source
            shown = Shown(
                source.name, source.frames, self._folder, _recording(camera), camera.outputs.labels, camera.name
            )
            self._wall.boards.append(Dashboard(self._console, shown, camera.outputs.history))


def _recording(camera: Camera) -> Callable[[], bool]:
    return lambda: camera.outputs.video.recording
