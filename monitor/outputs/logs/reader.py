"""Reads logs line by line: takes rotated parts in order, and skips and counts damaged lines."""

from __future__ import annotations

import codecs
import csv
import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.outputs.logs.camerafolders import camera_folders

log = logging.getLogger("monitor")

LONGEST_LINE = 100_000
"""Most bytes of a line; the program writes none longer, so longer ones are skipped."""
PART = re.compile(r"-\d{8}-(\d+)$")


def parts(folder: Path, name: str) -> list[Path]:
    """The files of one log in the order they were written: its rotated parts, then the current one.

    For a run with several cameras: the files of the first camera, then those of the next.

    Args:
        folder: The session folder.
        name: Name of the current file, such as "faces.csv".
    """
    stem, suffix = Path(name).stem, Path(name).suffix
    rotated = []
    for path in folder.glob(f"{stem}-*{suffix}"):
        match = PART.search(path.stem)
        if match:
            rotated.append((int(match[1]), path))
    current = folder / name
    own = [path for _, path in sorted(rotated)] + ([current] if current.exists() else [])
    return own or [path for camera in camera_folders(folder) for path in parts(camera, name)]


def files_of(path: Path, name: str) -> list[Path]:
    """The files to read for a path: all parts of the log for a session folder or its current log, else the file itself.

    Args:
        path: The path a user gave.
        name: Name of the current log, such as "faces.csv".
    """
    if os.path.isdir(path):
        return parts(path, name) or [path / name]
    return parts(path.parent, name) if path.name == name and os.path.exists(path) else [path]


@dataclass(slots=True)
class Damage:
    """Counts lines that are left out because they are torn or were written by another program."""

    lines: int = 0


def open_table(path: Path, damage: Damage) -> tuple[list[str], Iterator[dict[str, str]]]:
    """Header and rows of one ``faces.csv``.

    Args:
        path: The file.
        damage: Counts lines that are torn or have another number of cells, while the rows are read.

    Raises:
        OSError: The file cannot be read.
    """
    lines = whole_lines(path, damage)
    header = next((cells for line in lines if (cells := _cells(line))), [])

    def rows() -> Iterator[dict[str, str]]:
        for line in lines:
            cells = _cells(line)
            if len(cells) != len(header):
                damage.lines += 1
            elif cells != header:
                yield dict(zip(header, cells, strict=True))

    return header, rows()


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """The rows of ``faces.csv`` and its parts as text; the number of damaged lines is logged.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "faces.csv"):
        damage = Damage()
        yield from open_table(path, damage)[1]
        _warn(path, damage)


def read_events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of ``events.jsonl`` and its parts; the number of damaged lines is logged.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "events.jsonl"):
        damage = Damage()
        yield from events_of(path, damage)
        _warn(path, damage)


def events_of(path: Path, damage: Damage) -> Iterator[dict[str, Any]]:
    """The events of one file.

    Args:
        path: The file.
        damage: Counts lines that are torn or are not events.

    Raises:
        OSError: The file cannot be read.
    """
    for line in whole_lines(path, damage):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict) and "kind" in event and "phase" in event:
            yield event
        else:
            damage.lines += 1


def whole_lines(path: Path, damage: Damage) -> Iterator[str]:
    """Complete lines of valid UTF-8; a last line without a line break was torn by a power cut.

    Args:
        path: The file.
        damage: Counts all other lines.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        while raw := file.readline(LONGEST_LINE):
            # Spreadsheets write a byte order mark when they save "CSV UTF-8".
            text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
            if not raw.endswith(b"\n") or b"\0" in raw or "\ufffd" in text:
                damage.lines += 1
            else:
                yield text.rstrip("\r\n")


def _cells(line: str) -> list[str]:
    """The cells of a CSV line; none if it is malformed."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _warn(path: Path, damage: Damage) -> None:
    if damage.lines:
        log.warning("%s: %d damaged lines were skipped", path, damage.lines)
