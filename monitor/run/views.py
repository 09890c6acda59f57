"""The main thread while the worker runs: a live view in the terminal, or a window with its keys."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from monitor.core.types import Image, Result
from monitor.outputs.bundle import Outputs
from monitor.outputs.drawing.annotator import DETAILS, configured
from monitor.outputs.drawing.chrome import ALBUM_KEYS, KEYS, Status, Toast, dressed
from monitor.outputs.live.lines import PlainLines, RateMeter
from monitor.outputs.logs.session import SessionFolder
from monitor.run import shutdown as stopper
from monitor.run.shutdown import Stopper
from monitor.run.supervisor import Supervisor
from monitor.run.worker import Worker
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.outputs.live.album import Album
    from monitor.outputs.live.dashboard import Dashboard

log = logging.getLogger("monitor")

QUIT = ("q", "esc", "closed")
"""Keys that quit, as ``Window.key`` names them."""
NEXT, PREVIOUS = ("n", " "), ("p",)
"""Keys that turn the pages of an album."""
KEY_MS, IDLE_S = 10, 0.02
"""How long one round waits for a key, and without a window for the first picture."""


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a run that the main thread watches."""

    worker: Worker
    outputs: Outputs
    session: SessionFolder
    config: Config
    stop: Stopper
    watch: Supervisor


def watch_headless(
    worker: Worker, outputs: Outputs, stop: Stopper, view: Dashboard | PlainLines, watch: Supervisor
) -> None:
    """Shows the newest result until the worker is done or stuck, the run is stopped, or its terminal is closed."""
    try:
        with view:
            while not worker.join(0.1) and not stop.asked.is_set() and watch.tick():
                view.update(worker.latest, outputs.stats)
                if stopper.silence():  # SIGHUP reaches the terminal's foreground only
                    stop.ask()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # The terminal was closed during a write: end the run as if it had been asked to.
        stopper.silence()
        stop.ask()


def watch_window(running: Running, album: Album | None = None) -> Screen | None:
    """Shows results in a window and handles its keys until the run ends.

    Args:
        running: The run.
        album: The photographs, if the source gives photographs; they stay until the user quits.

    Returns:
        The open screen when photographs are still to be looked at (``linger``), else None.
    """
    screen = Screen(running, album)
    while screen.round():
        pass
    ended = screen.quit or running.stop.asked.is_set() or running.worker.failed
    if album is not None and len(album) and not ended:
        return screen
    screen.window.close()
    return None


def linger(screen: Screen, stop: Stopper) -> None:
    """Leaves the photographs on the screen until the user quits; the run is over, and all its files are complete."""
    log.info("all pictures are read; n and p turn the pages, q quits")
    while not stop.asked.is_set() and not screen.quit:
        screen.show()
        screen.press(screen.window.key(KEY_MS * 5))
    screen.window.close()


class Screen:
    """The window of a run: what it shows, and what its keys do.

    Attributes:
        window: The window.
        quit: Whether the user asked to quit.
    """

    def __init__(self, running: Running, album: Album | None = None) -> None:
        from monitor.outputs.live.window import Window

        display = running.config.display
        self.window = Window(display.max_width, display.max_height)
        self.quit = False
        self._running, self._album = running, album
        self._detail, self._page = configured(display), 0
        self._help = self._line = False
        self._blurred = running.config.output.blur != "none"
        self._meter, self._toast = RateMeter(), Toast()
        self._shown: tuple[object, ...] | None = None
        self._picture: Image | None = None
        self._result: Result | None = None
        self._actions = {
            " ": self._pause, "r": self._record, "o": self._cycle, "h": self._switch_help, "i": self._switch_line,
            "s": self._snapshot,
        }  # fmt: skip

    def round(self) -> bool:
        """One round: shows what is new and handles a key; False when the run is over."""
        running = self._running
        if self.quit or running.stop.asked.is_set() or not running.watch.tick():
            return False
        over = running.worker.done.is_set()  # asked before the newest result is: the last one is shown, too
        if not self.show():
            running.worker.join(IDLE_S)
            return not over
        self.press(self.window.key(KEY_MS))
        return not over and not self.quit

    def show(self) -> bool:
        """Shows the newest picture if anything about it has changed; whether there is a picture."""
        result = self._running.worker.latest
        if self._album is not None:
            if not len(self._album):
                return False
            self._page = min(self._page, len(self._album) - 1)
            wanted: object = self._page, len(self._album)
        elif result is None:
            return False
        else:
            self._result = result  # kept, so that its id is not given to the next one
            wanted = id(result)
        status = self._status(result)
        now = (wanted, self._detail, status)
        if now != self._shown:
            caption = ""
            if self._album is not None:
                self._picture, caption = self._album.picture(self._page, self._detail)
            elif result is not None:
                self._picture = self._running.outputs.canvas.picture(result, self._detail)
            self._shown = now
            assert self._picture is not None
            self.window.show(dressed(self._picture, self._status(result, caption), self._scale()))
        return True

    def press(self, key: str) -> None:
        """Does what a key stands for."""
        if key in QUIT:
            self.quit = True
        elif self._album is not None and key in (*NEXT, *PREVIOUS):
            step = 1 if key in NEXT else -1
            self._page = min(max(0, self._page + step), len(self._album) - 1)
        elif key in self._actions:
            self._actions[key]()

    def _scale(self) -> float:
        display, image = self._running.config.display, self._picture
        assert image is not None
        height, width = image.shape[:2]
        return float(min(1.0, display.max_width / width, display.max_height / height))

    def _status(self, result: Result | None, caption: str = "") -> Status:
        running = self._running
        wrong = tuple(running.watch.wrong)
        fps = self._meter.update(running.outputs.stats.frames)
        line = wrong
        if self._line and result is not None:
            line = (*wrong, f"{fps:.1f} fps", f"{result.latency_ms:.0f} ms", f"{result.dropped} dropped")
        keys = (ALBUM_KEYS if self._album is not None else KEYS) if self._help else ()
        return Status(
            line if self._album is None else (), running.outputs.video.recording, self._blurred,
            running.worker.paused.is_set(), self._toast.text, keys, caption,
        )  # fmt: skip

    def _pause(self) -> None:
        paused = self._running.worker.paused
        paused.clear() if paused.is_set() else paused.set()

    def _record(self) -> None:
        if self._album is not None:
            return
        video = self._running.outputs.video
        video.switch(on=not video.wanted)
        self._toast.show("recording" if video.wanted else "recording stopped")

    def _cycle(self) -> None:
        self._detail = DETAILS[(DETAILS.index(self._detail) + 1) % len(DETAILS)]
        self._toast.show(f"labels: {self._detail}")

    def _switch_help(self) -> None:
        self._help = not self._help

    def _switch_line(self) -> None:
        self._line = not self._line

    def _snapshot(self) -> None:
        if self._blurred:
            self._toast.show("no snapshot: output.blur is on")
            log.warning("no snapshot: output.blur is on, and a single picture cannot be blurred safely")
            return
        path = self._running.session.free_path("snapshot.png")
        if self._picture is not None and cv2.imwrite(str(path), self._picture):
            self._toast.show(f"saved {path.name}")
            log.info("snapshot %s", path)
        else:
            self._toast.show("the snapshot could not be written")
            log.error("error: %s could not be written; is the disk full?", path)
