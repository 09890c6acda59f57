"""Reads the display matrix and the edit list of an MP4 or QuickTime file, which OpenCV does not provide.

Boxes and fields: ISO/IEC 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

MAX_HEADER_BYTES = 64_000_000
ONE = 1 << 16
ORIENTATIONS = {
    (1, 0, 0, 1): (False, 0), (0, 1, -1, 0): (False, 90), (-1, 0, 0, -1): (False, 180), (0, -1, 1, 0): (False, 270),
    (-1, 0, 0, 1): (True, 0), (0, -1, -1, 0): (True, 90), (1, 0, 0, -1): (True, 180), (0, 1, 1, 0): (True, 270),
}  # fmt: skip
"""Maps a display matrix (a, b, c, d) to whether it mirrors left to right, and to the clockwise turn in degrees after
that."""


class Track(NamedTuple):
    """The first video track.

    Attributes:
        mirrored: Whether the picture is mirrored left to right before it is turned.
        turn: Clockwise turn in degrees.
        presented_s: Length of the part to be shown in seconds; 0 when unknown.
    """

    mirrored: bool
    turn: int
    presented_s: float


def video_track(path: Path) -> Track | None:
    """The first video track of a file; None if it is not an MP4 or QuickTime file, or damaged."""
    try:
        with path.open("rb") as file:
            header = _moov(file)
        return _track(header) if header else None
    except (OSError, struct.error, IndexError, ZeroDivisionError):
        return None


def lacks_index(path: Path) -> bool:
    """Whether a file is an MP4 or QuickTime file without the box ``moov``."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp" and not _moov(file)
    except (OSError, struct.error):
        return False


def lacks_video(path: Path) -> bool:
    """Whether a file is an MP4 or QuickTime file without a video track."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp" and bool(moov := _moov(file)) and _track(moov) is None
    except (OSError, struct.error, IndexError):
        return False


def _moov(file: BinaryIO) -> bytes:
    """The content of the box ``moov``; empty if there is none."""
    end = file.seek(0, 2)
    at = 0
    while at + 8 <= end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            head = 16
        size = size or end - at
        if name == b"moov":
            return file.read(min(size - head, MAX_HEADER_BYTES))
        if size < head or (at == 0 and not name.isalpha()):
            return b""
        at += size
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each box."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            return
        yield name, data[at + 8 : at + size]
        at += size


def _child(data: bytes, *names: bytes) -> bytes:
    """The content of the box at a path of names; empty if there is none."""
    for name in names:
        data = next((content for found, content in _boxes(data) if found == name), b"")
    return data


def _track(moov: bytes) -> Track | None:
    timescale = _timescale(_child(moov, b"mvhd"))
    for name, track in _boxes(moov):
        if name == b"trak" and _child(track, b"mdia", b"hdlr")[8:12] == b"vide":
            mirrored, turn = _orientation(_child(track, b"tkhd"))
            return Track(mirrored, turn, _edited(_child(track, b"edts", b"elst")) / timescale if timescale else 0.0)
    return None


def _timescale(mvhd: bytes) -> int:
    at = 20 if mvhd[:1] == b"\1" else 12
    return int(struct.unpack(">I", mvhd[at : at + 4])[0])


def _orientation(tkhd: bytes) -> tuple[bool, int]:
    at = 52 if tkhd[:1] == b"\1" else 40
    a, b, _, c, d = struct.unpack(">5i", tkhd[at : at + 20])
    return ORIENTATIONS.get((a // ONE, b // ONE, c // ONE, d // ONE), (False, 0))


def _edited(elst: bytes) -> int:
    """The total duration of all non-empty edits, in the movie's time scale; 0 without an edit list."""
    if not elst:
        return 0
    (count,) = struct.unpack(">I", elst[4:8])
    entry = struct.Struct(">Qqi" if elst[:1] == b"\1" else ">Iii")
    edits = (entry.unpack_from(elst, 8 + n * entry.size) for n in range(min(count, 10_000)))
    return sum(duration for duration, start, _ in edits if start >= 0)
