"""Past sessions for the web page: a list, and each one's report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_LISTED = 200
"""Most sessions that are listed, newest first."""


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
        """Session folders, newest first (their names begin with the start time)."""
        root = self.root if self.root is not None else self.current.parent
        found = [self.current] if self.root is None else [p for p in root.iterdir() if (p / "metadata.json").is_file()]
        return sorted(found, key=lambda p: p.name, reverse=True)[:MAX_LISTED]

    def listed(self) -> list[dict[str, Any]]:
        """The sessions as plain JSON values."""
        return [self._entry(folder) for folder in self.folders()]

    def find(self, name: str) -> Path | None:
        """The folder of a listed session; None for all other names, including paths."""
        return next((folder for folder in self.folders() if folder.name == name), None)

    def _entry(self, folder: Path) -> dict[str, Any]:
        summary, metadata = _read(folder / "summary.json"), _read(folder / "metadata.json")
        source = metadata.get("source")
        name = (source.get("file") or source.get("kind", "")) if isinstance(source, dict) else source
        if isinstance(cameras := metadata.get("cameras"), list):
            name = ", ".join(map(str, cameras))
        return {
            "name": folder.name, "running": folder == self.current, "source": str(name or ""),
            "started": str(metadata.get("started", "")), "seconds": summary.get("duration_s", summary.get("elapsed_s")),
            "faces": len(summary["faces"]) if "faces" in summary else None,
            "driver": summary.get("driver"),
        }  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
