"""Kinds of sources: a registry, and the choice of a kind by what the user typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from monitor.capture.names import IMAGE_SUFFIXES, STREAMS, shown
from monitor.capture.source import Source
from monitor.core.errors import SourceError
from monitor.settings.inputs import SourceConfig

EXPECTED = "a source is a number, /dev/video…, a file, a folder, a URL, picamera or demo"


class Factory(Protocol):
    """Opens a source of one kind."""

    def __call__(self, text: str, config: SourceConfig, *, loop: bool) -> Source:
        """Opens the source called ``text``; ``loop`` restarts files and the demo at their end."""


def open_source(text: str, config: SourceConfig, *, loop: bool = False) -> Source:
    """Opens the source the user named.

    Args:
        text: ``0``, ``/dev/video0``, a file, a folder of images, a URL, ``picamera`` or ``demo``.
        config: Source settings.
        loop: Restart a file or the demo at its end.

    Raises:
        SourceError: It cannot be opened; one line with the reason and the fix.
    """
    return KINDS[kind_of(text)](text, config, loop=loop)


def kind_of(text: str) -> str:
    """The kind of a source: a key of ``KINDS``.

    Raises:
        SourceError: Nothing of that name exists.
    """
    if not text.strip():
        raise SourceError(f"--source is empty; {EXPECTED}")
    if text in ("demo", "picamera"):
        return text
    if re.fullmatch(r"\d{1,3}", text) or text.startswith("/dev/"):
        return "camera"
    if text.lower().startswith(STREAMS):
        return "stream"
    return _kind_of_path(text)


def _kind_of_path(text: str) -> str:
    path = Path(text)
    try:
        if path.is_dir():
            return "folder"
        if path.is_file():
            return "image" if path.suffix.lower() in IMAGE_SUFFIXES else "video"
        path.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"--source {shown(text)!r}: cannot be read: {why}") from None
    else:
        raise SourceError(f"--source {shown(text)}: is neither a file nor a folder")
    hint = "" if path.suffix else f"; {EXPECTED}"
    raise SourceError(f"--source {shown(text)}: no such file or folder{hint}")


def _demo(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.demo import DemoSource

    return DemoSource(loop=loop)


def _picamera(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.picamera import PiCameraSource

    return PiCameraSource(config)


def _camera(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.camera import CameraSource

    return CameraSource(text, config)


def _stream(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.camera import CameraSource
    from monitor.capture.video import VideoSource

    source = CameraSource(text, config)
    if source.is_file:  # http://host/clip.mp4 has a clock of its own, and every frame counts
        source.close()
        return VideoSource(text, loop=loop)
    return source


def _folder(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.photos import ImageSource

    return ImageSource(Path(text), config.folder_fps, loop=loop)


def _video(text: str, config: SourceConfig, *, loop: bool) -> Source:
    from monitor.capture.video import VideoSource

    return VideoSource(Path(text), loop=loop)


KINDS: dict[str, Factory] = {
    "demo": _demo, "picamera": _picamera, "camera": _camera, "stream": _stream, "folder": _folder, "image": _folder,
    "video": _video,
}  # fmt: skip
"""Kind of source to what opens it."""
