"""Reading what a session logged, its rotated parts included, whatever a power cut did to the files."""

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

log = logging.getLogger("monitor")

LONGEST_LINE = 100_000
"""Characters; a longer line is none of ours and is skipped."""
PART = re.compile(r"-\d{8}-(\d+)$")


def parts(folder: Path, name: str) -> list[Path]:
    """The files of one log in the order they were written: its rotated parts, then the current one.

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
    return [path for _, path in sorted(rotated)] + ([current] if current.exists() else [])


def files_of(path: Path, name: str) -> list[Path]:
    """The files that a path of a log stands for: of a session's folder, or of the current log in it, all parts in their
    order; any other file is itself.

    Args:
        path: What a user named.
        name: Name of the current log, such as "faces.csv".
    """
    if os.path.isdir(path):
        return parts(path, name) or [path / name]
    return parts(path.parent, name) if path.name == name and os.path.exists(path) else [path]


@dataclass(slots=True)
class Damage:
    """Counts lines that were torn or foreign, and so left out."""

    lines: int = 0


def open_table(path: Path, damage: Damage) -> tuple[list[str], Iterator[dict[str, str]]]:
    """Header and rows of one ``faces.csv``.

    Args:
        path: The file.
        damage: Where lines that are torn, foreign or of another width are counted, as the rows are taken.

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
    """The rows of ``faces.csv`` and its parts; torn or foreign lines are skipped and counted in the log.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "faces.csv"):
        damage = Damage()
        yield from open_table(path, damage)[1]
        _tell(path, damage)


def read_events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of ``events.jsonl`` and its parts; torn or foreign lines are skipped and counted in the log.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "events.jsonl"):
        damage = Damage()
        for line in whole_lines(path, damage):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict) and "kind" in event and "phase" in event:
                yield event
            else:
                damage.lines += 1
        _tell(path, damage)


def whole_lines(path: Path, damage: Damage) -> Iterator[str]:
    """Lines that are complete and clean text; a last one without its end was torn by a power cut."""
    with path.open("rb") as file:
        while raw := file.readline(LONGEST_LINE):
            # A spreadsheet that saves "CSV UTF-8" puts a byte order mark in front.
            text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
            if not raw.endswith(b"\n") or b"\0" in raw or "\ufffd" in text:
                damage.lines += 1
            else:
                yield text.rstrip("\r\n")


def _cells(line: str) -> list[str]:
    """The cells of a line, none of one that is no CSV."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _tell(path: Path, damage: Damage) -> None:
    if damage.lines:
        log.warning("%s: %d damaged lines were skipped", path, damage.lines)
