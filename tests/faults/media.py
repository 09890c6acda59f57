"""Odd video files, made from plain ones by changing their boxes; no external program is needed."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from monitor.capture import demo

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def film(
    path: Path, frames: int = 20, fps: float = 10.0, codec: str = "mp4v", size: tuple[int, int] = (64, 48)
) -> Path:
    """A clip whose frames are brighter on the left; each a little brighter than the one before."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size)
    for n in range(frames):
        image = np.full((size[1], size[0], 3), 30 + n, np.uint8)
        image[:, : size[0] // 2] += 150
        writer.write(image)
    writer.release()
    return path


def faces(path: Path, seconds: float = 2.0, codec: str = "MJPG") -> Path:
    """A clip of the demo."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 25.0, (640, 480))
    for n in range(round(seconds * 25)):
        writer.write(demo.render(4 + n / 25))
    writer.release()
    return path


def rotated(path: Path) -> None:
    """Turns an MP4 by 90 degrees through the matrix of its track header, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of fields
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def variable(path: Path, pattern: tuple[int, ...]) -> None:
    """Gives an MP4's frames durations in turn, in halves of the constant one it has (``stts``)."""
    data = path.read_bytes()
    at = data.index(b"stts")
    entries, count, delta = struct.unpack(">3I", data[at + 8 : at + 20])
    assert entries == 1
    table = b"".join(struct.pack(">2I", 1, delta * pattern[n % len(pattern)] // 2) for n in range(count))
    old = data[at - 4 : at + 16 + 4]
    new = struct.pack(">I4sII", 16 + len(table), b"stts", 0, count) + table
    grown = len(new) - len(old)
    out = bytearray(data[: at - 4] + new + data[at - 4 + len(old) :])
    for name in CONTAINERS:  # the moov comes last, so that no offset into the pictures moves
        place = data.index(name) - 4
        struct.pack_into(">I", out, place, struct.unpack(">I", data[place : place + 4])[0] + grown)
    path.write_bytes(out)
