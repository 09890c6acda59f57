"""The registry of the kinds of sources, and the choice of a kind from the text that the user typed."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import Protocol

from monitor.capture.magic import PICTURES, content_of
from monitor.capture.names import IMAGE_SUFFIXES, SEVERAL, STREAMS, VIDEO_SUFFIXES, local, shown
from monitor.capture.source import Source
from monitor.core.errors import SourceError
from monitor.settings.inputs import SourceConfig

PHOTOGRAPHS = ("image", "folder")
"""Kinds whose pictures are unrelated, unless ``source.sequence`` is set."""
EXPECTED = "a source is a number, /dev/video…, a file, a folder, a URL, picamera or demo"


class Factory(Protocol):
    """Opens a source of one kind."""

    def __call__(self, text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
        """Opens the source called ``text``; see ``open_source``."""


def open_source(text: str, config: SourceConfig, *, loop: bool = False, gray: bool = False) -> Source:
    """Opens the source that the user named.

    Args:
        text: ``0``, ``/dev/video0``, a file, a folder of pictures, a glob pattern, several pictures (one per line), a
            URL, ``picamera`` or ``demo``.
        config: Source settings.
        loop: Restart a file or the demo at its end.
        gray: A camera or stream of JPEG pictures delivers gray ones; ``Frame.color`` decodes them in color.

    Raises:
        SourceError: It cannot be opened; one line with the reason and the fix.
    """
    text = _single(text)
    return KINDS[kind_of(text)](text, config, loop=loop, gray=gray)


def kind_of(text: str) -> str:
    """The kind of a source: a key of ``KINDS``.

    Raises:
        SourceError: Nothing of that name exists.
    """
    text = _single(text)
    if not text.strip():
        raise SourceError(f"--source is empty; {EXPECTED}")
    if SEVERAL in text:
        return "folder"
    if text in ("demo", "picamera"):
        return text
    if re.fullmatch(r"\d{1,3}", text) or text.startswith("/dev/"):
        return "camera"
    if text.lower().startswith(STREAMS):
        return "stream"
    return _kind_of_path(text)


def _single(text: str) -> str:
    """``file://`` removed, and a glob pattern that matches one file replaced by that file."""
    text = local(text)
    if SEVERAL in text or "://" in text or not glob.has_magic(text) or os.path.lexists(text):
        return text
    from monitor.capture.album import matches

    found = matches(text)
    return str(found[0]) if len(found) == 1 else SEVERAL.join(map(str, found))


def _kind_of_path(text: str) -> str:
    path = Path(text)
    try:
        if path.is_dir():
            return "folder"
        if path.is_file():
            return _kind_of_file(path)
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


def _kind_of_file(path: Path) -> str:
    """The kind of a file, by its suffix and its content.

    Raises:
        OSError: It cannot be read.
        SourceError: It is empty, a web page, or a picture with the suffix of a video.
    """
    suffix = path.suffix.lower()
    content = content_of(path)
    if not content.kind:
        raise SourceError(f"{path}: the file is empty")
    if content.kind == "html":
        raise SourceError(f"{path}: is a web page, neither a video nor a picture")
    if suffix in IMAGE_SUFFIXES:
        animated = content.animated and content.kind in PICTURES
        return ("video" if content.kind == "gif" else "animation") if animated else "image"
    if content.kind in PICTURES and content.kind != "netpbm":
        if suffix in VIDEO_SUFFIXES:
            raise SourceError(f"{path}: is a picture ({content.kind}) with the suffix of a video; rename it")
        return "image"
    return "video"


def _demo(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.demo import DemoSource

    return DemoSource(loop=loop)


def _picamera(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.picamera import PiCameraSource

    return PiCameraSource(config)


def _camera(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.camera import CameraSource

    return CameraSource(text, config, gray=gray)


def _stream(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    if config.poll_s:
        from monitor.capture.snapshot import SnapshotSource

        return SnapshotSource(text, config)
    from monitor.capture.stream import StreamSource
    from monitor.capture.video import VideoSource

    source = StreamSource(text, config, gray=gray)
    if source.is_file:  # such as http://host/clip.mp4: it has its own time stamps, and no frame may be dropped
        source.close()
        return VideoSource(text, loop=loop, config=config)
    return source


def _folder(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.photos import ImageSource

    return ImageSource(
        text, config.folder_fps, loop=loop, recursive=config.recursive, rotate=config.rotate, flip=config.flip
    )


def _animation(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.animation import AnimationSource

    return AnimationSource(Path(text), loop=loop, config=config)


def _video(text: str, config: SourceConfig, *, loop: bool, gray: bool) -> Source:
    from monitor.capture.video import VideoSource

    return VideoSource(Path(text), loop=loop, config=config)


KINDS: dict[str, Factory] = {
    "demo": _demo, "picamera": _picamera, "camera": _camera, "stream": _stream, "folder": _folder, "image": _folder,
    "animation": _animation, "video": _video,
}  # fmt: skip
"""Maps each kind of source to its opener."""
