"""A camera in the window: its picture with the window's additions, and the effects of keys."""

from __future__ import annotations

import logging

import cv2

from monitor.core.types import Image, Result
from monitor.outputs.drawing.canvas import DETAILS, configured
from monitor.outputs.drawing.chrome import Status, Toast, dressed
from monitor.outputs.live.lines import RateMeter
from monitor.run.running import Running

log = logging.getLogger("monitor")


class Pane:
    """The picture of one camera; it is drawn again only when something about it has changed.

    Args:
        running: The camera.

    Attributes:
        running: See above.
        keys: Keys and their actions, while the help is shown; () = no help.
        drawn: Number of pictures drawn so far.
    """

    def __init__(self, running: Running) -> None:
        self.running = running
        self.keys: tuple[tuple[str, str], ...] = ()
        self.drawn = 0
        self._detail = configured(running.config.display)
        self._line = False
        self._blurred = running.config.output.blur != "none"
        self._meter, self._toast = RateMeter(), Toast()
        self._shown: tuple[object, ...] | None = None
        self._result: Result | None = None
        self._plain: Image | None = None
        self._dressed: Image | None = None
        self._actions = {
            " ": self._pause, "r": self._record, "o": self._cycle, "i": self._switch_line, "s": self._snapshot,
        }  # fmt: skip

    def picture(self) -> Image | None:
        """The newest picture, (H, W, 3) uint8 BGR; None before the first one."""
        result = self.running.worker.latest
        if result is None:
            return None
        self._result = result  # a reference, so that the id is not reused by the next one
        status = self._status(result)
        now = (id(result), self._detail, status)
        if now != self._shown:
            self._shown = now
            self._draw(result, status)
        return self._dressed

    def press(self, key: str) -> None:
        """Executes a key, if it has a meaning."""
        if key in self._actions:
            self._actions[key]()

    def _draw(self, result: Result, status: Status) -> None:
        self._plain = self.running.outputs.canvas.picture(result, self._detail)
        display, (height, width) = self.running.config.display, self._plain.shape[:2]
        shown = float(min(1.0, display.max_width / width, display.max_height / height))
        self._dressed = dressed(self._plain, status, shown)
        self.drawn += 1

    def _status(self, result: Result) -> Status:
        running = self.running
        wrong = tuple(running.watch.wrong)
        fps = self._meter.update(running.outputs.stats.frames)
        line = wrong
        if self._line:
            line = (*wrong, f"{fps:.1f} fps", f"{result.latency_ms:.0f} ms", f"{result.dropped} dropped")
        if running.name:
            ended = ("ended",) if running.worker.done.is_set() else ()
            line = (running.name, *ended, *line)
        return Status(
            line, running.outputs.video.recording, self._blurred, running.worker.paused.is_set(), self._toast.text,
            self.keys,
        )  # fmt: skip

    def _pause(self) -> None:
        paused = self.running.worker.paused
        paused.clear() if paused.is_set() else paused.set()

    def _record(self) -> None:
        video = self.running.outputs.video
        video.switch(on=not video.wanted)
        self._toast.show("recording" if video.wanted else "recording stopped")

    def _cycle(self) -> None:
        self._detail = DETAILS[(DETAILS.index(self._detail) + 1) % len(DETAILS)]
        self._toast.show(f"labels: {self._detail}")

    def _switch_line(self) -> None:
        self._line = not self._line

    def _snapshot(self) -> None:
        save_snapshot(self.running, self._plain, self._toast)


def save_snapshot(running: Running, picture: Image | None, toast: Toast) -> None:
    """Saves the annotated picture without the window's additions, and shows a message."""
    if running.config.output.blur != "none":
        toast.show("no snapshot: output.blur is on")
        log.warning("no snapshot: output.blur is on, and a single picture cannot be blurred safely")
        return
    path = running.session.free_path("snapshot.png")
    if picture is not None and cv2.imwrite(str(path), picture):
        toast.show(f"saved {path.name}")
        log.info("snapshot %s", path)
    else:
        toast.show("the snapshot could not be written")
        log.error("error: %s could not be written; is the disk full?", path)
