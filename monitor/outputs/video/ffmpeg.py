"""H.264 through a system ffmpeg that is fed by a pipe."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import time
from pathlib import Path

import cv2

from monitor.core.types import Image
from monitor.outputs.video.errors import EncoderDied, VideoError

STALL_S = 10.0
"""Longest time in seconds without an accepted picture before the encoder counts as dead."""
CLOSE_S = 10.0
"""Time in seconds for the encoder to write its last pictures."""
FRAGMENT_S = 1.0
"""Length of a fragment and interval of key frames in seconds: a power cut destroys at most this much."""
PRESET = "ultrafast"
"""This preset takes 2.6 ms of CPU per picture at 640x480; "superfast" takes 3.7 ms for files a quarter smaller
(docs/contributing/recordings.md)."""
QUALITY = "23"
"""Constant rate factor of libx264; its default."""
BITS_PER_PIXEL = 0.1
"""Bit rate of hardware encoders, which have no constant quality."""
LARGE = 1280 * 720
"""Pictures with more pixels get a second encoder thread."""
DISK = ("No space left on device", "Input/output error", "Read-only file system")
"""Messages of ffmpeg about the disk rather than the encoder."""
ASKED_TO_END = 255
"""Exit code after SIGTERM or SIGINT; the file is complete then."""
HARDWARE = (("h264_v4l2m2m", Path("/dev/video11")), ("h264_omx", Path("/dev/vchiq")))
"""Encoders of a Raspberry Pi, and the device that each one needs."""


def names() -> list[str]:
    """H.264 encoders to be tried, the best first; empty without ffmpeg."""
    if shutil.which("ffmpeg") is None:
        return []
    return [*(name for name, device in HARDWARE if device.exists()), "libx264"]


def command(encoder: str, path: Path, fps: float, size: tuple[int, int]) -> list[str]:
    """The command that encodes raw YUV 4:2:0 pictures from its standard input into a file."""
    width, height = size
    if encoder == "libx264":
        threads = "2" if width * height > LARGE else "1"
        quality = ["-preset", PRESET, "-crf", QUALITY, "-bf", "0", "-threads", threads]
    else:
        quality = ["-b:v", str(round(BITS_PER_PIXEL * width * height * fps))]
    container = ["-f", "matroska"]
    if path.suffix.lower() in (".mp4", ".mov"):
        kind = "mov" if path.suffix.lower() == ".mov" else "mp4"
        container = ["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", kind]
    return [
        "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", f"{fps:.6g}", "-i", "pipe:0",
        "-an", "-c:v", encoder, *quality, "-g", str(max(1, round(fps * FRAGMENT_S))),
        "-flush_packets", "1", *container, f"file:{path.absolute()}",
    ]  # fmt: skip


class FfmpegWriter:
    """Writes one file through an ffmpeg child.

    The child is in a session of its own, so that Ctrl-C in the terminal does not reach it. When this process dies, its
    standard input ends, and it completes the file by itself.

    Args:
        encoder: Name of ffmpeg's encoder.
        path: The file.
        fps: Its rate.
        size: Width and height, both even.

    Raises:
        VideoError: ffmpeg cannot be started.
    """

    def __init__(self, encoder: str, path: Path, fps: float, size: tuple[int, int]) -> None:
        import subprocess  # late: a headless start does not need them
        import tempfile

        self._encoder = encoder
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        try:
            self._child = subprocess.Popen(
                command(encoder, path, fps, size),
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, start_new_session=True, bufsize=0,
            )  # fmt: skip
        except OSError as error:
            self._said.close()
            raise VideoError(f"ffmpeg cannot be started ({error.strerror})") from None
        assert self._child.stdin is not None
        self._pipe = self._child.stdin.fileno()
        os.set_blocking(self._pipe, False)

    def write(self, image: Image) -> None:
        """Passes one picture to ffmpeg, (H, W, 3) uint8 BGR, contiguous.

        Raises:
            EncoderDied: ffmpeg ended or accepts no more pictures.
            OSError: The disk is full or gone.
        """
        # YUV 4:2:0 halves the bytes through the pipe, and OpenCV converts faster than ffmpeg.
        left = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).data.cast("B")
        until = time.monotonic() + STALL_S
        try:
            while left:
                _, ready, _ = select.select([], [self._pipe], [], max(0.0, until - time.monotonic()))
                if not ready:
                    self._kill()
                    raise EncoderDied(f"{self._encoder} took no picture for {STALL_S:.0f} s")
                left = left[os.write(self._pipe, left) :]
        except (BrokenPipeError, ConnectionResetError):
            raise self._death() from None

    def close(self) -> None:
        """Completes the file; does nothing when ffmpeg died before.

        Raises:
            EncoderDied: ffmpeg failed or does not end.
            OSError: The disk is full or gone.
        """
        import subprocess  # late: a headless start does not need it

        assert self._child.stdin is not None
        if self._said.closed:
            self._child.stdin.close()
            return
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            code = self._child.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            raise EncoderDied(f"{self._encoder} did not complete the file within {CLOSE_S:.0f} s") from None
        if code:
            raise self._death()
        self._said.close()

    def _kill(self) -> None:
        self._child.kill()
        self._child.wait()
        self._said.close()

    def _death(self) -> Exception:
        """The reason why the child ended."""
        import subprocess  # late: a headless start does not need it

        try:
            code = self._child.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            return EncoderDied(f"ffmpeg ({self._encoder}) hangs")
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self._said.close()
        why = said[-1].strip()[:200] if said else f"signal {-code}" if code < 0 else f"exit code {code}"
        if code == ASKED_TO_END:
            return VideoError(f"ffmpeg ({self._encoder}) was asked to end")
        if any(message in why for message in DISK):
            return OSError(errno.ENOSPC if DISK[0] in why else errno.EIO, why)
        return EncoderDied(f"ffmpeg ({self._encoder}) ended: {why}")
