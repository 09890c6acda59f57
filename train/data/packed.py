"""Prepared data as one ``.npz``, written atomically; any problem when reading is one line."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from monitor.core.errors import ConfigError
from monitor.system.wholefile import whole
from train.system import resources

T = TypeVar("T")


def write(path: Path, arrays: dict[str, Any], needs: float, *, compressed: bool = False) -> None:
    """Writes named arrays; an older file is replaced only by a complete one.

    Args:
        path: The file; its folder is created.
        arrays: Names and values.
        needs: Estimated bytes on disk.
        compressed: Smaller but slower.

    Raises:
        ConfigError: The disk has no room for it, or the file cannot be written.
    """
    resources.require(f"{path}", disk=needs, at=path.parent)
    with resources.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part, part.open("wb") as handle:
            (np.savez_compressed if compressed else np.savez)(handle, **arrays)


def read(path: Path, make: Callable[[Any], T], what: str, command: str) -> T:
    """Reads what ``write`` wrote.

    Args:
        path: The file.
        make: Builds the result from the open file; may raise ValueError for inconsistent content.
        what: Kind of file, for the message.
        command: Command that makes one, for the message.

    Raises:
        ConfigError: The file is missing, damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return make(file)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: is not a prepared {what} ({error}); make it with: {command}") from None
