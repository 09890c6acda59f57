"""The data set of a run: its default path and its record in the run's folder."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.system import resources

KEPT = "data.json"
"""File in a run's folder that records the data set and the teachers."""


class Data(Protocol):
    """A data set that a task trains on."""

    @property
    def name(self) -> str:
        """Name of its origin, for cards and logs."""

    def __len__(self) -> int:
        """Number of rows."""

    def digests(self) -> dict[str, int]:
        """Checksums of pixels and labels; two sets with the same ones are the same."""


def checksum(*arrays: NDArray[Any]) -> int:
    """CRC-32 of arrays, one after the other."""
    digest = 0
    for array in arrays:
        digest = zlib.crc32(np.ascontiguousarray(array).tobytes(), digest)
    return digest


def path_for(prepared: str, given: str | None, run: Path | None = None) -> Path:
    """The data set to read: ``given``, else the one the run started with, else ``prepared``.

    Args:
        prepared: Where ``emotion-train prepare`` writes the task's data set.
        given: The path of a command line.
        run: A run's folder.
    """
    if given:
        return Path(given)
    return Path(str((_kept(run) if run is not None else {}).get("path", prepared)))


def keep(
    run: Path, path: Path, data: Data, *, teachers: Sequence[Path] = (), more: Mapping[str, str] | None = None
) -> None:
    """Records in a run's folder its data set and the state of its teachers.

    Args:
        run: The run's folder.
        path: Path of the data set.
        data: The data set.
        teachers: Folders of the teachers.
        more: Further facts for the record, such as the data set's terms.

    Raises:
        ConfigError: The record cannot be written.
    """
    kept: dict[str, Any] = {"path": str(path), **_identity(data), **(more or {})}
    if teachers:
        kept["teachers"] = _states(teachers)
    with resources.writing(run / KEPT), whole(run / KEPT) as part:
        part.write_text(json.dumps(kept, indent=1) + "\n")


def require_same(run: Path, path: Path, data: Data) -> None:
    """Refuses another data set than that at the start of the run, because training rows could become validation rows.

    Args:
        run: The run's folder; one without a record accepts any data set.
        path: Path of the data set.
        data: The data set.

    Raises:
        ConfigError: It is another data set.
    """
    kept, found = _kept(run), _identity(data)
    if any(key in kept and kept[key] != value for key, value in found.items()):
        raise ConfigError(
            f"{path}: is another data set ({found['name']}, {found['rows']} rows) than {run} began with "
            f"({kept.get('name')}, {kept.get('rows')} rows); give --data {kept.get('path')}"
        )


def require_same_teachers(run: Path, teachers: Sequence[Path]) -> None:
    """Refuses teachers that have been trained further since the run started.

    Raises:
        ConfigError: A teacher has changed.
    """
    kept = _kept(run).get("teachers", {})
    changed = [name for name, state in _states(teachers).items() if kept.get(name, state) != state]
    if changed:
        raise ConfigError(
            f"{run}: its teacher {changed[0]} was trained further since this run began; restore the teacher's "
            "checkpoint, or start again in another --out"
        )


def _states(teachers: Sequence[Path]) -> dict[str, str]:
    paths = {str(run): run / "checkpoint.npz" for run in teachers}
    return {name: sha256(path.read_bytes())[:12] for name, path in paths.items() if path.exists()}


def _identity(data: Data) -> dict[str, str | int]:
    return {"name": data.name, "rows": len(data), **data.digests()}


def _kept(run: Path) -> dict[str, Any]:
    return read_record(run / KEPT)


def read_record(path: Path) -> dict[str, Any]:
    """The content of one of a run's JSON files; empty if it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
