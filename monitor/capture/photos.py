"""Photographs: one picture or many, in the order of their names."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from monitor.capture.geometry import wanted
from monitor.capture.magic import content_of
from monitor.capture.picture import read_picture, why_unreadable
from monitor.capture.source import Source
from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Frame, Image

log = logging.getLogger("monitor")


class ImageSource:
    """One picture, or several in the order of their names with numbers by value; see ``Source``.

    Attributes:
        skipped: Number of files skipped so far: damaged pictures and videos.
    """

    live = False

    def __init__(
        self, path: Path | str, fps: float, *, loop: bool = False, recursive: bool = False, rotate: str = "auto",
        flip: str = "none",
    ) -> None:  # fmt: skip
        """Lists the pictures.

        Args:
            path: A picture, a folder, a glob pattern, or several names, one per line.
            fps: Assumed frame rate of a folder of pictures in Hz.
            loop: Start again at the end.
            recursive: Read the folders below a folder as well.
            rotate: Setting ``source.rotate``; "auto" = the orientation in the EXIF data.
            flip: Setting ``source.flip``.

        Raises:
            SourceError: There is no picture, or the only one cannot be read.
        """
        from monitor.capture.album import gather  # late: a camera or video has no album

        self._album = gather(str(path), recursive=recursive)
        self._loop, self.fps = loop, fps
        self._shape, self._upright = wanted(rotate, flip), rotate == "auto"
        self.name = self._album.name
        self._first: Image | None = None
        only = self._album.pictures[0]
        if len(self._album.pictures) == 1 and str(path) == str(only):
            self._first = read_picture(only, upright=self._upright)
            if self._first is None:
                raise SourceError(f"{only}: cannot be read as a picture; {why_unreadable(only)}")
        self.frames = 0 if loop else len(self._album.pictures)
        self._next = self._index = self.skipped = 0
        self._ended = False
        for video in self._album.videos:
            self.skipped += 1
            log.warning("%s: is a video among photographs; skipped, run it by itself", video)
        if self._album.others:
            log.info("%s: other files left out: %d", self.name, self._album.others)

    def read(self) -> Frame | None:
        """The next readable picture; unreadable ones are logged, skipped and counted."""
        pictures = self._album.pictures
        misses = 0
        while True:
            if self._next >= len(pictures):
                if not self._loop or misses >= len(pictures):
                    self._tell_skipped()
                    return None
                self._next = 0
            file = pictures[self._next]
            self._next += 1
            image, self._first = (
                (self._first if self._first is not None else read_picture(file, upright=self._upright)),
                None,
            )
            if image is None:
                misses += 1
                self.skipped += 1
                log.warning("%s: cannot be read as a picture; %s; skipped", file, why_unreadable(file))
                continue
            self._tell_animated(file)
            image = self._shape(image)
            image.setflags(write=False)
            # The time depends on the position in the folder, so that a skipped picture leaves a gap.
            t = round((self._index if self._loop else self._next - 1) / self.fps, 6)
            frame = Frame(self._index, t, time.time(), image, self.name, self._album.title(file))
            self._index += 1
            return frame

    def _tell_skipped(self) -> None:
        if not self._ended and self.skipped:
            log.warning("%s: %d pictures read, %d files skipped", self.name, self._index, self.skipped)
        self._ended = True

    def _tell_animated(self, file: Path) -> None:
        if content_of(file).animated:
            log.warning("%s: is animated; only its first picture is read, run it by itself for all", file)

    def close(self) -> None:
        """Does nothing: no file stays open."""

    def facts(self) -> dict[str, Any]:
        """Number of pictures and rate."""
        return {"kind": "images", "file": self.name, "images": len(self._album.pictures), "fps": self.fps}


def unrelated(source: Source, *, sequence: bool) -> bool:
    """Whether the pictures of a source are unrelated photographs, not the frames of a film."""
    return isinstance(source, ImageSource) and not sequence


def no_drive(source: Source) -> ConfigError:
    """The error for photographs in driver mode."""
    what = "a photograph" if source.frames == 1 else "unrelated photographs"
    return ConfigError(
        f"{source.name}: driver mode cannot judge {what}; for the frames of a film set source.sequence=true, "
        "else leave driver.enabled off"
    )
