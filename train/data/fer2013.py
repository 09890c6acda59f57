"""Reads fer2013.csv and its crowd votes row by row, so that memory never holds all pixels as text."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from train.data import votes as ferplus
from train.system import resources
from train.system.progress import bars

SIDE = 48
USAGES = {
    "training": "train", "train": "train", "publictest": "validation", "validation": "validation", "val": "validation",
    "valid": "validation", "privatetest": "test", "test": "test", "testing": "test",
}  # fmt: skip
"""Splits by their names in lower case, in the file and in folders of pictures. A row with another name is damaged."""
PIXELS, VOTES = "fer2013.csv", "fer2013new.csv"
ROW_BYTES = 7000
"""Least bytes of a row, to estimate the number of rows."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The readable rows of fer2013.csv.

    Attributes:
        images: (N, 48, 48) uint8.
        labels: (N,) int64 of the file's own labels, which are those of ``EMOTIONS``.
        split: (N,) "train", "validation" or "test".
        votes: (N, 10) int64 in the order of ``votes.VOTE_COLUMNS``, or None without fer2013new.csv.
        skipped: Damaged rows.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    split: NDArray[np.str_]
    votes: NDArray[np.int64] | None
    skipped: int


def read(path: Path) -> Rows:
    """Reads a ``.csv`` with ``fer2013new.csv`` beside it, or a ``.zip`` of both.

    Raises:
        ConfigError: It cannot be read, lacks columns, or the votes do not match row by row.
    """
    if path.suffix == ".zip":
        return _read_zip(path)
    beside = path.with_name(VOTES)
    try:
        votes = beside.read_text(errors="replace") if beside.exists() else None
        with path.open("rb") as handle:
            return _parse(handle, path.stat().st_size, votes, path.name)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _read_zip(path: Path) -> Rows:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(n).name: n for n in archive.namelist()}
            if PIXELS not in names:
                raise ConfigError(f"{path}: holds no {PIXELS}; unpack other layouts and give their folder")
            votes = archive.read(names[VOTES]).decode(errors="replace") if VOTES in names else None
            with archive.open(names[PIXELS]) as handle:
                return _parse(handle, archive.getinfo(names[PIXELS]).file_size, votes, path.name)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        # RuntimeError: encrypted; NotImplementedError: unknown compression
        raise ConfigError(f"{path}: is not a readable zip: {error}") from None


def _parse(handle: IO[bytes], size: int, votes_csv: str | None, name: str) -> Rows:
    """Parses ``size`` bytes of fer2013.csv and, if given, the votes, which must match row by row."""
    resources.require(f"reading {name}", memory=2.5 * SIDE * SIDE * size / ROW_BYTES + 50e6)
    images, labels, split, good, number = [], [], [], [], -1
    with _rows(handle, size, name) as rows:
        for number, row in enumerate(rows):
            pixels = _pixels(row.get("pixels") or "")
            label = row.get("emotion") or ""
            labelled = label.isascii() and label.isdecimal() and int(label) < len(EMOTIONS)
            usage = USAGES.get((row.get("Usage") or "").strip().lower())
            if pixels is None or usage is None or not labelled:
                continue
            images.append(pixels)
            labels.append(int(label))
            split.append(usage)
            good.append(number)
    votes = None if votes_csv is None else _read_votes(votes_csv, number + 1, name)[good]
    stacked = np.stack(images) if images else np.empty((0, SIDE, SIDE), np.uint8)
    return Rows(stacked, np.array(labels, np.int64), np.array(split, np.str_), votes, number + 1 - len(good))


@contextmanager
def _rows(handle: IO[bytes], size: int, name: str) -> Iterator[Iterator[dict[str, str | None]]]:
    """The rows of the file, with a progress bar; a row that the csv module cannot read is empty."""
    with bars(counted=False) as progress:
        wrapped = progress.wrap_file(cast(BinaryIO, handle), total=size, description=f"reading {name}")
        reader = csv.DictReader(io.TextIOWrapper(wrapped, encoding="utf-8-sig", errors="replace"))
        if not {"emotion", "pixels", "Usage"} <= set(reader.fieldnames or []):
            raise ConfigError(f"{name}: {PIXELS} must have the columns emotion,pixels,Usage")
        yield _tolerant(reader)


def _tolerant(reader: Iterator[dict[str, str | None]]) -> Iterator[dict[str, str | None]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield {}


def _pixels(text: str) -> NDArray[np.uint8] | None:
    """The (48, 48) picture of a row's numbers; None if they are not 2,304 gray levels."""
    try:
        with warnings.catch_warnings():  # NumPy warns (later versions raise) at a character that is not a number
            warnings.simplefilter("ignore", DeprecationWarning)
            values = np.fromstring(text, dtype=np.int64, sep=" ")
    except ValueError:
        return None
    if values.size != SIDE * SIDE or values.min() < 0 or values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _read_votes(votes_csv: str, rows: int, name: str) -> NDArray[np.int64]:
    try:
        table = list(csv.DictReader(io.StringIO(votes_csv)))
    except csv.Error as error:
        raise ConfigError(f"{name}: {VOTES} is not a readable table: {error}") from None
    if len(table) != rows:
        raise ConfigError(f"{name}: {VOTES} has {len(table)} rows and {PIXELS} {rows}; they must match row by row")
    try:
        return np.array([[int(r[c]) for c in ferplus.VOTE_COLUMNS] for r in table], dtype=np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{name}: {VOTES} lacks whole-number vote columns: {error}") from None
