"""Lists the photographs of a folder, a glob pattern or several names."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.capture.names import IMAGE_SUFFIXES, VIDEO_SUFFIXES, listed, shown
from monitor.core.errors import SourceError


@dataclass(frozen=True, slots=True)
class Album:
    """Photographs in the order in which they are read.

    Attributes:
        name: Name in logs and folder names.
        root: Folder that the names of the pictures are relative to.
        pictures: The files.
        videos: Videos among them, which are not read.
        others: Number of other files, which are not read.
    """

    name: str
    root: Path
    pictures: tuple[Path, ...]
    videos: tuple[Path, ...] = ()
    others: int = 0

    def title(self, picture: Path) -> str:
        """A picture's name in logs: its path below ``root``."""
        return picture.relative_to(self.root).as_posix() if picture.is_relative_to(self.root) else str(picture)


def gather(text: str, *, recursive: bool = False) -> Album:
    """The photographs of a source.

    Args:
        text: A picture, a folder, a glob pattern, or several of these, one per line.
        recursive: Read the folders below a folder as well.

    Raises:
        SourceError: Nothing of that name exists, it cannot be read, or there is no picture.
    """
    parts = [part for name in listed(text) for part in matches(name)]
    single = parts[0] if len(parts) == 1 else None
    root = single if single is not None and single.is_dir() else Path()
    files: list[Path] = []
    for part in parts:
        try:
            files += sorted(_files(part, recursive=recursive), key=_in_order) if part.is_dir() else [part]
        except OSError as error:
            raise SourceError(f"{part}: cannot be read: {error.strerror}") from None
    named = {part for part in parts if not part.is_dir()}
    videos = tuple(file for file in files if file.suffix.lower() in VIDEO_SUFFIXES)
    pictures = tuple(
        file for file in files if file not in videos and (file in named or file.suffix.lower() in IMAGE_SUFFIXES)
    )
    if not pictures and len(videos) > 1 and single is None:
        raise SourceError(f"--source {shown(text)}: names {len(videos)} videos; run them one at a time")
    if not pictures:
        deeper = "" if recursive or single is None else "; folders below it are read with --recursive"
        raise SourceError(f"{single or shown(text)}: holds no pictures (.jpg, .png, .webp, .heic, …){deeper}")
    if single is not None and not single.is_dir():
        root = single.parent
    name = single.name or single.resolve().name if single is not None else f"{len(pictures)} pictures"
    return Album(name, root, pictures, videos, len(files) - len(pictures) - len(videos))


def matches(name: str) -> list[Path]:
    """The files that match a name or a quoted glob pattern."""
    path = Path(name)
    if path.exists() or not glob.has_magic(name):
        return [path]
    found = [Path(match) for match in glob.glob(name, recursive=True)]
    if not found:
        raise SourceError(f"--source {name}: no file matches")
    return sorted(found, key=_in_order)


def _files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """Regular files of a folder; hidden ones are left out."""
    for entry in folder.rglob("*") if recursive else folder.iterdir():
        if not any(part.startswith(".") for part in entry.relative_to(folder).parts) and entry.is_file():
            yield entry


def _in_order(file: Path) -> tuple[list[list[tuple[int, str]]], str]:
    """Sort key that compares numbers by value (f2 before f10) and keeps the files of a folder together."""
    parts = [
        [(int(text), "") if text.isdecimal() else (-1, text) for text in re.split(r"(\d+)", part)]
        for part in file.parts
    ]
    return parts, file.name
