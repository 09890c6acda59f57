"""Photographs: one picture, or a folder of them in the order of their names."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Any

from monitor.capture.names import IMAGE_SUFFIXES
from monitor.capture.picture import read_picture, refusal
from monitor.capture.source import Source
from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Frame

log = logging.getLogger("monitor")


def _in_order(file: Path) -> tuple[list[tuple[int, str]], str]:
    """Sorts names as people count: f2 before f10."""
    parts = re.split(r"(\d+)", file.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], file.name


class ImageSource:
    """One image, or a folder of them in the order of their names, numbers in them by value; see ``Source``.

    Attributes:
        skipped: Pictures that could not be read so far.
    """

    live = False

    def __init__(self, path: Path, fps: float, *, loop: bool = False) -> None:
        """Lists the images.

        Raises:
            SourceError: There is none, or the single image cannot be read.
        """
        self._path, self._loop, self.fps = path, loop, fps
        self.name = path.name or path.resolve().name
        try:
            self._files = [path] if path.is_file() else sorted(
                (f for f in path.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and f.is_file()), key=_in_order
            )  # fmt: skip
        except OSError as error:
            raise SourceError(f"{path}: cannot be read: {error.strerror}") from None
        if not self._files:
            raise SourceError(f"{path}: holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        if path.is_file() and read_picture(path) is None:
            raise SourceError(f"{path}: cannot be read as a picture; {refusal(path) or 'it may be damaged'}")
        self.frames = 0 if loop else len(self._files)
        self._next = self._index = self.skipped = 0

    def read(self) -> Frame | None:
        """The next readable image; unreadable ones are skipped and counted."""
        misses = 0
        while True:
            if self._next >= len(self._files):
                if not self._loop or misses >= len(self._files):
                    return None
                self._next = 0
            file = self._files[self._next]
            self._next += 1
            image = read_picture(file)
            if image is None:
                misses += 1
                self.skipped += 1
                why = refusal(file)
                log.warning("%s: cannot be read as a picture%s; skipped", file, f" ({why})" if why else "")
                continue
            image.setflags(write=False)
            # Its place in the folder is its time, so that a skipped picture leaves a gap, not a shift.
            t = round((self._index if self._loop else self._next - 1) / self.fps, 6)
            frame = Frame(self._index, t, time.time(), image, self.name, file.name)
            self._index += 1
            return frame

    def close(self) -> None:
        """Nothing is held open."""

    def facts(self) -> dict[str, Any]:
        """Number of images and rate."""
        return {
            "kind": "images",
            "file": self.name,
            "images": len(self._files),
            "fps": self.fps,
        }


def unrelated(source: Source, *, sequence: bool) -> bool:
    """Whether a source's pictures need not follow one another: photographs that nobody called a sequence."""
    return isinstance(source, ImageSource) and not sequence


def no_drive(source: Source) -> ConfigError:
    """What is said of photographs in driver mode."""
    what = "a photograph shows" if source.frames == 1 else "pictures that need not follow one another show"
    return ConfigError(
        f"{source.name}: {what} no drive; for the frames of a film set source.sequence=true, "
        "else leave driver.enabled off"
    )
