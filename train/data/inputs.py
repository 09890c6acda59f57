"""What a task trains on: where ``prepare`` puts it, how it is read, and which set a run began with."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monitor.core.errors import ConfigError
from monitor.system.digest import sha256
from monitor.system.wholefile import whole
from train.data import datasets, eyeset, keypoints
from train.data.datasets import Dataset
from train.data.eyeset import EyeSet
from train.data.faceset import FaceSet
from train.engine import resources
from train.reports import cards

PREPARED = {
    "expression": "runs/data.npz", "keypoints": "runs/keypoints.npz", "proposals": "runs/keypoints.npz",
    "eyes": "runs/eyes.npz",
}  # fmt: skip
"""By task, as ``train prepare`` names them."""
KEPT = "data.json"
"""In the folder of a run: which data set it learns from."""


def path_for(task: str, given: str | None, run: Path | None = None) -> Path:
    """The data set meant: what is given, else what the run began with, else where ``prepare`` puts it."""
    if given:
        return Path(given)
    return Path(str((_kept(run) if run is not None else {}).get("path", PREPARED[task])))


def load(task: str, path: Path) -> Dataset | FaceSet | EyeSet:
    """Reads a task's data set.

    Raises:
        ConfigError: It is missing or damaged.
    """
    if task == "expression":
        return datasets.load(path)
    return eyeset.load(path) if task == "eyes" else keypoints.load(path)


def keep(run: Path, path: Path, data: Dataset | FaceSet | EyeSet, teachers: Sequence[Path] = ()) -> None:
    """Writes into a run's folder which data set it learns from, and in which state its teachers are.

    Raises:
        ConfigError: It cannot be written.
    """
    with resources.writing(run / KEPT), whole(run / KEPT) as part:
        kept: dict[str, Any] = {"path": str(path), **_identity(data)}
        if isinstance(data, Dataset):
            kept["terms"] = cards.terms(data.name, data.voted)
        if teachers:
            kept["teachers"] = _states(teachers)
        part.write_text(json.dumps(kept, indent=1) + "\n")


def require_same(run: Path, path: Path, data: Dataset | FaceSet | EyeSet) -> None:
    """Refuses another data set than the one a run began with: rows it learnt from could be validated on, else.

    Args:
        run: Its folder; one without ``KEPT`` (of an earlier version, or made anew) takes any.
        path: Where the data set was read.
        data: The data set.

    Raises:
        ConfigError: It is another one.
    """
    kept, found = _kept(run), _identity(data)
    if any(key in kept and kept[key] != value for key, value in found.items()):
        raise ConfigError(
            f"{path}: is another data set ({found['name']}, {found['rows']} rows) than {run} began with "
            f"({kept.get('name')}, {kept.get('rows')} rows); give --data {kept.get('path')}"
        )


def require_same_teachers(run: Path, teachers: Sequence[Path]) -> None:
    """Refuses teachers that are no longer those a run began with: half of it would learn from others.

    Raises:
        ConfigError: One has changed.
    """
    kept = _kept(run).get("teachers", {})
    changed = [name for name, state in _states(teachers).items() if kept.get(name, state) != state]
    if changed:
        raise ConfigError(
            f"{run}: its teacher {changed[0]} was trained on since it began; give it back its checkpoint, or start "
            "anew in another --out"
        )


def _states(teachers: Sequence[Path]) -> dict[str, str]:
    paths = {str(run): run / "checkpoint.npz" for run in teachers}
    return {name: sha256(path.read_bytes())[:12] for name, path in paths.items() if path.exists()}


def _identity(data: Dataset | FaceSet | EyeSet) -> dict[str, str | int]:
    pixels = data.points if isinstance(data, FaceSet) else data.images
    digest = zlib.crc32(np.ascontiguousarray(pixels).tobytes(), zlib.crc32("".join(data.split.tolist()).encode()))
    found: dict[str, str | int] = {"name": data.name, "rows": len(data), "crc32": digest}
    if isinstance(data, Dataset):
        labels = (data.targets, data.truth, data.usable)
        found["labels"] = zlib.crc32(b"".join(np.ascontiguousarray(part).tobytes() for part in labels))
    elif isinstance(data, EyeSet):
        found["labels"] = zlib.crc32(data.opened.tobytes() + data.visible.tobytes())
    return found


def _kept(run: Path) -> dict[str, Any]:
    return told(run / KEPT)


def told(path: Path) -> dict[str, Any]:
    """What one of a run's JSON files tells; nothing where it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
