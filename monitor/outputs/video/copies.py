"""Annotated copies of photographs in a folder, named after the originals."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from monitor.core.types import Event, Image, Result
from monitor.system.wholefile import whole

log = logging.getLogger("monitor")

QUALITY = 92
"""JPEG quality of the copies."""
MOST_CHARACTERS = 80
"""Most characters of a picture's name in the name of its copy."""


class CopySink:
    """Writes a copy of each photograph as ``copy-NAME.jpg``; existing files are kept, a number is added to the name.

    Args:
        folder: The folder of the copies.
        draw: Draws a result's readings onto a copy of its picture.

    Attributes:
        written: Number of copies.
    """

    def __init__(self, folder: Path, draw: Callable[[Result], Image]) -> None:
        self._folder, self._draw = folder, draw
        self.written = 0

    def handle(self, result: Result) -> None:
        """Writes one copy.

        Raises:
            OSError: It cannot be written.
        """
        ok, data = cv2.imencode(".jpg", self._draw(result), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not ok:
            raise OSError(f"{result.frame.file}: cannot be encoded as JPEG")
        self._folder.mkdir(parents=True, exist_ok=True)
        with whole(free_name(self._folder, result.frame.file or f"{result.frame.index}")) as part:
            part.write_bytes(data.tobytes())
        self.written += 1

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: these events concern no picture."""

    def flush(self) -> None:
        """Does nothing: every copy is written at once."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Reports how many copies were written."""
        log.info("%d annotated copies in %s", self.written, self._folder)


def free_name(folder: Path, name: str) -> Path:
    """A free path for a copy; the folders of a picture become part of its name."""
    plain = re.sub(r"[^\w.() -]+", "_", str(Path(name).with_suffix("")))[-MOST_CHARACTERS:].strip("_. ")
    path, number = folder / f"copy-{plain}.jpg", 1
    while path.exists():
        number += 1
        path = folder / f"copy-{plain}-{number}.jpg"
    return path
