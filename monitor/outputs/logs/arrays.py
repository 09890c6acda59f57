"""Reads a logged table into arrays, one per column, quickly and also from files damaged by a power cut."""

from __future__ import annotations

import codecs
import csv
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.outputs.logs import columns
from monitor.outputs.logs.drive import DRIVE_COLUMNS, DRIVE_INTEGERS, DRIVE_TEXTS
from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
from monitor.outputs.logs.namedarrays import Arrays, NamedArrays
from monitor.outputs.logs.reader import LONGEST_LINE, Damage

INTEGERS = columns.INTEGERS | DRIVE_INTEGERS
TEXTS = columns.TEXTS | DRIVE_TEXTS
NUMBERS = frozenset({*columns.COLUMNS, *columns.POINT_COLUMNS, *DRIVER_COLUMNS, *DRIVE_COLUMNS}) - TEXTS
"""Columns of numbers, including whole numbers; further ones are the labels of a user's own model."""
LONGEST_TEXT = 40
"""Most characters of a text in a block that is converted at once; blocks with a longer text are read line by line."""
BLOCK = 1 << 22
"""Bytes read and converted at a time, which keeps the memory near the size of the arrays."""


@dataclass(frozen=True, slots=True)
class LoggedTable(NamedArrays):
    """A logged table as arrays of equal length.

    Counts and ids are int64 (0 = empty cell), other numbers float64 (NaN = empty cell), texts and unknown columns
    str ("" = empty cell).

    Attributes:
        columns: Column name to (N,) array, in the order of the file.
    """

    columns: Arrays


def read_table(paths: Sequence[Path], damage: Damage) -> LoggedTable:
    """Reads the parts of one table, in order.

    Args:
        paths: The files. A column that only some of them have is empty in the rows of the others.
        damage: Counts the lines left out: torn, with another number of cells, or with a cell that should be a number
            but is not.

    Raises:
        OSError: A file cannot be read.
    """
    blocks = [block for path in paths for block in _blocks(path, damage)]
    names = list(dict.fromkeys(name for block in blocks for name in block))
    return LoggedTable({name: _joined(name, blocks) for name in names})


def _joined(name: str, blocks: Sequence[Arrays]) -> NDArray[Any]:
    """One column of all blocks."""
    kind = next(block[name] for block in blocks if name in block).dtype.kind
    parts = []
    for block in blocks:
        size = len(next(iter(block.values())))
        parts.append(block[name] if name in block else _array([""] * size, kind))
    return np.concatenate(parts)


def _blocks(path: Path, damage: Damage) -> Iterator[Arrays]:
    """The rows of one file, some megabytes at a time."""
    with path.open("rb") as file:
        first = file.readline(LONGEST_LINE).removeprefix(codecs.BOM_UTF8)
        header = next(_rows(first, damage), [])
        if not header:
            return
        kinds = _kinds(header)
        yield {name: _array([], kinds[name]) for name in header}
        while content := file.read(BLOCK):
            content += file.readline(LONGEST_LINE)
            block = _sound_block(header, content)
            yield _careful_block(header, content, damage) if block is None else block


def _kinds(header: Sequence[str]) -> dict[str, str]:
    """The kind of each column: "i" whole numbers, "f" numbers, "U" texts and unknown columns."""
    numbers = NUMBERS.union(columns.labels_in(header))
    return {name: "i" if name in INTEGERS else "f" if name in numbers else "U" for name in header}


def _sound_block(header: Sequence[str], content: bytes) -> Arrays | None:
    """Converts whole lines at once; None if they contain anything unusual, such as damage, quotes or long texts."""
    known = _kinds(header)
    unknown = [name for name, kind in known.items() if kind == "U" and name not in TEXTS]
    if b"\0" in content or b'"' in content or not content.endswith(b"\n") or unknown:
        return None
    marked = content.replace(b",,", b",nan,").replace(b",,", b",nan,").replace(b",\n", b",nan\n")
    kinds = [(name, f"U{LONGEST_TEXT}" if kind == "U" else "f8") for name, kind in known.items()]
    try:
        with warnings.catch_warnings():  # numpy warns of content without rows
            warnings.simplefilter("ignore")
            table = np.atleast_1d(np.loadtxt(io.StringIO(marked.decode()), kinds, comments=None, delimiter=","))
    except ValueError:  # includes UnicodeDecodeError
        return None
    if len(table) != content.count(b"\n"):
        return None
    typed = {name: column for name in header if (column := _typed(name, table[name])) is not None}
    return typed if len(typed) == len(header) else None


def _typed(name: str, cells: NDArray[Any]) -> NDArray[Any] | None:
    """A converted column in its final type; None if it does not fit into that type."""
    if name in TEXTS:
        texts = np.where(cells == "nan", "", cells)
        width = int(np.char.str_len(texts).max(initial=1))
        return texts.astype(f"U{width}") if width < LONGEST_TEXT else None
    if name not in INTEGERS:
        return cells.copy()
    numbers = np.where(np.isnan(cells), 0.0, cells)
    whole = np.abs(numbers) < 2**53
    whole &= numbers == np.floor(numbers)
    return numbers.astype(np.int64) if whole.all() else None


def _careful_block(header: Sequence[str], content: bytes, damage: Damage) -> Arrays:
    """Converts line by line; lines with a cell of the wrong kind are left out and counted."""
    fitting: list[list[str]] = []
    kinds = list(_kinds(header).values())
    for row in _rows(content, damage):
        if len(row) == len(header) and _is_sound(kinds, row):
            fitting.append(row)
        else:
            damage.lines += row != header
    turned = zip(*fitting, strict=True) if fitting else [()] * len(header)
    return {name: _array(cells, kind) for name, cells, kind in zip(header, turned, kinds, strict=True)}


def _rows(content: bytes, damage: Damage) -> Iterator[list[str]]:
    """The cells of the intact lines, parsed one by one; a last line without a newline was torn by a power cut."""
    lines = content.split(b"\n")
    damage.lines += bool(lines.pop())
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r")
        try:
            cells = [] if "\0" in text or "\ufffd" in text else next(csv.reader([text], strict=True), [])
        except csv.Error:
            cells = []
        if cells:
            yield cells
        else:
            damage.lines += 1


def _is_sound(kinds: Sequence[str], row: Sequence[str]) -> bool:
    """Whether each cell of a number column is a number."""
    try:
        for kind, cell in zip(kinds, row, strict=True):
            if cell and kind == "i":
                np.int64(int(cell))
            elif cell and kind == "f":
                float(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _array(cells: Sequence[str], kind: str) -> NDArray[Any]:
    """The valid cells of a column as an array of its kind."""
    if kind == "i":
        return np.array([int(cell) if cell else 0 for cell in cells], np.int64)
    if kind == "f":
        return np.array([float(cell) if cell else math.nan for cell in cells], np.float64)
    return np.array(cells, np.str_)
