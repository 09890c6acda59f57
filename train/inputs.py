"""What a task trains on: where ``prepare`` puts it, how it is read, and which set a run began with."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np

from monitor.errors import ConfigError
from monitor.wholefile import whole
from train import datasets, eyeset, keypoints, resources
from train.datasets import Dataset
from train.eyeset import EyeSet
from train.faceset import FaceSet

PREPARED = {
    "expression": "runs/data.npz", "landmarks": "runs/landmarks.npz", "proposals": "runs/landmarks.npz",
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


def keep(run: Path, path: Path, data: Dataset | FaceSet | EyeSet) -> None:
    """Writes into a run's folder which data set it learns from.

    Raises:
        ConfigError: It cannot be written.
    """
    with resources.writing(run / KEPT), whole(run / KEPT) as part:
        part.write_text(json.dumps({"path": str(path), **_identity(data)}, indent=1) + "\n")


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


def _identity(data: Dataset | FaceSet | EyeSet) -> dict[str, str | int]:
    pixels = data.points if isinstance(data, FaceSet) else data.images
    digest = zlib.crc32(np.ascontiguousarray(pixels).tobytes(), zlib.crc32("".join(data.split.tolist()).encode()))
    return {"name": data.name, "rows": len(data), "crc32": digest}


def _kept(run: Path) -> dict[str, str | int]:
    try:
        kept = json.loads((run / KEPT).read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
