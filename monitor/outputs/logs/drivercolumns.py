"""The columns that ``faces.csv`` has in driver mode only; see ``columns``."""

from __future__ import annotations

from collections.abc import Callable

from monitor.core.types import Face
from monitor.driver import signs
from monitor.outputs.logs.column import Column, Row, fixed, of_face, text


def _of_state(field: signs.Field) -> Column[Row]:
    """A column of the driver's state."""
    form = text if field.digits is None else fixed(field.digits)
    return Column(field.name, lambda row: None if row.state is None else field.value(row.state), form)


def _eye(index: int, name: str) -> Callable[[Face], float | None]:
    return lambda face: None if face.eyes is None else getattr(face.eyes[index], name)


def _picture(row: Row) -> int | None:
    return None if row.result.driver is None else int(row.result.driver.picture)


def _is_driver(row: Row) -> int | None:
    if row.face is None:
        return None
    return int(row.result.driver is not None and row.face.id == row.result.driver.face)


DRIVER: tuple[Column[Row], ...] = (
    of_face("seen", lambda face: int(face.seen)),
    of_face("eye_right", _eye(0, "open"), fixed(3)),
    of_face("eye_left", _eye(1, "open"), fixed(3)),
    of_face("eye_right_quality", _eye(0, "quality"), fixed(3)),
    of_face("eye_left_quality", _eye(1, "quality"), fixed(3)),
    of_face("mouth", lambda face: face.mouth, fixed(3)),
    Column("picture", _picture),
    Column("driver", _is_driver),
    *(_of_state(field) for field in signs.COLUMNS),
)
"""In driver mode: details of each face, then the driver's state."""
DRIVER_COLUMNS = tuple(column.name for column in DRIVER)
