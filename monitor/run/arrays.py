"""All readings of a source as arrays: the table of ``faces.csv`` in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Event, Result
from monitor.outputs.logs.column import Cell, Column, Row, rows
from monitor.outputs.logs.columns import INTEGERS, TEXTS
from monitor.outputs.logs.namedarrays import Arrays, NamedArrays
from monitor.system.wholefile import whole


class Table(NamedArrays):
    """All readings of a source, column by column: one row per face and frame, one for a frame without faces.

    Columns have the names and the meaning of those in ``faces.csv``. ``frame``, ``face_id`` and ``success`` are int64
    (``face_id`` 0 = no face), texts are str ("" = unknown), all other columns are float64 (NaN = unknown).

    Examples:
        >>> from emotion_monitor import Monitor
        >>> with Monitor() as monitor:
        ...     table = monitor.analyze("demo", fps=2)
        >>> happy = table["emotion"] == "happy"
        >>> bool(happy.any()), table["x"].dtype.name
        (True, 'float64')

    Attributes:
        columns: Column name to (N,) array, in the order of ``faces.csv``.
        events: Everything that began, went on or ended, in order of time.
    """

    def __init__(self, columns: Sequence[Column[Row]], session: str) -> None:
        self._columns, self._session = columns, session
        self._cells: list[list[Cell]] = [[] for _ in columns]
        self._start: float | None = None
        self.columns: Arrays = {}
        self.events: list[Event] = []

    @classmethod
    def of(cls, results: Iterable[Result], columns: Sequence[Column[Row]], session: str) -> Table:
        """Collects the rows and events of all results.

        Args:
            results: Results in order of time.
            columns: The columns wanted.
            session: Value of the column ``session``.
        """
        table = cls(columns, session)
        for result in results:
            table._take(result)
        table.columns = {
            column.name: _array(column.name, cells) for column, cells in zip(columns, table._cells, strict=True)
        }
        return table

    def _take(self, result: Result) -> None:
        if self._start is None:
            self._start = result.frame.t
        for row in rows(result, self._session, self._start):
            for column, cells in zip(self._columns, self._cells, strict=True):
                cells.append(column.value(row))
        self.events += result.events

    def to_csv(self, path: str | Path) -> None:
        """Writes the table exactly as a run writes ``faces.csv``; an existing file is replaced.

        Raises:
            OSError: The file cannot be written; an existing one is unchanged then.
        """
        with whole(Path(path)) as part, part.open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.name for column in self._columns])
            writer.writerows(
                [column.text(cell) for column, cell in zip(self._columns, cells, strict=True)]
                for cells in zip(*self._cells, strict=True)
            )


def _array(name: str, cells: list[Cell]) -> NDArray[Any]:
    if name in TEXTS:
        return np.array(["" if cell is None else str(cell) for cell in cells], np.str_)
    if name in INTEGERS:
        return np.array([0 if cell is None else int(cell) for cell in cells], np.int64)
    return np.array([np.nan if cell is None else float(cell) for cell in cells], np.float64)
