"""Single video files: their names, and whether they play."""

from __future__ import annotations

import errno
from pathlib import Path

import cv2

from monitor.core.errors import ConfigError, DiskError
from monitor.outputs.logs.session import MOST_TRIES, unused
from monitor.system.paths import encodable, refusal, trouble

SUFFIXES = (".mkv", ".avi", ".mp4", ".mov")
"""Containers that can hold the codecs."""


def named(record: str | None) -> Path | None:
    """The path given with --record, checked before the run starts; None if there is none.

    Raises:
        ConfigError: Its folder is missing or not writable, or it is a folder.
    """
    if not record:
        return None
    path = Path(record)
    if not encodable(path):
        raise ConfigError(f"--record {record!r}: the name is not in UTF-8, which OpenCV cannot open; give another file")
    if (why := trouble(path)) is not None:
        raise ConfigError(f"--record {path}: {why.strerror}; give another file")
    if path.is_symlink():
        path = path.resolve()  # the target of a link is written, or created
    if path.is_dir():
        raise ConfigError(f"--record {path}: is a folder; give a file such as {path / 'video.mkv'}")
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--record {path}: must end in {', '.join(SUFFIXES)}")
    if path.exists():
        raise ConfigError(f"--record {path}: exists already; delete it or give another file")
    refused = refusal(path.parent)
    if refused is not None:
        raise DiskError.kind(refused)(
            f"--record {path}: the folder {path.parent} is missing or not writable ({refused.strerror})"
        )
    return path


def claimed(path: Path) -> Path:
    """The path itself, or a free one if another run has taken it meanwhile; the file is created empty."""
    for _ in range(MOST_TRIES):
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            path = unused(path)
        else:
            return path
    raise FileExistsError(errno.EEXIST, f"{path}: no name is free")


def playable(path: Path) -> bool:
    """Whether a video file opens and yields a picture."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    try:
        return bool(capture.isOpened() and capture.read()[0])
    finally:
        capture.release()
