"""``emotion-monitor score``: compares logged events with labelled intervals."""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from monitor.cli.intervals import Interval, Kinds, read_events, read_label_table
from monitor.core.errors import EXIT_OK, ConfigError
from monitor.core.labels import EMOTIONS
from monitor.driver.signs import KINDS
from monitor.outputs.logs.camerafolders import camera_folders
from monitor.system.terminal import wide_console

log = logging.getLogger("monitor")

SLACK_S = 1.0
"""An event up to this many seconds outside an interval still belongs to it, because people set the labels by eye."""


@dataclass(frozen=True, slots=True)
class Score:
    """Agreement of events with labels of one kind.

    Attributes:
        labelled: Number of labelled intervals.
        found: Number of labelled intervals that an event overlaps.
        events: Number of events.
        right: Number of events that overlap a labelled interval.
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
        """Share of labels that were found; None without labels."""
        return self.found / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Share of events that are right; None without events."""
        return self.right / self.events if self.events else None

    @property
    def false_per_hour(self) -> float:
        """False alarms per hour of material."""
        return (self.events - self.right) / self.hours if self.hours else 0.0


def score(events: list[Interval], alerts: list[float], labels: list[Interval], hours: float) -> Score:
    """Compares events of one kind with labels of the matching kind.

    Args:
        events: Their intervals.
        alerts: Time of the ``start`` event of each, in seconds.
        labels: The labelled intervals.
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


def command(args: argparse.Namespace) -> int:
    """Prints recall, precision, false alarms per hour and time to alert of each kind.

    Raises:
        ConfigError: A file cannot be read or used.
    """
    if args.session is None and (parts := camera_folders(Path(args.events))):
        raise ConfigError(f"{args.events}: holds {len(parts)} cameras; give the folder of one, such as {parts[0]}")
    kinds, last = read_events(Path(args.events), args.session)
    labels, labelled = read_label_table(Path(args.labels), args.file)
    if not kinds and not args.hours:
        raise ConfigError(f"{args.events}: holds no events, so its length is not known; give --hours")
    hours = args.hours if args.hours else last / 3600
    known = set(KINDS) | set(EMOTIONS)
    if unknown := sorted(labelled - known):
        log.warning("%s: %s is not a kind of event and is left out; kinds are %s", args.labels, ", ".join(unknown),
                    ", ".join([*sorted(KINDS), *EMOTIONS]))  # fmt: skip
    rows = _rows(kinds, labels, labelled & known, hours)
    if args.json:
        print(json.dumps({"hours": round(hours, 5), "kinds": rows}, indent=1))
    else:
        wide_console().print(_table(rows, hours))
    return EXIT_OK


def _rows(kinds: Kinds, labels: list[Interval], labelled: set[str], hours: float) -> list[dict[str, Any]]:
    """One row for each kind that is labelled or has events.

    Events of a kind that the table never labels are counted, but judged neither right nor false.
    """
    rows: list[dict[str, Any]] = []
    for kind in sorted(labelled | (set(kinds) & set(KINDS))):
        intervals, alerts = kinds.get(kind, ([], []))
        result = score(intervals, alerts, [label for label in labels if label.what == kind], hours)
        judged = kind in labelled
        rows.append({
            "event": kind, "labelled": result.labelled if judged else None, "found": result.found if judged else None,
            "recall": result.recall, "events": result.events, "precision": result.precision if judged else None,
            "false_per_hour": result.false_per_hour if judged else None,
            "time_to_alert_s": sum(result.delays) / len(result.delays) if result.delays else None,
        })  # fmt: skip
    return rows


def _table(rows: list[dict[str, Any]], hours: float) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=_length(hours))
    formats = {
        "event": "{}", "labelled": "{}", "found": "{}", "recall": "{:.0%}", "events": "{}", "precision": "{:.0%}",
        "false_per_hour": "{:.1f}", "time_to_alert_s": "{:.1f} s",
    }  # fmt: skip
    for name in formats:
        title = name.removesuffix("_s").replace("_", " ")
        table.add_column(title, justify="left" if name == "event" else "right")
    for row in rows:
        table.add_row(*("-" if row[name] is None else text.format(row[name]) for name, text in formats.items()))
    return table


def _length(hours: float) -> str:
    """A length in a suitable unit."""
    if hours >= 1:
        return f"{hours:.2f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 0.025 else f"{hours * 3600:.1f} seconds"
