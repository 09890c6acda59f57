"""The video sink: records the annotated picture while it is switched on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from monitor.core.types import Event, Image, Result
from monitor.outputs.drawing.canvas import Canvas, Detail, configured
from monitor.outputs.video.errors import VideoError
from monitor.outputs.video.recorder import Recorder, Target
from monitor.settings.config import DetectConfig, DisplayConfig, OutputConfig

if TYPE_CHECKING:
    from monitor.outputs.video.blur import Blur

log = logging.getLogger("monitor")

RETRY_S = 10.0
"""Seconds after a failure until recording is tried again."""
TROUBLE = (VideoError, OSError, cv2.error)
"""Failures of a disk or an encoder, after which recording is tried again."""


class VideoSink:
    """Writes video files while recording is switched on; switching it on again begins a new file.

    Args:
        target: The destination of the files.
        config: Codec, rate, length of a file, clean picture or not, blur.
        canvas: The annotated pictures.
        display: What is drawn: ``overlay``, ``detail`` and ``burn_in``.

    Attributes:
        failing: Whether the last attempt to record failed.
    """

    def __init__(
        self, target: Target, config: OutputConfig, canvas: Canvas, display: DisplayConfig | None = None
    ) -> None:
        self._config, self._canvas = config, canvas
        self._display = display or DisplayConfig()
        self._detail: Detail = configured(self._display)
        self._blur = _make_blur(config.blur, live=target.live)
        self.recorder = Recorder(target, config)
        self._wanted, self._held, self._renew = threading.Event(), threading.Event(), threading.Event()
        self._failed_at: float | None = None
        self._begun = False
        self.failing = False

    @property
    def idle(self) -> bool:
        """Whether recording is off and nothing waits to be written, so that a result would change nothing."""
        return not (self._wanted.is_set() or self._begun)

    @property
    def recording(self) -> bool:
        """Whether frames are being written."""
        return self._wanted.is_set() and not self._held.is_set() and not self.failing

    @property
    def wanted(self) -> bool:
        """Whether recording is switched on, even while the disk is full."""
        return self._wanted.is_set()

    @property
    def paused(self) -> bool:
        """Whether recording is switched on, but the disk is full."""
        return self._wanted.is_set() and self._held.is_set()

    @property
    def path(self) -> Path | None:
        """The file being written."""
        return self.recorder.path

    @property
    def files(self) -> list[Path]:
        """All files begun."""
        return self.recorder.files

    @property
    def damaged(self) -> bool:
        """Whether a file that was completed does not play."""
        return self.recorder.damaged

    def switch(self, *, on: bool) -> None:
        """Starts or stops recording with the next frame; may be called from any thread."""
        self._failed_at = None
        self.recorder.announce = self.recorder.announce or on
        self._wanted.set() if on else self._wanted.clear()

    def hold(self, *, on: bool) -> None:
        """Pauses recording because the disk is full, or resumes it; may be called from any thread."""
        self._held.set() if on else self._held.clear()

    def renew(self) -> None:
        """Begins a new file with the next frame; may be called from any thread."""
        self._renew.set()

    def handle(self, result: Result) -> None:
        """Writes one frame as often as its time requires; a failure is logged once, and recording is tried again
        later."""
        try:
            self._take(result)
        except TROUBLE as error:
            self._fail(error, result.frame.t)
        except Exception:
            # A programming error ends the recording permanently (see ``Background``), so recording must be shown as
            # off.
            self.failing = True
            raise

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: only results are recorded."""

    def flush(self) -> None:
        """Does nothing: the encoder buffers by itself."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Completes the file, so that it plays."""
        # A recording shorter than the delay of the blur has no file yet.
        short = self._wanted.is_set() and not self._held.is_set() and not self.failing
        try:
            self._finish(begin=short)
        except TROUBLE as error:
            self._fail(error, None)

    def _take(self, result: Result) -> None:
        if not self._wanted.is_set() or self._held.is_set():
            self._finish()
            return
        if self._failed_at is not None and 0 <= result.frame.t - self._failed_at < RETRY_S:
            return
        self._begun = True
        for due in [result] if self._blur is None else self._blur.push(result):
            self._write(due)

    def _fail(self, error: Exception, t: float | None) -> None:
        """Logs a failure once and gives up the file; the next attempt is made ``RETRY_S`` after ``t``."""
        if not self.failing:
            why = " ".join(str(error).split())  # OpenCV's messages have several lines
            log.error("error: recording: %s; tried again every %.0f s", why, RETRY_S)
        self.failing, self._failed_at = True, t
        if self._blur is not None:
            self._blur.drain()  # otherwise the next attempt would write them at a wrong time
        self.recorder.give_up()

    def _write(self, result: Result) -> None:
        renew = self._renew.is_set()
        self._renew.clear()
        before = len(self.files)
        self.recorder.write(self._drawn(result), result.frame.t, renew=renew)
        if len(self.files) > before:
            self.failing, self._failed_at = False, None
        self.failing = self.failing or self.recorder.unplayable

    def _drawn(self, result: Result) -> Image:
        """The picture to record; a blurred one is used only here, so it is not shared."""
        if self._config.clean:
            return result.frame.color()
        from monitor.outputs.drawing.chrome import Status, dressed

        shared = self._blur is None
        image = (self._canvas.picture if shared else self._canvas.annotator.annotate)(result, self._detail)
        return dressed(image, Status(recording=True, blurred=not shared)) if self._display.burn_in else image

    def _finish(self, *, begin: bool = False) -> None:
        """Writes the frames that wait to be blurred and closes the file. Without a file they are dropped, or with
        ``begin`` written to a new one."""
        waiting = self._blur.finish() if self._blur is not None else []
        if self.path is not None or begin:
            self._renew.clear()  # the file ends here anyway; its last pictures need no new one
            for result in waiting:
                self._write(result)
        self.recorder.close()
        self._begun = False
        self.failing = self.failing or self.recorder.unplayable


def _make_blur(mode: str, *, live: bool) -> Blur | None:
    """The blur of ``output.blur``; its search finds more faces than the program's, and more false ones."""
    if mode == "none":
        return None
    from monitor.faces.detector import HaarDetector
    from monitor.outputs.video.blur import Blur

    if mode == "picture":
        return Blur(whole=True)
    return Blur(whole=False, live=live, detector=HaarDetector(DetectConfig(neighbors=3, profile="always")))
