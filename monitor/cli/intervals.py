"""Reads events and labels back as intervals of time."""

from __future__ import annotations

import csv
import itertools
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.outputs.logs.reader import files_of

log = logging.getLogger("monitor")

LABEL_COLUMNS = {"file", "start_s", "end_s", "what"}


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval in seconds and the kind of event in it."""

    start: float
    end: float
    what: str


Kinds = dict[str, tuple[list[Interval], list[float]]]
"""Maps each kind of event to its intervals and the time of the first event (the alert) of each."""


@dataclass(slots=True)
class _Spans:
    """Events collected so far.

    Attributes:
        spans: Maps (kind, session, id) to start, end and alert.
        sessions: Names of all sessions in the log.
        bad: Number of lines that could not be read.
        last: Largest time.
    """

    spans: dict[tuple[str, Any, Any], list[float]] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    bad: int = 0
    last: float = 0.0

    def add(self, line: str, session: str | None) -> None:
        """Adds one line of an event log.

        Raises:
            ValueError, KeyError, TypeError, AttributeError, RecursionError: It is not an event.
        """
        event = json.loads(line)
        kind = event["label"] if event["kind"] == "emotion" else event["kind"]  # an expression
        key = (str(kind), event.get("session"), event["id"])
        self.sessions.add(str(event.get("session")))
        if session is not None and event.get("session") != session:
            return
        t, length = float(event["video_time"]), float(event.get("duration_s", 0.0))
        if not (math.isfinite(t) and math.isfinite(length)):
            raise ValueError("not finite")
        self.last = max(self.last, t)
        start, end, alert = self.spans.setdefault(key, [t - length, t, t])
        self.spans[key] = [min(start, t - length), max(end, t), min(alert, t)]


def read_events(path: Path, session: str | None = None) -> tuple[Kinds, float]:
    """Reads the intervals and alerts of each kind in an ``events.jsonl``, and the last time in it.

    Damaged lines are skipped; an event without an end lasts to its last update.

    Raises:
        ConfigError: The log is missing or unreadable, or holds several sessions and ``session`` names none.
    """
    found = _Spans()
    for line in itertools.chain.from_iterable(map(_lines, files_of(path, "events.jsonl"))):
        try:
            found.add(line, session)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.bad += bool(line.strip())
    if found.bad and not found.spans:
        raise ConfigError(f"{path}: holds no events ({found.bad} lines could not be read)")
    _require_one_session(path, session, sorted(found.sessions))
    kinds: Kinds = {}
    for (kind, _, _), (start, end, alert) in found.spans.items():
        intervals, alerts = kinds.setdefault(kind, ([], []))
        intervals.append(Interval(start, end, kind))
        alerts.append(alert)
    return kinds, found.last


def _require_one_session(path: Path, session: str | None, sessions: list[str]) -> None:
    listed = ", ".join(sessions[:5])
    if session is not None and sessions and session not in sessions:
        raise ConfigError(f"{path}: has no session {session}; it holds {listed}")
    if session is None and len(sessions) > 1:
        raise ConfigError(f"{path}: holds {len(sessions)} sessions; name one with --session ({listed})")


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text file, read one at a time because a year of events may not fit into memory.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from file
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def read_labels(path: Path, file: str | None) -> list[Interval]:
    """Labelled intervals of one file; see ``read_label_table``."""
    return read_label_table(path, file)[0]


def read_label_table(path: Path, file: str | None) -> tuple[list[Interval], set[str]]:
    """Labelled intervals of a CSV with the columns ``file,start_s,end_s,what``.

    A file without a row counts as unlabelled, with a warning, because its name may be misspelt.

    Args:
        path: The CSV.
        file: Only rows of this file; None = the only file in it.

    Returns:
        The intervals, and the kinds that are labelled anywhere in the table.

    Raises:
        ConfigError: The table is missing, lacks columns, has an invalid row, or labels several files and none is named.
    """
    rows = _label_rows(path)
    files = sorted({row["file"] for row in rows})
    listed = ", ".join(files[:5])
    if file is None and len(files) > 1:
        raise ConfigError(f"{path}: labels {len(files)} files; name one with --file ({listed})")
    if file is not None and file not in files:
        about = f"; it labels {listed}{', ...' if len(files) > 5 else ''}" if files else ""
        log.warning("%s: labels nothing in --file %s%s", path, file, about)
    labels = []
    for number, row in enumerate(rows, 2):
        try:
            start, end = float(row["start_s"]), float(row["end_s"])
            if not (math.isfinite(start) and math.isfinite(end) and start <= end):
                raise ValueError
        except (TypeError, ValueError):
            got = f"{row['start_s']}, {row['end_s']}"
            raise ConfigError(f"{path}:{number}: start_s and end_s must be rising numbers (got {got})") from None
        if file is None or row["file"] == file:
            labels.append(Interval(start, end, row["what"]))
    return labels, {row["what"] for row in rows}


def _label_rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            table = csv.DictReader(handle, skipinitialspace=True)
            rows = list(table)
            columns = set(table.fieldnames or ())
    except (OSError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not columns >= LABEL_COLUMNS:
        raise ConfigError(f"{path}: must have the columns file,start_s,end_s,what")
    for row in rows:
        row["file"], row["what"] = str(row["file"]).strip(), str(row["what"]).strip()
    return rows
