"""The files of a recording: chooses the encoder, begins new files and handles failures."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from monitor.core.types import Image
from monitor.outputs.logs.session import unused
from monitor.outputs.video.encoders import Encoder, Writer, candidates, trial
from monitor.outputs.video.errors import EncoderDied, VideoError
from monitor.outputs.video.pacing import Pacing
from monitor.outputs.video.videofile import claimed, playable
from monitor.settings.config import OutputConfig

log = logging.getLogger("monitor")

LEAST_FPS, MOST_FPS = 1.0, 120.0
"""Lowest and highest rate of a file. Pictures of slower sources are repeated and some of faster ones left out, so that
it plays at true speed."""
DEFAULT_FPS = 20.0
TRAILER_SEGMENT_S = 30.0
"""Length in seconds of a file in a container that a power cut destroys completely."""
SHARE = 0.7
"""Share of one core's time that encoding a live picture may take; a slower encoder gets a lower rate."""


class Target(NamedTuple):
    """The destination of a recording.

    Attributes:
        make_path: Returns the path of the next file for a suffix such as ".mp4".
        source_fps: Nominal rate of the source, 0 when unknown.
        fixed: A path the user named: its suffix decides the container; further files get numbers.
        live: Whether the source is live, so that a slow encoder must write fewer pictures.
        begun: Called with each file that is begun.
    """

    make_path: Callable[[str], Path]
    source_fps: float
    fixed: Path | None = None
    live: bool = False
    begun: Callable[[Path], None] = lambda path: None


