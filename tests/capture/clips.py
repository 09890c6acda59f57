"""Videos of the demo in unusual encodings, made with the ffmpeg program; tests skip where it is missing."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str | Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs the ffmpeg program")
    done = subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *map(str, arguments)],
                          capture_output=True, text=True)  # fmt: skip
    if "Unknown encoder" in done.stderr:
        pytest.skip(f"this ffmpeg lacks an encoder: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


def encoded(clip: Path, out: Path, *options: str) -> Path:
    ffmpeg("-i", clip, *options, out)
    return out


def with_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Gives an MP4 a display matrix (a, b, c, d)."""
    a, b, c, d = (value << 16 for value in matrix)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of fields
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path
