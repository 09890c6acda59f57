"""Decodes through the ffmpeg program: deinterlaced, and of constant size when the video changes its size."""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import IO

import numpy as np

from monitor.core.types import Image

STAMP = re.compile(rb"pts_time:\s*(-?[\d.]+|NOPTS)")
STAMP_WAIT_S = 5.0
"""Longest wait for the time stamp of a picture, which ffmpeg prints before the picture."""


class FfmpegDecoder:
    """Decodes through a pipe from ffmpeg; see ``decoder.Decoder``.

    Args:
        url: A path or address.
        size: Width and height of the pictures; those of another size are fitted into it with black borders.
        before: Options in front of the input, such as ``("-rtsp_transport", "tcp")``.
        start_s: Skip to this time of the video.
    """

    name = "ffmpeg"

    def __init__(self, url: str, size: tuple[int, int], before: Sequence[str] = (), start_s: float = 0.0) -> None:
        import subprocess  # late: a headless start does not need it

        self._size, self._start_s = size, start_s
        self._times: queue.Queue[float] = queue.Queue()
        self._t = float("nan")
        self._data = b""
        self._process = subprocess.Popen(
            command(url, size, before, start_s), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=size[0] * size[1] * 3,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pictures: IO[bytes] = self._process.stdout
        threading.Thread(target=self._read_times, args=(self._process.stderr,), name="ffmpeg", daemon=True).start()

    def _read_times(self, lines: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in lines:
                if b"showinfo" in line and (found := STAMP.search(line)):
                    self._times.put(float("nan") if found[1] == b"NOPTS" else float(found[1]) + self._start_s)

    def grab(self) -> bool:
        """See ``Decoder``."""
        width, height = self._size
        self._data = self._pictures.read(width * height * 3)
        if not self._data or len(self._data) < width * height * 3:
            return False
        try:
            self._t = self._times.get(timeout=STAMP_WAIT_S)
        except queue.Empty:
            self._t = float("nan")
        return True

    def retrieve(self) -> Image | None:
        """See ``Decoder``."""
        width, height = self._size
        return np.frombuffer(self._data, np.uint8).reshape(height, width, 3)

    def read(self) -> Image | None:
        """The next picture; None at the end."""
        return self.retrieve() if self.grab() else None

    def stated_s(self) -> float:
        """See ``Decoder``."""
        return self._t

    def close(self) -> None:
        """See ``Decoder``."""
        self._process.kill()
        self._process.wait()
        self._pictures.close()


def command(url: str, size: tuple[int, int], before: Sequence[str], start_s: float) -> list[str]:
    """The command line: pictures as BGR on standard output, their times on standard error."""
    width, height = size
    fit = (
        f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"
    )
    every = ["-fps_mode", "passthrough"] if _has_fps_mode() else ["-vsync", "0"]
    return [
        "ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", *before,
        *(["-ss", f"{start_s:.3f}"] if start_s else []), "-noautorotate", "-i", url, "-map", "0:v:0",
        "-vf", f"yadif=deint=interlaced,{fit},showinfo=checksum=0", *every, "-pix_fmt", "bgr24", "-f", "rawvideo", "-",
    ]  # fmt: skip


def available() -> bool:
    """Whether the ffmpeg program is installed."""
    return shutil.which("ffmpeg") is not None


@lru_cache(maxsize=1)
def _has_fps_mode() -> bool:
    """Whether this ffmpeg has -fps_mode, which replaced -vsync in 5.1."""
    import subprocess  # late: a headless start does not need it

    try:
        done = subprocess.run(["ffmpeg", "-version"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return True
    found = re.match(rb"ffmpeg version n?(\d+)\.(\d+)", done.stdout)
    return found is None or (int(found[1]), int(found[2])) >= (5, 1)
