"""``faces.csv``: one row per face per processed frame, readable while it grows."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from monitor.core.types import Event, Result
from monitor.outputs.logs.column import Column, Row, rows
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.linelog import LineLog
from monitor.settings.config import OutputConfig


class TableSink:
    """Writes the table. New columns are added only at its end; an existing table is continued.

    A full disk raises no error: rows wait in memory (``LineLog``), and ``Storage`` sets ``thin``.

    Args:
        path: The file.
        session: Name of the session, the first column.
        config: ``rows`` and ``flush_s`` are used: which frames get rows, and how often they reach the file.
        chosen: The columns; None = those of every table, with ``config.keypoints``.
        clock: Monotonic seconds.

    Attributes:
        lines: The file.
        thin: While set, only the first frame of each second is written, regardless of ``config.rows``.
    """

    def __init__(
        self,
        path: Path,
        session: str,
        config: OutputConfig,
        chosen: Sequence[Column[Row]] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session, self._rows, self._flush_s, self._clock = session, config.rows, config.flush_s, clock
        chosen = columns(keypoints=config.keypoints) if chosen is None else chosen
        self._cells = [(column.value, column.text) for column in chosen]
        self.lines = LineLog(path, ",".join(column.name for column in chosen) + "\n")
        self._writer = csv.writer(self.lines, lineterminator="\n")
        self.thin = False
        self._start: float | None = None
        self._flushed = clock()
        self._last_slot = -1
        self._last_shown: tuple[tuple[int, str], ...] | None = None

    def handle(self, result: Result) -> None:
        """Writes the rows of one frame if they are due."""
        if self._start is None:
            self._start = result.frame.t
        if self._is_due(result, result.frame.t - self._start):
            for row in rows(result, self._session, self._start):
                self._writer.writerow([text(value(row)) for value, text in self._cells])
        self.flush()

    def tell(self, events: Sequence[Event]) -> None:
        """Does nothing: the table has no events."""

    def flush(self) -> None:
        """Writes buffered rows once ``flush_s`` has passed since the last time."""
        now = self._clock()
        if now - self._flushed >= self._flush_s:
            self._flushed = now
            self.lines.flush()

    def close(self, last_events: Sequence[Event]) -> None:
        """Writes buffered rows and closes the file.

        Raises:
            OSError: The remaining rows cannot be written.
        """
        self.lines.finish()

    def _is_due(self, result: Result, video_time: float) -> bool:
        """Whether ``config.rows`` (or ``thin``) requires the rows of this frame."""
        if self.thin or self._rows.endswith("hz"):
            slot = math.floor(video_time * (1 if self.thin else int(self._rows[:-2])) + 1e-6)
            due = slot != self._last_slot
            self._last_slot = slot
            return due
        if self._rows == "change":
            shown = tuple((face.id, face.label) for face in result.faces)
            due = shown != self._last_shown
            self._last_shown = shown
            return due
        return True
