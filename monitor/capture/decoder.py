"""Decodes videos through OpenCV, or through the ffmpeg program where OpenCV's pictures are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from monitor.core.errors import SourceError
from monitor.core.types import Image
from monitor.system.paths import encodable

FLAT_RANGE = 8
"""A picture whose gray levels span less than this is black or of one color."""
FLAT_COLUMNS = 40
"""Columns of the sample that is tested for this."""

DIFFERENT = 4.0
"""Mean difference in gray levels above which two pictures of the same time count as different."""


class Decoder(Protocol):
    """Decodes the pictures of one video in order."""

    @property
    def name(self) -> str:
        """The program that decodes."""

    def grab(self) -> bool:
        """Moves on to the next picture; False if it cannot be decoded, or at the end."""

    def retrieve(self) -> Image | None:
        """The current picture as (H, W, 3) uint8 BGR, or (H, W) gray; None if it cannot be decoded."""

    def stated_s(self) -> float:
        """The time in seconds that the container states for the current picture; not finite if it states none."""

    def close(self) -> None:
        """Releases the video."""


class OpenCvDecoder:
    """Decodes through OpenCV; see ``Decoder``."""

    name = "opencv"

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def grab(self) -> bool:
        """See ``Decoder``."""
        return bool(self._capture.grab())

    def retrieve(self) -> Image | None:
        """See ``Decoder``."""
        ok, image = self._capture.retrieve()
        return image.astype(np.uint8, copy=False) if ok and image is not None and image.ndim == 3 else None

    def stated_s(self) -> float:
        """See ``Decoder``."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def close(self) -> None:
        """See ``Decoder``."""
        self._capture.release()


def is_flat(image: Image) -> bool:
    """Whether a picture is black or of one color; judged on a sample of its pixels."""
    step = max(1, image.shape[1] // FLAT_COLUMNS)
    levels = image[::step, ::step, 1] if image.ndim == 3 else image[::step, ::step]
    return int(levels.max()) - int(levels.min()) < FLAT_RANGE


def identical(a: Image, b: Image) -> bool:
    """Whether two pictures are equal; one row is compared first, because different pictures nearly always differ in
    it."""
    if a.shape != b.shape:
        return False
    middle = len(a) // 2
    return a[middle].tobytes() == b[middle].tobytes() and np.array_equal(a, b)


def differs(a: Image, b: Image) -> bool:
    """Whether two pictures of one size have different content; judged on a sample of their pixels."""
    step = max(1, a.shape[1] // 160)
    gap = np.abs(a[::step, ::step].astype(np.int16) - b[::step, ::step].astype(np.int16))
    return float(gap.mean()) > DIFFERENT


def open_capture(path: Path | str, threads: int = 0) -> cv2.VideoCapture:
    """Opens a video file, or one behind a URL.

    Args:
        path: The file.
        threads: Threads of the decoder; 0 = one per core. Each takes about 2 MB for pictures of 640x360.

    Raises:
        SourceError: OpenCV cannot process its name.
    """
    if isinstance(path, Path):
        if not encodable(path):
            raise SourceError(f"{str(path)!r}: the name is not in UTF-8, which OpenCV cannot open; rename the file")
        path = path.absolute()  # FFmpeg reads the text before a colon in a relative path as a protocol
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, thread_limit(threads))


def thread_limit(threads: int) -> list[int]:
    """The parameters that limit the threads of a decoder; none for 0."""
    return [cv2.CAP_PROP_N_THREADS, threads] if threads else []
