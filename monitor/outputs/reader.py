"""Reading what a session logged, its rotated parts included, whatever a power cut did to the files."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Iterator
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


def read_rows(folder: Path) -> Iterator[dict[str, str]]:
    """The rows of ``faces.csv`` and its parts; torn or foreign lines are skipped and counted in the log.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "faces.csv"):
        header: list[str] = []
        for cells in _cells(path):
            if not header:
                header = cells
            elif cells != header:
                yield dict(zip(header, cells, strict=True))


def read_events(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of ``events.jsonl`` and its parts; torn or foreign lines are skipped.

    Raises:
        OSError: A file cannot be read.
    """
    for path in parts(folder, "events.jsonl"):
        for line in _lines(path):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and "kind" in event and "phase" in event:
                yield event


def _cells(path: Path) -> Iterator[list[str]]:
    """Rows as wide as the first one, which is the header."""
    width = 0
    for line in _lines(path):
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error:
            continue
        width = width or len(cells)
        if len(cells) == width and cells:
            yield cells


def _lines(path: Path) -> Iterator[str]:
    """Whole, clean lines."""
    skipped = 0
    with path.open("rb") as file:
        while raw := file.readline(LONGEST_LINE):
            text = raw.decode("utf-8", "replace")
            if not raw.endswith(b"\n") or b"\0" in raw or "\ufffd" in text:
                skipped += 1
            else:
                yield text.rstrip("\r\n")
    if skipped:
        log.warning("%s: %d damaged lines were skipped", path, skipped)