class Recorder:
    """Writes pictures into files of limited length.

    Args:
        target: Where they go.
        config: Codec, rate, length of a file.

    Attributes:
        path: The file being written, None while there is none.
        files: All files begun.
        proven: The encoder in use, None until a trial succeeded.
        announce: Whether the next file is one that the user asked for.
        unplayable: Whether the last completed file does not play.
        damaged: Whether any completed file does not play.
    """

    def __init__(self, target: Target, config: OutputConfig) -> None:
        self._target, self._config = target, config
        rate = min(MOST_FPS, max(LEAST_FPS, target.source_fps)) if target.source_fps > 0 else DEFAULT_FPS
        self.pacing = Pacing(config.video_fps or rate, live=target.live)
        self._writer: Writer | None = None
        self._size = (0, 0)
        self._dead: set[str] = set()
        self.proven: Encoder | None = None
        self.announce = self.unplayable = self.damaged = False
        self.path: Path | None = None
        self.files: list[Path] = []

    def write(self, image: Image, t: float, *, renew: bool = False) -> None:
        """Writes a picture as often as its time requires.

        Args:
            image: (H, W, 3) uint8 BGR.
            t: Frame time in seconds.
            renew: Begin a new file with it.

        Raises:
            VideoError: No encoder works.
            OSError, cv2.error: The disk or OpenCV failed.
        """
        self.pacing.arrived(t)
        start = t
        if self.path is not None and (renew or self.pacing.seconds >= self._longest()):
            start = min(t, self.pacing.end)  # the next file begins where this one ends, so that no time is lost
            self.close()
        try:
            self._put(image, t, start)
        except EncoderDied as error:
            self._drop(error)
            self._put(image, t, t)

    def close(self) -> None:
        """Completes the file, and makes sure that it plays."""
        if self._writer is None:
            return
        path, writer, self.path, self._writer = self.path, self._writer, None, None
        try:
            writer.close()
        except EncoderDied as error:
            self._forget(error)
        if path is not None and not path.exists():
            log.warning("%s: was deleted while it was recorded", path)  # by the user: not a failure of the run
        elif path is not None and not playable(path):
            self.unplayable = self.damaged = True
            log.error("error: %s cannot be played back; is the disk full?", path)

    def give_up(self) -> None:
        """Ends the file after a failure; the next one tries all encoders again."""
        self.proven = None
        with contextlib.suppress(OSError, VideoError):
            self.close()

    def _put(self, image: Image, t: float, start: float) -> None:
        if self._writer is None:
            self._open(image, start)
        assert self._writer is not None
        fitted = self.fit(image)
        for _ in range(self.pacing.due(t)):
            self._writer.write(fitted)

    def _drop(self, error: EncoderDied) -> None:
        """Handles a dead encoder: keeps its file, and continues with another encoder."""
        self._forget(error)
        path, writer, self.path, self._writer = self.path, self._writer, None, None
        with contextlib.suppress(OSError, VideoError):
            if writer is not None:
                writer.close()
        if path is not None and path.exists() and not playable(path):
            path.unlink()  # it died before its first fragment

    def _forget(self, error: EncoderDied) -> None:
        if self.proven is not None:
            self._dead.add(self.proven.name)
        self.proven = None
        log.warning("recording: %s; going on with another encoder in a new file", error)

    def _longest(self) -> float:
        """Longest duration of a file in seconds."""
        assert self.path is not None
        parts = self.proven is not None and self.proven.parts(self.path)
        return min(self._config.segment_s, TRAILER_SEGMENT_S if parts else math.inf)

    def _open(self, image: Image, t: float) -> None:
        # Most encoders need even sides.
        self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        if min(self._size) < 2:
            raise VideoError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be recorded")
        proven = self.proven
        suffix = self._target.fixed.suffix if self._target.fixed is not None else None
        for encoder in [proven] if proven else candidates(self._config.video_codec, suffix):
            path = self._next_path(encoder.suffix)
            if not os.access(path.parent, os.W_OK):
                raise VideoError(f"{path.parent}: is missing or not writable")
            if encoder.name in self._dead or (proven is None and not self._works(image, encoder, path)):
                continue
            self._begin(encoder, path, t, news=self.announce or proven is None)
            return
        raise VideoError("no video codec works here; see: emotion-monitor check")

    def _begin(self, encoder: Encoder, path: Path, t: float, *, news: bool) -> None:
        path = claimed(path)
        try:
            writer = encoder.open(path, self.pacing.fps, self._size)
        except VideoError:
            path.unlink(missing_ok=True)
            raise
        self.path, self._writer, self.proven = path, writer, encoder
        self.pacing.begin(t)
        self.files.append(path)
        self._target.begun(path)
        # Later parts of the same recording are not logged.
        level = logging.INFO if news else logging.DEBUG
        self.announce = self.unplayable = False
        log.log(level, "recording %s (%s, %.4g fps, %dx%d)", path, encoder.name, self.pacing.fps, *self._size)

    def _next_path(self, suffix: str) -> Path:
        if self._target.fixed is None:
            return self._target.make_path(suffix)
        return self._target.fixed if not self.files else unused(self._target.fixed)

    def _works(self, image: Image, encoder: Encoder, path: Path) -> bool:
        """Tries an encoder beside ``path``; for a live source the rate is reduced to its speed."""
        probe = path.with_name(f".trial-{os.getpid()}-{encoder.kind}{path.suffix}")  # other runs may record here, too
        seconds = trial(encoder, probe, self.pacing.fps, self.fit(image))
        if seconds is None:
            log.warning("%s: the codec %s does not work here; trying another", path.name, encoder.name)
            return False
        if self._target.live and self.pacing.fps * seconds > SHARE:
            self.pacing.fps = max(1.0, SHARE / seconds)
            log.warning("encoding one picture takes %.0f ms; recording at %.3g fps", seconds * 1e3, self.pacing.fps)
        if encoder.parts(path):
            log.warning(
                "%s: recorded in parts of %.0f s, because a power cut costs this kind of file whole; .mkv survives it",
                path.name, min(self._config.segment_s, TRAILER_SEGMENT_S),
            )  # fmt: skip
        return True

    def fit(self, image: Image) -> Image:
        """A picture at the file's size: an odd row or column is cut off, a picture of another size is fitted between
        black bars."""
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
