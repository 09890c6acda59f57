"""What every source of pictures offers, and choosing one by what the user typed."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from monitor.core.errors import SourceError
from monitor.core.types import Frame
from monitor.settings.config import SourceConfig

VIDEO_SUFFIXES = {
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".gif", ".ts", ".3gp", ".ogv",
}  # fmt: skip
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
STREAMS = ("rtsp://", "rtsps://", "http://", "https://", "udp://", "tcp://", "rtmp://")


VARIABLE = re.compile(r"\$\{(\w+)\}")

log = logging.getLogger("monitor")


class Source(Protocol):
    """Where frames come from.

    Attributes:
        name: What to call it in logs and folder names; never holds a password.
        live: Whether time passes without us: live frames are dropped when we are late, others never.
        fps: Nominal rate in Hz, 0 when unknown.
        frames: Number of frames, 0 when unknown or endless.
    """

    name: str
    live: bool
    fps: float
    frames: int

    def read(self) -> Frame | None:
        """The next frame; None at the end, or when a live source gave none this time."""

    def close(self) -> None:
        """Releases the device or file; harmless when repeated."""

    def facts(self) -> dict[str, Any]:
        """What is known about the source, for metadata.json."""


def open_source(text: str, config: SourceConfig, loop: bool = False) -> Source:
    """Opens the source the user named.

    Args:
        text: ``0``, ``/dev/video0``, a file, a folder of images, a URL, ``picamera`` or ``demo``.
        config: Source settings.
        loop: Start a file or the demo again at its end.

    Raises:
        SourceError: It cannot be opened; one line saying why and what to try.
    """
    _kind, make = _classify(text)
    return make(text, config, loop)


def kind_of(text: str) -> str:
    """``camera``, ``stream``, ``picamera``, ``demo``, ``folder``, ``image`` or ``video``.

    Raises:
        SourceError: Nothing of that name exists.
    """
    return _classify(text)[0]


def _classify(text: str) -> tuple[str, Callable[[str, SourceConfig, bool], Source]]:
    if not text.strip():
        raise SourceError(
            "--source is empty; a source is a number, /dev/video…, a file, a folder, a URL, picamera or demo"
        )
    if text == "demo":
        return "demo", _demo
    if text == "picamera":
        return "picamera", _picamera
    if re.fullmatch(r"\d{1,3}", text) or text.startswith("/dev/"):
        return "camera", _camera
    if text.lower().startswith(STREAMS):
        return "stream", _camera
    path = Path(text)
    try:
        if path.is_dir():
            return "folder", _folder
        if path.is_file():
            return ("image", _folder) if path.suffix.lower() in IMAGE_SUFFIXES else ("video", _video)
        path.stat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"--source {shown(text)!r}: cannot be read: {why}") from None
    else:
        raise SourceError(f"--source {shown(text)}: is neither a file nor a folder")
    hint = "" if path.suffix else "; a source is a number, /dev/video…, a file, a folder, a URL, picamera or demo"
    raise SourceError(f"--source {shown(text)}: no such file or folder{hint}")


def shown(text: str) -> str:
    """A source's text without what may be secret in a URL: user name, password, query."""
    if "://" not in text:
        return text
    # Up to the last @ before the path: a password may hold one itself.
    return re.sub(r"\?.*", "?…", re.sub(r"(?<=://)[^/\s]*@", "", text))


def revealed(text: str) -> str:
    """What the user typed, with secrets fetched from where they are kept.

    ``@FILE`` stands for the first line of a file (such as a credential of systemd), ``${NAME}`` for an
    environment variable: alone for the whole source, within a URL percent-encoded.

    Raises:
        SourceError: The file cannot be read, or the variable is not set.
    """
    if text.startswith("@"):
        try:
            with open(text[1:], encoding="utf-8") as file:
                found = file.readline(4096).strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise SourceError(f"--source {text}: the file cannot be read: {reason}") from None
        if not found:
            raise SourceError(f"--source {text}: the first line of the file is empty")
        return found

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise SourceError(f"--source {shown(text)}: the environment variable {match[1]} is not set")
        if not found and match[0] == text:  # within a URL it may be an empty password
            raise SourceError(f"--source {shown(text)}: the environment variable {match[1]} is empty")
        return found if match[0] == text else quote(found, safe="")

    if "://" in text or VARIABLE.fullmatch(text):
        if re.search(r"://[^/@\s]*:[^/@\s$]+@", text):
            log.warning("a password on the command line can be seen by others; better: --source @FILE or ${NAME}")
        return VARIABLE.sub(value, text)
    return text


def _demo(text: str, config: SourceConfig, loop: bool) -> Source:
    from monitor.capture.demo import DemoSource

    return DemoSource(loop=loop)


def _picamera(text: str, config: SourceConfig, loop: bool) -> Source:
    from monitor.capture.picamera import PiCameraSource

    return PiCameraSource(config)


def _camera(text: str, config: SourceConfig, loop: bool) -> Source:
    from monitor.capture.camera import CameraSource
    from monitor.capture.files import VideoSource

    source = CameraSource(text, config)
    if source.is_file:  # http://host/clip.mp4 has a time of its own and every frame counts
        source.close()
        return VideoSource(text, loop)
    return source


def _folder(text: str, config: SourceConfig, loop: bool) -> Source:
    from monitor.capture.files import ImageSource

    return ImageSource(Path(text), config.folder_fps, loop)


def _video(text: str, config: SourceConfig, loop: bool) -> Source:
    from monitor.capture.files import VideoSource

    return VideoSource(Path(text), loop)
