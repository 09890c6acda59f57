"""``evidence.csv``: the evidence on which a driver was judged, at its own rate, so that ``replay`` gives the same
result."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.core.evidence import Evidence
from monitor.core.types import Event, Result
from monitor.outputs.logs.column import Column, fixed, text
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.linelog import LineLog
from monitor.outputs.logs.reader import Damage, files_of, open_table, parts

NAME = "evidence.csv"


def _column(name: str, value: Callable[[Evidence], Any], form: Callable[[Any], str] = text) -> Column[Evidence]:
    return Column(name, value, form)


def _angle(index: int) -> Column[Evidence]:
    name = ("yaw", "pitch", "roll")[index]
    return Column(name, lambda seen: None if seen.pose is None else seen.pose[index], fixed(4))


COLUMNS = (
    _column("timestamp", lambda seen: iso_time(seen.wall)),
    _column("video_time", lambda seen: seen.t, fixed(6)),
    _column("face_id", lambda seen: seen.face),
    _column("present", lambda seen: int(seen.present)),
    _column("picture", lambda seen: int(seen.picture)),
    _column("eyes", lambda seen: seen.eyes, fixed(6)),
    _column("lids", lambda seen: seen.lids, fixed(6)),
    _column("mouth", lambda seen: seen.mouth, fixed(6)),
    *(_angle(index) for index in range(3)),
    _column("anger", lambda seen: seen.anger, fixed(6)),
    _column("happy", lambda seen: seen.happy, fixed(6)),
    _column("changed", lambda seen: int(seen.changed)),
    _column("covered", lambda seen: seen.covered),
)
"""Columns after ``session``; new ones are added at the end."""


class EvidenceSink:
    """Writes one row for each moment that was judged; rows reach the file with ``flush``.

    Args:
        path: The file; an existing one is continued.
        session: Name of the session, the first column.

    Attributes:
        lines: The file.
    """

    def __init__(self, path: Path, session: str) -> None:
        self.lines = LineLog(path, ",".join(("session", *(column.name for column in COLUMNS))) + "\n")
        self._writer = csv.writer(self.lines, lineterminator="\n")
        self._session = session
        self._start: float | None = None
        self._last: Evidence | None = None
        self._flushed = -math.inf

    def handle(self, result: Result) -> None:
        """Writes the frame's evidence, if it is new."""
        if self._start is None:
            self._start = result.frame.t
        seen = result.driver.evidence if result.driver is not None else None
        if seen is None or seen is self._last:
            return
        self._last = seen
        cells = [column.cell(seen) for column in COLUMNS]
        cells[1] = f"{seen.t - self._start:.6f}"
        self._writer.writerow([self._session, *cells])
        if not 0 <= seen.t - self._flushed < 1.0:
            self._flushed = seen.t
            self.lines.flush()

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: moments without a frame are not logged."""

    def flush(self) -> None:
        """Retries pending rows."""
        self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes pending rows and closes the file.

        Raises:
            OSError: The remaining rows cannot be written.
        """
        self.lines.finish()


def evidence_file(path: Path) -> Path | None:
    """The evidence file of a session, given its folder, ``faces.csv`` or ``evidence.csv``; None if there is none."""
    is_folder = os.path.isdir(path)
    if not is_folder and path.name not in (NAME, "faces.csv"):
        return None
    folder = path if is_folder else path.parent
    return folder if parts(folder, NAME) else None


def read_evidence(path: Path, damage: Damage) -> Iterator[tuple[str, Evidence]]:
    """The session and the evidence of each row, rotated parts first; damaged rows are counted and left out.

    Args:
        path: An ``evidence.csv``, or the folder of its session.
        damage: Counts the rows left out.

    Raises:
        OSError: A file cannot be read.
    """
    for part in files_of(path, NAME):
        _, rows = open_table(part, damage)
        for row in rows:
            try:
                yield row["session"], _evidence(row)
            except (KeyError, ValueError, OverflowError):
                damage.lines += 1


def _evidence(row: dict[str, str]) -> Evidence:
    """One row's evidence.

    Raises:
        KeyError: A column is missing.
        ValueError: A cell is not a finite number.
    """
    values = {name: _number(row[name]) for name in ("eyes", "lids", "mouth", "yaw", "pitch", "roll", "anger", "happy")}
    t, wall = float(row["video_time"]), datetime.fromisoformat(row["timestamp"]).timestamp()
    if not math.isfinite(t):
        raise ValueError("video_time is not finite")
    yaw, pitch, roll = values["yaw"], values["pitch"], values["roll"]
    return Evidence(
        t, wall, int(row["face_id"]), row["present"] == "1", row["picture"] == "1",
        values["eyes"], values["mouth"],
        None if yaw is None or pitch is None or roll is None else (yaw, pitch, roll),
        values["anger"], values["happy"], lids=values["lids"], changed=row["changed"] == "1",
        covered=row.get("covered") or "",  # absent from tables of version 0.1
    )  # fmt: skip


def _number(cell: str) -> float | None:
    """A cell's number; None for an empty cell."""
    if not cell:
        return None
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError(f"{cell} is not finite")
    return value
