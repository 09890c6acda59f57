"""Recording at true speed: a minute of life is a minute of video, whatever the frame rate did."""

from __future__ import annotations

import logging
import math
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from monitor.config import OutputConfig
from monitor.outputs.overlay import Overlay, Status
from monitor.types import Event, Image, Result

log = logging.getLogger("monitor")

CODECS = (("mp4v", ".mp4"), ("MJPG", ".avi"), ("XVID", ".avi"))
"""Tried in this order; a codec the user names is tried first, then these."""
DEFAULT_FPS = 20.0
LONGEST_GAP_S = 60.0
"""A longer pause of the source is cut to this, or a camera unplugged overnight would fill the disk."""
SUFFIXES = (".mp4", ".avi", ".mkv", ".mov")
"""Containers that the codecs fit in."""
TRIAL_FRAMES = 4
"""Frames written to a trial file, to prove that a codec works in this folder and to time it."""
SHARE = 0.7
"""Share of one core's time that encoding a live picture may take; a slower encoder gets a lower rate."""
LEAST_FREE_MB = 20.0
"""Recording stops, its file finished, while there is still room for the trailer and the logs."""
CHECK_EVERY_S = 2.0


class VideoError(RuntimeError):
    """No video can be written; carries one line."""


class VideoSink:
    """Writes video files while ``recording`` is set; switching it on again begins a new file.

    Args:
        make_path: Gives the path of the next file for a suffix such as ".mp4".
        config: Codec, rate, clean picture or not.
        source_fps: Nominal rate of the source, 0 when unknown.
        overlay: Draws the readings; has a history of its own.
        fixed: A path the user named: its suffix is kept and decides the codec order.
        draw: Draw boxes and labels (``display.overlay``); else only the recording dot.
        live: Whether time passes without us, so that a slow encoder must write fewer frames.
    """

    def __init__(
        self,
        make_path: Callable[[str], Path],
        config: OutputConfig,
        source_fps: float,
        overlay: Overlay,
        fixed: Path | None = None,
        live: bool = False,
        draw: bool = True,
    ) -> None:
        self._make_path, self._config, self._overlay, self._fixed = make_path, config, overlay, fixed
        self._live, self._broken = live, False
        self._draw = draw
        self.fps = config.video_fps or (source_fps if 1 <= source_fps <= 120 else DEFAULT_FPS)
        self._wanted = threading.Event()
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._start = 0.0
        self._written = 0
        self._last_t: float | None = None
        self._checked_at = 0.0
        self.path: Path | None = None
        self.files: list[Path] = []

    @property
    def recording(self) -> bool:
        """Whether frames are being written."""
        return self._wanted.is_set()

    def switch(self, on: bool) -> None:
        """Starts or stops recording with the next frame; may be called from any thread."""
        if on and not self._broken:
            self._wanted.set()
        else:
            self._wanted.clear()

    def handle(self, result: Result) -> None:
        """Writes one frame as often as its time asks for.

        Raises:
            VideoError: No codec works, the disk is nearly full, or the folder is gone.
        """
        if not self._wanted.is_set():
            self._finish()
            return
        try:
            self._write(result)
        except VideoError:
            self._broken = True
            self._wanted.clear()
            self._finish()
            raise

    def _write(self, result: Result) -> None:
        t = result.frame.t
        image = result.frame.image
        if not self._config.clean:
            status = Status(fps=self._rate(t), recording=True)
            image = self._overlay.annotate(result, status, self._draw)
        self._last_t = t
        if self._writer is None:
            self._open(image, t)
        assert self._writer is not None
        due = math.floor((t - self._start) * self.fps + 0.5) + 1
        if due - self._written > LONGEST_GAP_S * self.fps or due < self._written - self.fps:
            self._start = t - self._written / self.fps  # a long gap, or the clock went back
            due = self._written + 1
        fitted = self._fit(image)
        for _ in range(due - self._written):
            self._writer.write(fitted)
            self._written += 1
        if abs(t - self._checked_at) >= CHECK_EVERY_S:
            self._checked_at = t
            self._check_disk()

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Finalises the file, so that it plays."""
        self._finish()

    def _rate(self, t: float) -> float:
        return 1 / (t - self._last_t) if self._last_t is not None and t > self._last_t else self.fps

    def _open(self, image: Image, t: float) -> None:
        # Most encoders need even sides.
        self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        self._start, self._written, self._checked_at = t, 0, t
        for codec, suffix in self._candidates():
            path = self._fixed if self._fixed is not None and not self.files else self._make_path(suffix)
            self.path = path
            self._check_disk()
            seconds = self._trial(image, codec, path)
            if seconds is None:
                log.warning("%s: the codec %s does not work here; trying another", path.name, codec)
                continue
            if self._live and self.fps * seconds > SHARE:
                self.fps = max(1.0, SHARE / seconds)
                log.warning("encoding one picture takes %.0f ms; recording at %.3g fps", seconds * 1e3, self.fps)
            self._writer = self._writer_for(path, codec)
            self.files.append(path)
            log.info("recording %s (%s, %.4g fps, %dx%d)", path, codec, self.fps, *self._size)
            return
        self.path = None
        raise VideoError("no video codec works here; see: emotion-monitor check")

    def _writer_for(self, path: Path, codec: str) -> cv2.VideoWriter:
        return cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), self.fps, self._size)

    def _trial(self, image: Image, codec: str, path: Path) -> float | None:
        """Writes a few frames beside ``path``; seconds per frame, None when they cannot be played back."""
        return write_trial(path.with_name(f".trial-{codec}{path.suffix}"), codec, self.fps, self._fit(image))

    def _candidates(self) -> list[tuple[str, str]]:
        codecs = list(CODECS)
        wanted = self._config.video_codec
        if wanted != "auto":
            suffix = ".mp4" if wanted in ("mp4v", "avc1") else ".avi"
            codecs = [(wanted, suffix), *(c for c in codecs if c[0] != wanted)]
        if self._fixed is not None and wanted == "auto":
            # A path's own suffix chooses: .avi wants MJPG, everything else mp4v first.
            codecs.sort(key=lambda c: c[1] != self._fixed.suffix.lower() if self._fixed else False)
        return codecs

    def _fit(self, image: Image) -> Image:
        if (image.shape[1], image.shape[0]) == self._size:
            return image
        cut = image[: self._size[1], : self._size[0]]
        if (cut.shape[1], cut.shape[0]) != self._size:  # the source changed its size
            cut = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        return np.ascontiguousarray(cut)

    def _check_disk(self) -> None:
        assert self.path is not None
        try:
            free = shutil.disk_usage(self.path.parent).free / 1e6
        except OSError as error:
            raise VideoError(f"{self.path.parent}: {error.strerror}; nothing can be recorded there") from None
        if free < LEAST_FREE_MB:
            raise VideoError(f"{self.path}: only {free:.0f} MB free; the recording was finished")

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.release()
        self._writer = None

    def _finish(self) -> None:
        """Releases the writer, which writes the trailer, and makes sure that the result opens."""
        if self._writer is None:
            return
        self._drop_writer()
        if self.path is not None and not playable(self.path):
            log.error("error: %s cannot be played back; is the disk full?", self.path)
        self.path = None


def write_trial(path: Path, codec: str, fps: float, image: Image) -> float | None:
    """Writes a few frames to ``path``, plays them back and deletes the file.

    Returns:
        Seconds of encoding per frame, None when nothing can be played back.
    """
    try:
        size = (image.shape[1], image.shape[0])
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size)
        started = time.perf_counter()
        for _ in range(TRIAL_FRAMES):
            writer.write(image)
        seconds = (time.perf_counter() - started) / TRIAL_FRAMES
        writer.release()
        return seconds if playable(path) else None
    finally:
        path.unlink(missing_ok=True)


def playable(path: Path) -> bool:
    """Whether a video file opens and yields a picture."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return bool(capture.isOpened() and capture.read()[0])
    finally:
        capture.release()
