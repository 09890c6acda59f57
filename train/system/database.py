"""Records of picture sets in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.core.errors import ConfigError


def opened(path: Path, schema: str, command: str, *, alone: bool = False) -> sqlite3.Connection:
    """Opens a record, or creates it.

    Args:
        path: The file.
        schema: Statements that create missing tables.
        command: The command that writes such records, for messages.
        alone: Whether to lock the record for other processes.

    Raises:
        ConfigError: It is another kind of file, cannot be written, or is used by another process.
    """
    try:
        database = sqlite3.connect(path, timeout=0.2 if alone else 5.0)
        if alone:
            database.execute("pragma locking_mode = exclusive")
            # A commit need not wait for the disk: a kill loses nothing, a power cut only the last pictures.
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = normal")
        database.executescript(f"begin immediate; {schema}; commit;" if alone else schema)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ConfigError(f"{path}: is used by another {command}; wait for its end") from None
        raise ConfigError(f"{path}: cannot be opened: {error}") from None
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: is not a record of {command} ({error}); give another --out") from None
    return database


@contextmanager
def writing(database: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction; it is rolled back if the block raises.

    Raises:
        ConfigError: The record cannot be written.
    """
    try:
        with database:
            yield database
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: cannot be written: {error}") from None
