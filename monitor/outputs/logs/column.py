"""One column of a table and one line of ``faces.csv``, from which the columns read their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from monitor.core.driver_state import DriverState
from monitor.core.types import Face, Result

Cell = float | int | str | None
"""A value of a table; None = not known, an empty cell."""
RowT = TypeVar("RowT")


def text(value: Cell) -> str:
    """The cell of a value that needs no rounding."""
    return "" if value is None else str(value)


def fixed(digits: int) -> Callable[[Cell], str]:
    """A formatter for numbers with a fixed number of decimals."""

    def write(value: Cell) -> str:
        return "" if value is None else f"{value:.{digits}f}"

    return write


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """One column of a table.

    Attributes:
        name: Its header.
        value: Reads the value from a row; None = not known.
        text: Formats the value as a cell.
    """

    name: str
    value: Callable[[RowT], Any]
    text: Callable[[Cell], str] = text

    def cell(self, row: RowT) -> str:
        """The formatted value of a row."""
        return self.text(self.value(row))


class Row(NamedTuple):
    """One line of ``faces.csv``: a face in a frame, or a frame without a face.

    Attributes:
        session: Name of the session.
        result: The frame and everything found in it.
        video_time: Seconds since the first frame.
        face: The face; None for a frame without one.
        state: The driver's state in the row of the frame that contains it, else None.
    """

    session: str
    result: Result
    video_time: float
    face: Face | None = None
    state: DriverState | None = None


def rows(result: Result, session: str, start: float) -> list[Row]:
    """The lines of one frame: one per face, or a single one without a face.

    The driver's state is in the row of the driver's face if that face is in view, else in the first row.

    Args:
        result: The frame.
        session: Name of the session.
        start: Time of the first frame, in seconds on the frame clock.
    """
    video_time, state = result.frame.t - start, result.driver
    if not result.faces:
        return [Row(session, result, video_time, None, state)]
    seated = state is not None and any(face.id == state.face for face in result.faces)
    carrier = state.face if state is not None and seated else result.faces[0].id
    return [Row(session, result, video_time, face, state if face.id == carrier else None) for face in result.faces]


def of_face(name: str, value: Callable[[Face], Any], form: Callable[[Cell], str] = text) -> Column[Row]:
    """A column that is empty without a face."""
    return Column(name, lambda row: None if row.face is None else value(row.face), form)
