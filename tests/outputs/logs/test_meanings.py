"""Every column is explained in the documentation."""

from __future__ import annotations

from monitor.driver.signs import SIGNS
from monitor.outputs.logs import meanings
from monitor.outputs.logs.columns import FACE, FILE
from monitor.outputs.logs.drive import DRIVE
from monitor.outputs.logs.drivercolumns import DRIVER


def test_every_column_of_faces_csv_has_a_meaning() -> None:
    names = {column.name for column in (*FACE, *DRIVER, *FILE)}
    assert names == set(meanings.FACES) | set(meanings.DRIVER)


def test_every_column_of_drive_csv_has_a_meaning() -> None:
    counted = {sign.counted_as for sign in SIGNS if sign.counted_as}
    assert {column.name for column in DRIVE} == set(meanings.DRIVE) | counted
