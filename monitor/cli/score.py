"""``emotion-monitor score``: holding logged events against labelled intervals."""

from __future__ import annotations

import csv
import itertools
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from monitor.core.errors import EXIT_OK, ConfigError
from monitor.core.labels import EMOTIONS
from monitor.driver.signs import KINDS
from monitor.outputs.logs.reader import files_of
from monitor.system.terminal import wide_console

log = logging.getLogger("monitor")

SLACK_S = 1.0
"""Labels are by eye: an event this far outside an interval still belongs to it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time in which something is the case, in seconds."""

    start: float
    end: float
    what: str


@dataclass(frozen=True, slots=True)
class Score:
    """How events agree with labels of one kind.

    Attributes:
        labelled: Labelled intervals.
        found: Of them, those that an event overlaps.
        events: Events.
        right: Of them, those that overlap a labelled interval.
        hours: Length of the material.
        delays: Seconds from each found interval's start to the first event that overlaps it (its alert).
    """

    labelled: int
    found: int
    events: int
    right: int
    hours: float
    delays: tuple[float, ...]

    @property
    def recall(self) -> float | None:
        """Found share, None without labels."""
        return self.found / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Right share, None without events."""
        return self.right / self.events if self.events else None

    @property
    def false_per_hour(self) -> float:
        """False alarms per hour of material."""
        return (self.events - self.right) / self.hours if self.hours else 0.0


def score(events: list[Interval], alerts: list[float], labels: list[Interval], hours: float) -> Score:
    """Compares events of one kind with labels of the matching kind.

    Args:
        events: Their intervals.
        alerts: When each was announced, in seconds (its ``start`` event).
        labels: What is really there.
        hours: Length of the material.
    """
    delays = []
    for label in labels:
        times = [at for event, at in zip(events, alerts, strict=True) if _touch(event, label)]
        if times:
            delays.append(max(0.0, min(times) - label.start))
    right = sum(any(_touch(event, label) for label in labels) for event in events)
    return Score(len(labels), len(delays), len(events), right, hours, tuple(delays))


def _touch(a: Interval, b: Interval) -> bool:
    return a.start <= b.end + SLACK_S and b.start <= a.end + SLACK_S


def read_events(path: Path, session: str | None = None) -> tuple[dict[str, tuple[list[Interval], list[float]]], float]:
    """Intervals and announcements of each kind in an ``events.jsonl``, and the last time in it.

    Torn lines are left out; an event without an end lasts to its last update.

    Raises:
        ConfigError: Missing, unreadable, or of several sessions and none of them named.
    """
    spans: dict[tuple[str, Any, Any], list[float]] = {}
    bad, last = 0, 0.0
    seen: set[str] = set()
    for line in itertools.chain.from_iterable(map(_lines, files_of(path, "events.jsonl"))):
        try:
            event = json.loads(line)
            kind = event["label"] if event["kind"] == "emotion" else event["kind"]  # a held expression by its name
            key = (str(kind), event.get("session"), event["id"])
            seen.add(str(event.get("session")))
            if session is not None and event.get("session") != session:
                continue
            t, length = float(event["video_time"]), float(event.get("duration_s", 0.0))
            if not (math.isfinite(t) and math.isfinite(length)):
                raise ValueError("not finite")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            bad += bool(line.strip())
            continue
        last = max(last, t)
        start, end, alert = spans.setdefault(key, [t - length, t, t])
        spans[key] = [min(start, t - length), max(end, t), min(alert, t)]
    if bad and not spans:
        raise ConfigError(f"{path}: holds no events ({bad} lines could not be read)")
    sessions = sorted(seen)
    if session is not None and seen and session not in sessions:
        raise ConfigError(f"{path}: has no session {session}; it holds {', '.join(sessions[:5])}")
    if session is None and len(sessions) > 1:
        raise ConfigError(
            f"{path}: holds {len(sessions)} sessions; name one with --session ({', '.join(sessions[:5])})"
        )
    kinds: dict[str, tuple[list[Interval], list[float]]] = {}
    for (kind, _, _), (start, end, alert) in spans.items():
        found = kinds.setdefault(kind, ([], []))
        found[0].append(Interval(start, end, kind))
        found[1].append(alert)
    return kinds, last


def _lines(path: Path) -> Iterator[str]:
    """Lines of a text, one at a time: a year's events need not fit into memory.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from file
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def read_labels(path: Path, file: str | None) -> list[Interval]:
    """Labelled intervals of a CSV with the columns ``file,start_s,end_s,what``.

    Args:
        path: The CSV.
        file: Only rows of this file; None = the only one there is.

    Raises:
        ConfigError: Missing, of other columns, a row that makes no sense, or several files and none named.

    Without a row of that file nothing is labelled in it, which is said in the log: it may be misspelt.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            table = csv.DictReader(handle, skipinitialspace=True)
            rows = list(table)
            columns = set(table.fieldnames or ())
    except (OSError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not {"file", "start_s", "end_s", "what"} <= columns:
        raise ConfigError(f"{path}: must have the columns file,start_s,end_s,what")
    for row in rows:
        row["file"], row["what"] = str(row["file"]).strip(), str(row["what"]).strip()
    files = sorted({row["file"] for row in rows})
    if file is None and len(files) > 1:
        raise ConfigError(f"{path}: is about {len(files)} files; name one with --file ({', '.join(files[:5])})")
    if file is not None and file not in files:  # a drive in which nothing happened: all that is told of it is false
        about = f"; it is about {', '.join(files[:5])}{', ...' if len(files) > 5 else ''}" if files else ""
        log.warning("%s: labels nothing in --file %s%s", path, file, about)
    labels = []
    for number, row in enumerate(rows, 2):
        try:
            start, end = float(row["start_s"]), float(row["end_s"])
            if not (math.isfinite(start) and math.isfinite(end) and start <= end):
                raise ValueError
        except (TypeError, ValueError):
            got = f"{row['start_s']}, {row['end_s']}"
            raise ConfigError(f"{path}:{number}: start_s and end_s must be numbers that rise (got {got})") from None
        if file is None or row["file"] == file:
            labels.append(Interval(start, end, row["what"]))
    return labels


def command(events: str, labels: str, file: str | None, hours: float | None, session: str | None = None) -> int:
    """Prints recall, precision, false alarms per hour and time to alert of each kind.

    Raises:
        ConfigError: A file cannot be read or used.
    """
    kinds, last = read_events(Path(events), session)
    wanted = read_labels(Path(labels), file)
    if not kinds and not hours:
        raise ConfigError(f"{events}: holds no events, so its length is not known; give --hours")
    length = hours if hours else last / 3600
    foreign = sorted({label.what for label in wanted} - set(KINDS) - set(EMOTIONS))
    if foreign:
        log.warning(
            "%s: no event is of the kind %s; kinds are %s",
            labels,
            ", ".join(foreign),
            ", ".join([*sorted(KINDS), *EMOTIONS]),
        )
    shown = Table(box=None, padding=(0, 2, 0, 0), title=_long(length))
    for name in ("event", "labelled", "found", "recall", "events", "precision", "false per hour", "time to alert"):
        shown.add_column(name, justify="left" if name == "event" else "right")
    for kind in sorted({label.what for label in wanted} | (set(kinds) & set(KINDS))):
        spans, alerts = kinds.get(kind, ([], []))
        result = score(spans, alerts, [label for label in wanted if label.what == kind], length)
        delay = f"{sum(result.delays) / len(result.delays):.1f} s" if result.delays else "-"
        shown.add_row(
            kind, str(result.labelled), str(result.found), _percent(result.recall), str(result.events),
            _percent(result.precision), f"{result.false_per_hour:.1f}", delay,
        )  # fmt: skip
    wide_console().print(shown)
    return EXIT_OK


def _long(hours: float) -> str:
    """A length in the unit that suits it."""
    if hours >= 1:
        return f"{hours:.2f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 0.025 else f"{hours * 3600:.1f} seconds"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
