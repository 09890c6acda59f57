"""Recording at true speed: a minute of life is a minute of video, whatever the frame rate did."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.core.types import Event, Image, Result
from monitor.faces.detector import HaarDetector
from monitor.outputs.drawing.annotator import Canvas, Detail, configured
from monitor.outputs.drawing.chrome import Status, dressed
from monitor.outputs.logs.session import unused
from monitor.outputs.video.blur import Blur
from monitor.outputs.video.videofile import claimed, playable, write_trial, writer_for
from monitor.settings.config import DetectConfig, DisplayConfig, OutputConfig

log = logging.getLogger("monitor")

CODECS = (("mp4v", ".mkv"), ("MJPG", ".avi"), ("XVID", ".avi"))
"""Tried in this order; a codec the user names is tried first, then these. Both containers play up to where
they were cut off; an MP4 without its trailer plays not at all."""
LEAST_FPS, MOST_FPS = 1.0, 120.0
"""Of a source that is slower each picture is repeated, of one that is quicker some are left out: the speed is true."""
DEFAULT_FPS = 20.0
LONGEST_GAP_S = 60.0
"""A longer pause of the source is cut to this, or a camera unplugged overnight would fill the disk."""
LIVE_GAP_S = 1.0
"""Live, a longer pause is cut to one picture: encoding copies of it takes time in which new pictures are lost."""
LIVE_SLOWEST_S = 5.0
"""A live source may be this slow by itself (``performance.target_fps``); then its pauses are no pauses."""
NEED_TRAILER = (".mp4", ".mov")
"""Containers that are lost whole when they are cut off; they are written in short parts."""
TRAILER_SEGMENT_S = 30.0
SHARE = 0.7
"""Share of one core's time that encoding a live picture may take; a slower encoder gets a lower rate."""
RETRY_S = 10.0
"""After a failure recording is tried again this much later."""


class VideoError(RuntimeError):
    """No video can be written; carries one line."""


TROUBLE = (VideoError, OSError, cv2.error)
"""What a disk or an encoder may do to a recording; it passes, and recording is tried again."""


