"""The main thread while the worker works: a live view in the terminal, or a window with its keys."""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

import cv2

from monitor.core.types import Image
from monitor.outputs.bundle import Outputs
from monitor.outputs.drawing.overlay import Overlay, Status
from monitor.outputs.live.lines import PlainLines, RateMeter
from monitor.outputs.logs.session import SessionFolder
from monitor.run import shutdown as stopper
from monitor.run.shutdown import Stopper
from monitor.run.supervisor import Supervisor
from monitor.run.worker import Worker
from monitor.settings.config import Config

if TYPE_CHECKING:
    from monitor.outputs.live.dashboard import Dashboard
    from monitor.outputs.live.window import Window

log = logging.getLogger("monitor")

QUIT = ("q", "esc", "closed")
"""What ``Window.key`` gives when somebody has had enough."""


def watch_headless(
    worker: Worker, outputs: Outputs, stop: Stopper, view: Dashboard | PlainLines, watch: Supervisor
) -> None:
    """Until the worker is done, somebody stops it, its terminal is closed or it is stuck: shows the newest result."""
    try:
        with view:
            while not worker.join(0.1) and not stop.asked.is_set() and watch.tick():
                view.update(worker.latest, outputs.stats)
                if stopper.silence():  # SIGHUP reaches the terminal's foreground only
                    stop.ask()
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        # Closed while it was written to; the run ends as one that was asked to.
        stopper.silence()
        stop.ask()


def watch_window(
    worker: Worker,
    outputs: Outputs,
    session: SessionFolder,
    config: Config,
    stop: Stopper,
    watch: Supervisor,
    stay: bool = False,
) -> tuple[Window, Image] | None:
    """The main thread's loop with a window: draw the newest result, react to keys.

    Args:
        worker: The worker.
        outputs: Whose recording the keys switch.
        session: Where snapshots go.
        config: What is drawn.
        stop: Ends it from outside.
        watch: Ends it when the worker is stuck.
        stay: Leave the window open when the pictures end: photographs are over before they are seen.

    Returns:
        The window and its last picture, where they are to stay (``linger``).
    """
    from monitor.outputs.live.window import Window

    window = Window(config.display.max_width, config.display.max_height)
    overlay, meter = Overlay(config.display), RateMeter()
    stats, video = outputs.stats, outputs.video
    drawn, picture, show_overlay, help_shown, redraw = None, None, config.display.overlay, False, False
    blurred = config.output.blur != "none"
    over = False
    while not over and not stop.asked.is_set() and watch.tick():
        over = worker.done.is_set()  # asked before the newest result is: the last one is drawn, too
        result = worker.latest
        if result is not None and (result is not drawn or redraw):
            status = Status(
                meter.update(stats.frames),
                video.recording,
                worker.paused.is_set(),
                help_shown,
                blurred,
                tuple(watch.wrong),
            )
            picture, drawn, redraw = overlay.annotate(result, status, show_overlay), result, False
            window.show(picture)
        if picture is None:
            worker.join(0.02)
            continue
        key = window.key(10)
        redraw = bool(key)
        if key in QUIT:
            break
        if key == " ":
            worker.paused.clear() if worker.paused.is_set() else worker.paused.set()
        elif key == "r":
            video.switch(not video.wanted)
        elif key == "o":
            show_overlay = not show_overlay
        elif key == "h":
            help_shown = not help_shown
        elif key == "s":
            _snapshot(session, picture, blurred)
    else:
        if stay and over and picture is not None and not worker.failed:
            return window, picture
    window.close()
    return None


def linger(window: Window, picture: Image, session: SessionFolder, blurred: bool, stop: Stopper) -> None:
    """Leaves the last picture on the screen until somebody quits; the run is over, and all its files are finished."""
    log.info("that was the last picture; q in the window ends it")
    while not stop.asked.is_set() and (key := window.key(50)) not in QUIT:
        if key == "s":
            _snapshot(session, picture, blurred)
    window.close()


def _snapshot(session: SessionFolder, picture: Image, blurred: bool) -> None:
    if blurred:
        log.warning("no snapshot: output.blur is on, and a single picture cannot be blurred safely")
        return
    path = session.free_path("snapshot.png")
    if cv2.imwrite(str(path), picture):
        log.info("snapshot %s", path)
    else:
        log.error("error: %s could not be written; is the disk full?", path)
