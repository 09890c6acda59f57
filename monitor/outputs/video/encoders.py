"""The encoders of recordings, in the order in which they are tried."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from monitor.core.types import Image
from monitor.outputs.video import ffmpeg
from monitor.outputs.video.errors import VideoError
from monitor.outputs.video.videofile import playable

TRIAL_FRAMES, WARM_UP = 24, 8
"""Pictures of a trial, and the number written before the measurement begins, because ffmpeg needs time to start."""
TRIAL_SHIFT = 3
"""Shift between two pictures of a trial in pixels; still pictures would encode too fast."""
NEED_TRAILER = (".mp4", ".mov")
"""Containers that OpenCV writes with a trailer; a truncated file is lost completely."""


class Writer(Protocol):
    """Writes one video file."""

    def write(self, image: Image) -> None:
        """Takes one picture, (H, W, 3) uint8 BGR, contiguous."""

    def close(self) -> None:
        """Completes the file."""


Open = Callable[[Path, float, tuple[int, int]], Writer]
"""Opens a writer for a path, a rate and a size."""


class Encoder(NamedTuple):
    """One way to encode.

    Attributes:
        name: Its name in logs and in ``emotion-monitor check``.
        kind: The value of ``output.video_codec`` that selects it.
        suffix: Its container if the user names none.
        open: Opens a file.
        fragments: Whether its MP4 files survive a power cut.
    """

    name: str
    kind: str
    suffix: str
    open: Open
    fragments: bool = False

    def parts(self, path: Path) -> bool:
        """Whether a recording must be split into short files, because a power cut destroys the whole file."""
        return not self.fragments and path.suffix.lower() in NEED_TRAILER


class OpenCvWriter:
    """Writes with OpenCV's own FFmpeg.

    Raises:
        VideoError: The file cannot be opened.
    """

    def __init__(self, codec: str, path: Path, fps: float, size: tuple[int, int]) -> None:
        # Absolute, because FFmpeg reads the part before a colon in a relative path as a protocol.
        fourcc = cv2.VideoWriter.fourcc(*codec)
        self._writer = cv2.VideoWriter(str(path.absolute()), cv2.CAP_FFMPEG, fourcc, fps, size)
        if not self._writer.isOpened():
            raise VideoError(f"{path}: cannot be opened for writing")

    def write(self, image: Image) -> None:
        """See ``Writer``."""
        self._writer.write(image)

    def close(self) -> None:
        """See ``Writer``."""
        self._writer.release()


def encoders() -> list[Encoder]:
    """All encoders of this machine, the preferred ones first; only a trial shows whether they work."""
    found = [
        Encoder(f"H.264 ({name})", "h264", ".mp4", functools.partial(ffmpeg.FfmpegWriter, name), fragments=True)
        for name in ffmpeg.names()
    ]
    for codec, suffix in (("mp4v", ".mkv"), ("MJPG", ".avi"), ("XVID", ".avi")):
        found.append(Encoder(codec, codec, suffix, functools.partial(OpenCvWriter, codec)))
    return found


def candidates(wanted: str, suffix: str | None) -> list[Encoder]:
    """The encoders to try in turn.

    Args:
        wanted: ``output.video_codec``; "auto" lets the suffix choose.
        suffix: The suffix of a path that the user named, or None.
    """
    if wanted == "avc1":
        wanted = "h264"
    found = encoders()
    if wanted != "auto":
        return sorted(found, key=lambda encoder: encoder.kind != wanted)
    if suffix is not None and suffix.lower() == ".avi":
        return sorted(found, key=lambda encoder: encoder.suffix != ".avi")
    return found


def trial(encoder: Encoder, path: Path, fps: float, image: Image) -> float | None:
    """Writes a few pictures to ``path``, plays them back and deletes the file.

    Returns:
        Seconds of encoding per picture, None when nothing can be played back.
    """
    try:
        writer = encoder.open(path, fps, (image.shape[1], image.shape[0]))
        started = time.perf_counter()
        for number in range(TRIAL_FRAMES):
            if number == WARM_UP:
                started = time.perf_counter()
            writer.write(np.ascontiguousarray(np.roll(image, TRIAL_SHIFT * number, axis=1)))
        writer.close()
        seconds = (time.perf_counter() - started) / (TRIAL_FRAMES - WARM_UP)
        return seconds if playable(path) else None
    except VideoError:
        return None
    finally:
        path.unlink(missing_ok=True)


def working(config_codec: str, folder: Path, fps: float, image: Image) -> list[Encoder]:
    """The encoders that work in a folder, in the order in which a recording would take them."""
    return [
        encoder
        for number, encoder in enumerate(candidates(config_codec, None))
        if trial(encoder, folder / f".trial-{os.getpid()}-{number}{encoder.suffix}", fps, image) is not None
    ]
