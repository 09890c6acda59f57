"""The columns of ``faces.csv``: a table of their names, formatters and origins.

To add a column, append a ``Column`` to its group; ``drivercolumns`` has those of driver mode. The order of existing
columns never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS, POINTS
from monitor.core.types import Face
from monitor.outputs.logs.column import Column, Row, fixed, of_face
from monitor.outputs.logs.isotime import iso_time


def _share(index: int) -> Callable[[Face], float | None]:
    return lambda face: float(face.probs[index]) if face.known else None


def _shares(labels: Sequence[str]) -> tuple[Column[Row], ...]:
    return tuple(of_face(name, _share(index), fixed(4)) for index, name in enumerate(labels))


def _pose(index: int) -> Callable[[Face], float | None]:
    return lambda face: None if face.pose is None else face.pose[index]


def _point(index: int, axis: int) -> Callable[[Face], float | None]:
    return lambda face: None if face.keypoints is None else float(face.keypoints.points[index, axis])


def _raw(face: Face) -> str | None:
    return None if face.raw is None else face.labels[int(np.argmax(face.raw))]


def _file(row: Row) -> str:
    """Name of the picture without line breaks, because the logs are read line by line."""
    name = row.result.frame.file
    return " ".join(name.splitlines()) if "\n" in name or "\r" in name else name


FACE: tuple[Column[Row], ...] = (
    Column("session", lambda row: row.session),
    Column("frame", lambda row: row.result.frame.index),
    Column("timestamp", lambda row: iso_time(row.result.frame.wall)),
    Column("video_time", lambda row: row.video_time, fixed(3)),
    of_face("face_id", lambda face: face.id),
    Column("success", lambda row: int(row.face is not None)),
    of_face("x", lambda face: face.box[0], fixed(1)),
    of_face("y", lambda face: face.box[1], fixed(1)),
    of_face("w", lambda face: face.box[2] - face.box[0], fixed(1)),
    of_face("h", lambda face: face.box[3] - face.box[1], fixed(1)),
    of_face("quality", lambda face: face.quality, fixed(3)),
    of_face("emotion", lambda face: face.label),
    of_face("confidence", lambda face: face.confidence if face.known else None, fixed(4)),
    *_shares(EMOTIONS),
    of_face("raw_emotion", _raw),
    Column("latency_ms", lambda row: row.result.latency_ms, fixed(1)),
    *(of_face(name, _pose(index), fixed(1)) for index, name in enumerate(("yaw", "pitch", "roll"))),
    of_face("covered", lambda face: face.covered),
    of_face("still", lambda face: int(face.still)),
)  # fmt: skip
"""In every table."""
KEYPOINTS = tuple(
    of_face(f"{name}_{axis}", _point(index, number), fixed(1))
    for index, name in enumerate(POINTS)
    for number, axis in enumerate("xy")
)
"""With ``output.keypoints``."""
FILE: tuple[Column[Row], ...] = (Column("file", _file),)
"""For a folder of images: the picture's name."""

COLUMNS = tuple(column.name for column in FACE)
POINT_COLUMNS = tuple(column.name for column in KEYPOINTS)
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
    if tuple(labels) != EMOTIONS:
        _refuse_taken(labels)
    in_driver_mode: tuple[Column[Row], ...] = ()
    if driver:
        from monitor.outputs.logs.drivercolumns import DRIVER  # late: a start without driver mode does not need it

        in_driver_mode = DRIVER
    at = COLUMNS.index(EMOTIONS[0])
    face = FACE[:at] + _shares(labels) + FACE[at + len(EMOTIONS) :]
    return face + (KEYPOINTS if keypoints else ()) + in_driver_mode + (FILE if files else ())


def _refuse_taken(labels: Sequence[str]) -> None:
    from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS

    taken = {*COLUMNS, *POINT_COLUMNS, *DRIVER_COLUMNS, FILE[0].name}.difference(EMOTIONS)
    for label in taken.intersection(labels):
        raise ConfigError(f"the model's label {label} is the name of another column of faces.csv; rename the class")


def labels_in(header: Sequence[str]) -> tuple[str, ...]:
    """The labels that a table has columns of probabilities for, from its header; empty if it has none."""
    names = list(header)
    if set(EMOTIONS) <= set(names):
        return EMOTIONS
    if "confidence" not in names or "raw_emotion" not in names:
        return ()
    return tuple(names[names.index("confidence") + 1 : names.index("raw_emotion")])
