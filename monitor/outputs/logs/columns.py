"""The columns of ``faces.csv``: a table of their names, formatters and origins.

To add a column, append a ``Column`` to its group. The order of existing columns never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from monitor.core.driver_state import DriverState
from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS, POINTS
from monitor.core.types import Face, Result
from monitor.driver import signs
from monitor.outputs.logs.isotime import iso_time

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


def _of_face(name: str, value: Callable[[Face], Any], form: Callable[[Cell], str] = text) -> Column[Row]:
    """A column that is empty without a face."""
    return Column(name, lambda row: None if row.face is None else value(row.face), form)


def _of_state(field: signs.Field) -> Column[Row]:
    """A column of the driver's state."""
    form = text if field.digits is None else fixed(field.digits)
    return Column(field.name, lambda row: None if row.state is None else field.value(row.state), form)


def _share(index: int) -> Callable[[Face], float | None]:
    return lambda face: float(face.probs[index]) if face.known else None


def _shares(labels: Sequence[str]) -> tuple[Column[Row], ...]:
    return tuple(_of_face(name, _share(index), fixed(4)) for index, name in enumerate(labels))


def _pose(index: int) -> Callable[[Face], float | None]:
    return lambda face: None if face.pose is None else face.pose[index]


def _point(index: int, axis: int) -> Callable[[Face], float | None]:
    return lambda face: None if face.keypoints is None else float(face.keypoints.points[index, axis])


def _eye(index: int, name: str) -> Callable[[Face], float | None]:
    return lambda face: None if face.eyes is None else getattr(face.eyes[index], name)


def _raw(face: Face) -> str | None:
    return None if face.raw is None else face.labels[int(np.argmax(face.raw))]


def _picture(row: Row) -> int | None:
    return None if row.result.driver is None else int(row.result.driver.picture)


def _is_driver(row: Row) -> int | None:
    if row.face is None:
        return None
    return int(row.result.driver is not None and row.face.id == row.result.driver.face)


def _file(row: Row) -> str:
    """Name of the picture without line breaks, because the logs are read line by line."""
    name = row.result.frame.file
    return " ".join(name.splitlines()) if "\n" in name or "\r" in name else name


FACE: tuple[Column[Row], ...] = (
    Column("session", lambda row: row.session),
    Column("frame", lambda row: row.result.frame.index),
    Column("timestamp", lambda row: iso_time(row.result.frame.wall)),
    Column("video_time", lambda row: row.video_time, fixed(3)),
    _of_face("face_id", lambda face: face.id),
    Column("success", lambda row: int(row.face is not None)),
    _of_face("x", lambda face: face.box[0], fixed(1)),
    _of_face("y", lambda face: face.box[1], fixed(1)),
    _of_face("w", lambda face: face.box[2] - face.box[0], fixed(1)),
    _of_face("h", lambda face: face.box[3] - face.box[1], fixed(1)),
    _of_face("quality", lambda face: face.quality, fixed(3)),
    _of_face("emotion", lambda face: face.label),
    _of_face("confidence", lambda face: face.confidence if face.known else None, fixed(4)),
    *_shares(EMOTIONS),
    _of_face("raw_emotion", _raw),
    Column("latency_ms", lambda row: row.result.latency_ms, fixed(1)),
    *(_of_face(name, _pose(index), fixed(1)) for index, name in enumerate(("yaw", "pitch", "roll"))),
    _of_face("covered", lambda face: face.covered),
    _of_face("still", lambda face: int(face.still)),
)  # fmt: skip
"""In every table."""
KEYPOINTS = tuple(
    _of_face(f"{name}_{axis}", _point(index, number), fixed(1))
    for index, name in enumerate(POINTS)
    for number, axis in enumerate("xy")
)
"""With ``output.keypoints``."""
DRIVER: tuple[Column[Row], ...] = (
    _of_face("seen", lambda face: int(face.seen)),
    _of_face("eye_right", _eye(0, "open"), fixed(3)),
    _of_face("eye_left", _eye(1, "open"), fixed(3)),
    _of_face("eye_right_quality", _eye(0, "quality"), fixed(3)),
    _of_face("eye_left_quality", _eye(1, "quality"), fixed(3)),
    _of_face("mouth", lambda face: face.mouth, fixed(3)),
    Column("picture", _picture),
    Column("driver", _is_driver),
    *(_of_state(field) for field in signs.COLUMNS),
)
"""In driver mode: details of each face, then the driver's state."""
FILE: tuple[Column[Row], ...] = (Column("file", _file),)
"""For a folder of images: the picture's name."""

COLUMNS = tuple(column.name for column in FACE)
POINT_COLUMNS = tuple(column.name for column in KEYPOINTS)
DRIVER_COLUMNS = tuple(column.name for column in DRIVER)
INTEGERS = frozenset({"frame", "face_id", "success", "still"})
"""Columns of whole numbers; an empty cell is 0."""
TEXTS = frozenset({"session", "timestamp", "emotion", "raw_emotion", "level", "attention", "file", "covered"})
"""Columns of text."""
CLOCK_COLUMNS = ("session", "timestamp", "latency_ms")
"""Columns that differ between two runs on one file; all other columns are identical byte for byte."""


def columns(
    *, keypoints: bool = False, driver: bool = False, files: bool = False, labels: Sequence[str] = EMOTIONS
) -> tuple[Column[Row], ...]:
    """The columns of a table, in their order.

    Args:
        keypoints: With the 17 keypoints of each face.
        driver: With the driver's state.
        files: With the name of each picture.
        labels: The model's labels, each with a column of probabilities.

    Raises:
        ConfigError: A label has the name of another column.
    """
    taken = {*COLUMNS, *POINT_COLUMNS, *DRIVER_COLUMNS, FILE[0].name}.difference(EMOTIONS)
    for label in taken.intersection(labels):
        raise ConfigError(f"the model's label {label} is the name of another column of faces.csv; rename the class")
    at = COLUMNS.index(EMOTIONS[0])
    face = FACE[:at] + _shares(labels) + FACE[at + len(EMOTIONS) :]
    return face + (KEYPOINTS if keypoints else ()) + (DRIVER if driver else ()) + (FILE if files else ())


def labels_in(header: Sequence[str]) -> tuple[str, ...]:
    """The labels that a table has columns of probabilities for, from its header; empty if it has none."""
    names = list(header)
    if set(EMOTIONS) <= set(names):
        return EMOTIONS
    if "confidence" not in names or "raw_emotion" not in names:
        return ()
    return tuple(names[names.index("confidence") + 1 : names.index("raw_emotion")])
