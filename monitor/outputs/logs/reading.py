"""Reads a finished or running session: ``Session.open(folder)``."""

from __future__ import annotations

import json
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.outputs.logs.arrays import LoggedTable, read_table
from monitor.outputs.logs.camerafolders import camera_folders
from monitor.outputs.logs.reader import Damage, events_of, parts

FILES = ("metadata.json", "summary.json", "faces.csv", "events.jsonl", "drive.csv")


class Session:
    """The content of a session folder. Each file is read when it is first accessed.

    Rotated parts are joined in the order they were written. Lines that were torn by a power cut or written by another
    program are left out and counted. A folder with several runs (``--out``) or several cameras gives the rows of all of
    them, distinguished by the column and key ``session``.

    Attributes:
        folder: The folder.
        damaged: Maps a file name, such as "faces.csv", to the number of lines left out; filled while files are read.

    Examples:
        >>> from emotion_monitor import Session
        >>> session = Session.open("sessions/20261201T120000_demo")  # doctest: +SKIP
        >>> session.faces["confidence"].mean()  # doctest: +SKIP
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: dict[str, int] = {}

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> Session:
        """Opens a session folder.

        Args:
            folder: The folder, or one of the files in it.

        Raises:
            ConfigError: It is not a session folder.
        """
        path = Path(folder).expanduser()
        path = path.parent if path.is_file() else path
        if not path.is_dir():
            raise ConfigError(f"{path}: no such folder; give the folder of a session")
        if not any(parts(path, name) for name in FILES):
            raise ConfigError(f"{path}: is not a session folder (none of {', '.join(FILES)} in it)")
        return cls(path)

    @cached_property
    def cameras(self) -> dict[str, Session]:
        """The session of each camera by its name; empty unless the run had several."""
        return {folder.name: Session(folder) for folder in camera_folders(self.folder)}

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """``metadata.json`` of the folder's last run: versions, settings, model card; empty if the file is missing.

        Raises:
            OSError: It cannot be read.
        """
        return self._json("metadata.json")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """``summary.json`` of the folder's last finished run; empty while it runs, or after a power cut.

        Raises:
            OSError: It cannot be read.
        """
        return self._json("summary.json")

    @cached_property
    def faces(self) -> LoggedTable:
        """``faces.csv`` as arrays: a row per face and frame; one with ``success`` 0 for a frame without a face.

        Raises:
            OSError: A part cannot be read.
        """
        return self._table("faces.csv")

    @cached_property
    def drive(self) -> LoggedTable:
        """``drive.csv`` as arrays: a row per minute in driver mode; no rows without it.

        Raises:
            OSError: A part cannot be read.
        """
        return self._table("drive.csv")

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The events in the order they were logged; keys as in ``events.jsonl``.

        Raises:
            OSError: A part cannot be read.
        """
        damage = Damage()
        found = [event for path in parts(self.folder, "events.jsonl") for event in events_of(path, damage)]
        self.damaged["events.jsonl"] = damage.lines
        return found

    def _table(self, name: str) -> LoggedTable:
        damage = Damage()
        table = read_table(parts(self.folder, name), damage)
        self.damaged[name] = damage.lines
        return table

    def _json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        if not path.exists():
            return {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            content = None
        self.damaged[name] = int(not isinstance(content, dict))
        return content if isinstance(content, dict) else {}
