"""The main thread while a window shows the cameras: their pictures, and its keys."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from monitor.core.types import Image
from monitor.outputs.drawing.canvas import DETAILS, configured
from monitor.outputs.drawing.chrome import ALBUM_KEYS, KEYS, SEVERAL_KEYS, Status, Toast, dressed
from monitor.outputs.live.tiles import tiled
from monitor.run.panes import Pane, save_snapshot
from monitor.run.running import Running
from monitor.run.shutdown import Stopper
from monitor.run.terminalview import Turn

if TYPE_CHECKING:
    from monitor.outputs.live.album import Album

log = logging.getLogger("monitor")

QUIT = ("q", "esc", "closed")
"""Keys that quit, as ``Window.key`` names them."""
NEXT, PREVIOUS = ("n", " "), ("p",)
"""Keys that turn the pages of an album."""
ALL = "0"
"""Key that shows all cameras; 1 to 9 show one of them."""
KEY_MS, IDLE_S = 10, 0.02
"""Seconds that one round waits for a key, or without a window for the first picture."""


def watch_window(
    running: Callable[[], Sequence[Running]], turn: Turn, stop: Stopper, album: Album | None = None
) -> AlbumScreen | None:
    """Shows results in a window and handles its keys until the run ends.

    Args:
        running: The cameras that are open; further ones may join.
        turn: Checks the cameras.
        stop: Signals.
        album: The photographs, if the source gives photographs; they stay on the screen until the user quits.

    Returns:
        The open screen if the user can still view photographs (``linger``), else None.
    """
    screen = Screen(running) if album is None else AlbumScreen(running()[0], album)
    while not stop.asked.is_set():
        on = turn(0.0)  # checked before the newest results are taken, so that the last ones are shown
        if screen.show():
            screen.press(screen.window.key(KEY_MS))
        elif on:
            turn(IDLE_S)
        if screen.quit or not on:
            break
    ended = screen.quit or stop.asked.is_set() or running()[0].worker.failed
    if isinstance(screen, AlbumScreen) and screen.pages and not ended:
        return screen
    screen.window.close()
    return None


def linger(screen: AlbumScreen, stop: Stopper) -> None:
    """Leaves the photographs on the screen until the user quits; the run is over, and all its files are complete."""
    log.info("all pictures are read; n and p turn the pages, q quits")
    while not stop.asked.is_set() and not screen.quit:
        screen.show()
        screen.press(screen.window.key(KEY_MS * 5))
    screen.window.close()


class Screen:
    """The window of a run: the picture of its camera, or of all cameras side by side.

    Args:
        running: The cameras that are open; further ones may join.

    Attributes:
        window: The window.
        quit: Whether the user asked to quit.
    """

    def __init__(self, running: Callable[[], Sequence[Running]]) -> None:
        from monitor.outputs.live.window import Window

        self._running = running
        self._panes: list[Pane] = []
        self._add_panes()
        self._display = self._panes[0].running.config.display
        self.window = Window(self._display.max_width, self._display.max_height)
        self.quit = False
        self._alone: int | None = None
        self._help = False
        self._shown: tuple[object, ...] = ()

    def show(self) -> bool:
        """Shows the newest pictures if anything about them has changed; whether there is one."""
        self._add_panes()
        chosen = self._chosen()
        pictures = [pane.picture() for pane in chosen]
        if all(picture is None for picture in pictures):
            return False
        now = tuple((id(pane), pane.drawn) for pane in chosen)
        if now != self._shown:
            self._shown = now
            first = pictures[0]
            if len(pictures) > 1 or first is None:
                first = tiled(pictures, self._display.max_width, self._display.max_height)
            self.window.show(first)
        return True

    def press(self, key: str) -> None:
        """Executes a key; with several cameras, for those that are shown."""
        if key in QUIT:
            self.quit = True
        elif key == "h":
            self._help = not self._help
            self._show_help()
        elif key == ALL:
            self._choose(None)
        elif key.isdecimal() and int(key) <= len(self._panes) > 1:
            self._choose(int(key) - 1)
        else:
            for pane in self._chosen():
                pane.press(key)

    def _choose(self, number: int | None) -> None:
        self._alone = number
        self._show_help()

    def _chosen(self) -> list[Pane]:
        return self._panes if self._alone is None else [self._panes[self._alone]]

    def _show_help(self) -> None:
        """Shows the keys on the first picture that is shown."""
        for pane in self._panes:
            pane.keys = ()
        if self._help:
            self._chosen()[0].keys = KEYS if len(self._panes) == 1 else (*KEYS, *SEVERAL_KEYS)

    def _add_panes(self) -> None:
        self._panes += [Pane(running) for running in self._running()[len(self._panes) :]]


class AlbumScreen:
    """The window of a run over photographs, which are turned by keys.

    Args:
        running: The run.
        album: The photographs.

    Attributes:
        window: The window.
        quit: Whether the user asked to quit.
    """

    def __init__(self, running: Running, album: Album) -> None:
        from monitor.outputs.live.window import Window

        display = running.config.display
        self.window = Window(display.max_width, display.max_height)
        self.quit = False
        self._running, self._album = running, album
        self._detail, self._page, self._help = configured(display), 0, False
        self._toast = Toast()
        self._picture: Image | None = None
        self._shown: tuple[object, ...] = ()

    @property
    def pages(self) -> int:
        """Number of photographs."""
        return len(self._album)

    def show(self) -> bool:
        """Shows the chosen photograph if anything about it has changed; whether there is one."""
        if not self.pages:
            return False
        self._page = min(self._page, self.pages - 1)
        now = (self._page, self.pages, self._detail, self._help, self._toast.text)
        if now != self._shown:
            self._shown = now
            self._picture, caption = self._album.picture(self._page, self._detail)
            blurred = self._running.config.output.blur != "none"
            keys = ALBUM_KEYS if self._help else ()
            status = Status(blurred=blurred, toast=self._toast.text, keys=keys, caption=caption)
            display, (height, width) = self._running.config.display, self._picture.shape[:2]
            shown = float(min(1.0, display.max_width / width, display.max_height / height))
            self.window.show(dressed(self._picture, status, shown))
        return True

    def press(self, key: str) -> None:
        """Executes a key."""
        if key in QUIT:
            self.quit = True
        elif key in (*NEXT, *PREVIOUS):
            step = 1 if key in NEXT else -1
            self._page = min(max(0, self._page + step), self.pages - 1)
        elif key == "o":
            self._detail = DETAILS[(DETAILS.index(self._detail) + 1) % len(DETAILS)]
            self._toast.show(f"labels: {self._detail}")
        elif key == "h":
            self._help = not self._help
        elif key == "s":
            save_snapshot(self._running, self._picture, self._toast)
