"""Past sessions and datasets for the web page: a list, and each one's report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.outputs.logs.retention import entries

MAX_LISTED = 200
"""Most sessions, and most datasets, that are listed."""
DATASET = "_dataset.json"
"""File in a dataset of ``batch``."""


@dataclass(frozen=True, slots=True)
class SessionList:
    """The sessions below one folder.

    Attributes:
        root: Folder that contains the session folders, or None if the run writes to a folder named by the user.
        current: The running session's folder.
    """

    root: Path | None
    current: Path

    def folders(self) -> list[Path]:
        """Session folders, newest first (their names begin with the start time), then datasets by name."""
        if self.root is None:
            return [self.current]
        inside = entries(self.root)
        sessions = sorted((p for p in inside if _holds(p, "metadata.json")), key=lambda p: p.name, reverse=True)
        datasets = sorted(p for p in inside if _holds(p, DATASET))
        return sessions[:MAX_LISTED] + datasets[:MAX_LISTED]

    def listed(self) -> list[dict[str, Any]]:
        """The sessions and datasets as plain JSON values."""
        return [_dataset(folder) if _is_dataset(folder) else self._entry(folder) for folder in self.folders()]

    def report(self, name: str) -> str | None:
        """The report of a listed session or dataset; None for other names, and for an empty dataset."""
        folder = self.find(name)
        if folder is None:
            return None
        if not _is_dataset(folder):
            from monitor.outputs.report.page import render

            return render([folder])
        try:
            from monitor.outputs.report.archive import render_dataset

            return render_dataset(folder)
        except (ImportError, ConfigError):  # the extra batch is not installed here, or nothing was read yet
            return None

    def find(self, name: str) -> Path | None:
        """The folder of a listed session or dataset; None for all other names, including paths."""
        return next((folder for folder in self.folders() if folder.name == name), None)

    def _entry(self, folder: Path) -> dict[str, Any]:
        summary, metadata = _read(folder / "summary.json"), _read(folder / "metadata.json")
        source = metadata.get("source")
        name = (source.get("file") or source.get("kind", "")) if isinstance(source, dict) else source
        if isinstance(cameras := metadata.get("cameras"), list):
            name = ", ".join(map(str, cameras))
        return {
            "name": folder.name, "dataset": False, "running": folder == self.current, "source": str(name or ""),
            "started": str(metadata.get("started", "")), "seconds": summary.get("duration_s", summary.get("elapsed_s")),
            "faces": len(faces) if isinstance(faces := summary.get("faces"), dict) else None,
            "driver": summary.get("driver"),
        }  # fmt: skip


def _is_dataset(folder: Path) -> bool:
    return _holds(folder, DATASET)


def _holds(folder: Path, name: str) -> bool:
    """Whether a folder holds such a file; no for a folder that cannot be read, such as that of another user."""
    try:
        return (folder / name).is_file()
    except OSError:
        return False


def _dataset(folder: Path) -> dict[str, Any]:
    """The entry of a dataset; its recordings are counted by their files."""
    count = sum(not path.name.startswith(".") for path in (folder / "videos").glob("*.parquet"))
    return {
        "name": folder.name, "dataset": True, "running": False, "source": f"{count} recordings", "started": "",
        "seconds": None, "faces": None, "driver": None,
    }  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