class VideoSink:
    """Writes video files while ``recording`` is set; switching it on again begins a new file.

    Args:
        make_path: Gives the path of the next file for a suffix such as ".mkv".
        config: Codec, rate, length of a file, clean picture or not, blur.
        source_fps: Nominal rate of the source, 0 when unknown.
        canvas: The annotated pictures.
        fixed: A path the user named: its suffix is kept and decides the codec order; more files get numbers.
        display: What is drawn: ``overlay``, ``detail`` and ``burn_in``.
        live: Whether time passes without us, so that a slow encoder must write fewer frames.
        begun: Told of each file that is begun.

    Attributes:
        path: The file being written, None while there is none.
        files: All files begun.
        failing: Whether the last attempt to record failed.
        damaged: Whether a file that was finished does not play.
    """

    def __init__(
        self,
        make_path: Callable[[str], Path],
        config: OutputConfig,
        source_fps: float,
        canvas: Canvas,
        fixed: Path | None = None,
        live: bool = False,
        display: DisplayConfig | None = None,
        begun: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self._begun = begun
        self._make_path, self._config, self._canvas, self._fixed = make_path, config, canvas, fixed
        self._live = live
        self._display = display or DisplayConfig()
        self._detail: Detail = configured(self._display)
        self._blur = _make_blur(config.blur)
        self.fps = config.video_fps or (min(MOST_FPS, max(LEAST_FPS, source_fps)) if source_fps > 0 else DEFAULT_FPS)
        self._wanted, self._held, self._renew = threading.Event(), threading.Event(), threading.Event()
        self._writer: cv2.VideoWriter | None = None
        self._codec: tuple[str, str] | None = None
        self._size = (0, 0)
        self._start = 0.0
        self._written = 0
        self._last_t: float | None = None
        self._pace = 0.0
        self._failed_at: float | None = None
        self._asked = False  # whether the next file is one that somebody asked for
        self.failing = self.damaged = False
        self.path: Path | None = None
        self.files: list[Path] = []

    @property
    def recording(self) -> bool:
        """Whether frames are being written."""
        return self._wanted.is_set() and not self._held.is_set() and not self.failing

    @property
    def wanted(self) -> bool:
        """Whether recording is switched on, even if the disk holds it up at the moment."""
        return self._wanted.is_set()

    def switch(self, on: bool) -> None:
        """Starts or stops recording with the next frame; may be called from any thread."""
        self._failed_at = None
        self._asked = self._asked or on
        self._wanted.set() if on else self._wanted.clear()

    def hold(self, *, on: bool) -> None:
        """Stops recording for want of disk, or goes on; may be called from any thread."""
        self._held.set() if on else self._held.clear()

    def renew(self) -> None:
        """Begins a new file with the next frame; may be called from any thread."""
        self._renew.set()

    def handle(self, result: Result) -> None:
        """Writes one frame as often as its time asks for; a failure is told and tried again later."""
        try:
            self._take(result)
        except TROUBLE as error:
            self._fail(error, result.frame.t)
        except Exception:
            # A fault of ours ends the recording for good (see ``Background``): the dot must not lie.
            self.failing = True
            raise

    def _take(self, result: Result) -> None:
        if not self._wanted.is_set() or self._held.is_set():
            self._finish()
            return
        if self._failed_at is not None and 0 <= result.frame.t - self._failed_at < RETRY_S:
            return
        for due in [result] if self._blur is None else self._blur.push(result):
            self._write(due)

    def _fail(self, error: Exception, t: float | None) -> None:
        """Tells a failure once and gives up the file; the next attempt is made ``RETRY_S`` after ``t``."""
        if not self.failing:
            why = " ".join(str(error).split())  # OpenCV's own take several lines
            log.error("error: recording: %s; tried again every %.0f s", why, RETRY_S)
        self.failing, self._failed_at = True, t
        if self._blur is not None:
            self._blur.drain()  # or they would come out at the next attempt, as if they were of then
        self._close_file()

    def _write(self, result: Result) -> None:
        t = result.frame.t
        image = self._drawn(result)
        longest = self._longest_gap()
        if self._last_t is not None:
            self._pace = max(0.0, t - self._last_t)
        self._last_t = t
        if self._renew.is_set() or (self._writer is not None and self._written >= self._longest() * self.fps):
            self._renew.clear()
            # The next file begins where this one ends, so that the parts together last as long as life.
            t = min(t, self._start + self._written / self.fps) if self._writer is not None else t
            self._close_file()
        if self._writer is None:
            self._open(image, t)
            t = result.frame.t
        assert self._writer is not None
        due = math.floor((t - self._start) * self.fps + 0.5) + 1
        if due - self._written > longest * self.fps or due < self._written - self.fps:
            self._start = t - self._written / self.fps  # a long gap, or the clock went back
            due = self._written + 1
        fitted = self._fit(image)
        for _ in range(due - self._written):
            self._writer.write(fitted)
            self._written += 1

    def _drawn(self, result: Result) -> Image:
        """The picture to record; a blurred one is nobody else's, so it is not shared."""
        if self._config.clean:
            return result.frame.image
        shared = self._blur is None
        image = (self._canvas.picture if shared else self._canvas.annotator.annotate)(result, self._detail)
        return dressed(image, Status(recording=True, blurred=not shared)) if self._display.burn_in else image

    def _longest_gap(self) -> float:
        """Seconds that are filled with copies of a picture; twice the usual time between two is no gap."""
        return max(LIVE_GAP_S, min(2 * self._pace, LIVE_SLOWEST_S)) if self._live else LONGEST_GAP_S

    def _longest(self) -> float:
        """Seconds one file may last."""
        assert self.path is not None
        limit = TRAILER_SEGMENT_S if self.path.suffix.lower() in NEED_TRAILER else math.inf
        return min(self._config.segment_s, limit)

    def tell(self, events: Sequence[Event]) -> None:
        """Events do not concern it."""

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Finalises the file, so that it plays."""
        # A recording shorter than what waits to be blurred has no file yet.
        short = self._wanted.is_set() and not self._held.is_set() and not self.failing
        try:
            self._finish(begin=short)
        except TROUBLE as error:
            self._fail(error, None)

    def _open(self, image: Image, t: float) -> None:
        # Most encoders need even sides.
        self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        if min(self._size) < 2:
            raise VideoError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be recorded")
        self._start, self._written = t, 0
        proven = self._codec if self._codec is not None and not self.failing else None
        for codec, suffix in [proven] if proven else self._candidates():
            path = self._next_path(suffix)
            if not os.access(path.parent, os.W_OK):
                raise VideoError(f"{path.parent}: is missing or not writable")
            if proven is None and not self._works(image, codec, path):
                continue
            path = claimed(path)
            writer = writer_for(path, codec, self.fps, self._size)
            if not writer.isOpened():
                path.unlink(missing_ok=True)
                raise VideoError(f"{path}: cannot be opened for writing")
            self.path, self._codec, self.failing, self._failed_at = path, (codec, suffix), False, None
            self._writer = writer
            self.files.append(path)
            self._begun(path)
            level = logging.INFO if self._asked or proven is None else logging.DEBUG  # a later part is no news
            self._asked = False
            log.log(level, "recording %s (%s, %.4g fps, %dx%d)", path, codec, self.fps, *self._size)
            return
        raise VideoError("no video codec works here; see: emotion-monitor check")

    def _next_path(self, suffix: str) -> Path:
        if self._fixed is None:
            return self._make_path(suffix)
        return self._fixed if not self.files else unused(self._fixed)

    def _works(self, image: Image, codec: str, path: Path) -> bool:
        """Tries a codec; live, the rate is set to what it can keep up with."""
        seconds = self._trial(image, codec, path)
        if seconds is None:
            log.warning("%s: the codec %s does not work here; trying another", path.name, codec)
            return False
        if self._live and self.fps * seconds > SHARE:
            self.fps = max(1.0, SHARE / seconds)
            log.warning("encoding one picture takes %.0f ms; recording at %.3g fps", seconds * 1e3, self.fps)
        if path.suffix.lower() in NEED_TRAILER:
            log.warning(
                "%s: recorded in parts of %.0f s, because a power cut costs this kind of file whole; .mkv survives it",
                path.name, min(self._config.segment_s, TRAILER_SEGMENT_S),
            )  # fmt: skip
        return True

    def _trial(self, image: Image, codec: str, path: Path) -> float | None:
        """Writes a few frames beside ``path``; seconds per frame, None when they cannot be played back."""
        return write_trial(path.with_name(f".trial-{codec}{path.suffix}"), codec, self.fps, self._fit(image))

    def _candidates(self) -> list[tuple[str, str]]:
        codecs = list(CODECS)
        wanted = self._config.video_codec
        if wanted != "auto":
            suffix = ".mkv" if wanted in ("mp4v", "avc1") else ".avi"
            codecs = [(wanted, suffix), *(c for c in codecs if c[0] != wanted)]
        if self._fixed is not None and wanted == "auto":
            # A path's own suffix chooses: .avi wants MJPG, everything else mp4v first.
            codecs.sort(
                key=lambda c: (c[1] == ".avi") != (self._fixed is not None and self._fixed.suffix.lower() == ".avi")
            )
        return codecs

    def _fit(self, image: Image) -> Image:
        """A picture at the file's size: an odd row or column is cut off, another size is shown whole within black."""
        height, width = image.shape[:2]
        if (width // 2 * 2, height // 2 * 2) == self._size:
            return np.ascontiguousarray(image[: self._size[1], : self._size[0]])
        scale = min(self._size[0] / width, self._size[1] / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        left, top = (self._size[0] - size[0]) // 2, (self._size[1] - size[1]) // 2
        fitted = np.zeros((self._size[1], self._size[0], 3), np.uint8)
        fitted[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=way)
        return fitted

    def _finish(self, begin: bool = False) -> None:
        """Writes what waits to be blurred and closes the file; without one what waits is dropped, or begins one."""
        waiting = self._blur.drain() if self._blur is not None else []
        if self._writer is not None or begin:
            self._renew.clear()  # the file ends here anyway; a new one for its last pictures helps nobody
            for result in waiting:
                self._write(result)
        self._close_file()

    def _close_file(self) -> None:
        """Releases the writer, which writes the trailer, and makes sure that the result opens."""
        if self._writer is None:
            return
        self._writer.release()
        path, self._writer, self.path = self.path, None, None
        if path is not None and not path.exists():
            log.warning("%s: was deleted while it was recorded", path)  # by somebody: no failure of ours
        elif path is not None and not playable(path):
            self.failing = self.damaged = True
            log.error("error: %s cannot be played back; is the disk full?", path)


def _make_blur(mode: str) -> Blur | None:
    """What ``output.blur`` asks for; its search finds more than the program's, false boxes included."""
    if mode == "none":
        return None
    if mode == "picture":
        return Blur(whole=True)
    return Blur(whole=False, detector=HaarDetector(DetectConfig(neighbors=3, profile="always")))
