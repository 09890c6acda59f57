"""The session folder, to which a run writes its files."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError, DiskError
from monitor.outputs.logs import retention
from monitor.outputs.logs.metadata import RunFacts, metadata
from monitor.outputs.logs.reader import PART
from monitor.system.paths import encodable, refusal
from monitor.system.wholefile import replace_text

MOST_TRIES = 1000
"""Number of names tried in search of a free one."""


class SessionFolder:
    """The folder of one run, locked while the run lasts.

    The lock keeps other runs from writing there and keeps retention from deleting it.

    Attributes:
        folder: The folder.
        name: The identifier of the session in every row: its start as YYYYmmddTHHMMSS.
        started: Local time of the start.
        root: The folder of all sessions; None for a folder named with ``--out``.
        whole: The folder of the whole run; with several cameras (``part``) it holds the folder of each.
        camera: Name of the camera; "" unless the run has several.
    """

    def __init__(self, out: str | None, root: str, source_name: str, started: datetime) -> None:
        """Makes the folder: ``out`` itself, else ``root/<start>_<source>``.

        Raises:
            UserError: It cannot be made or written to (see ``DiskError.kind``), or another run writes there.
        """
        self.name = started.strftime("%Y%m%dT%H%M%S")
        self.started = started
        self.folder = Path(out or root).expanduser()
        self.root = None if out else self.folder
        self._metadata: dict[str, Any] | None = None
        self._open(out, source_name)
        self.whole = self.folder
        self.camera = ""

    def part(self, camera: str) -> SessionFolder:
        """The session folder of one of several cameras, below this one.

        Args:
            camera: Name of the camera; the folder has its name, and the rows name the session ``<session>_<camera>``.

        Raises:
            UserError: See ``__init__``.
        """
        part = SessionFolder(str(self.folder / camera), "", camera, self.started)
        part.name, part.camera = f"{self.name}_{camera}", camera
        part.root, part.whole = self.root, self.folder
        return part

    def _open(self, out: str | None, source_name: str) -> None:
        """Makes and locks the folder.

        Raises:
            UserError: See ``__init__``.
        """
        option = "--out" if out else "output.dir"
        if not encodable(self.folder):
            raise ConfigError(f"{option} {str(self.folder)!r}: is not in UTF-8; give another folder")
        self._make(option, slug(source_name))
        self._held = retention.hold(self.folder)
        if self._held is None:
            raise ConfigError(f"{option} {self.folder}: another run is writing there; give another folder")
        if self.root is None:
            self._number_name()

    def _make(self, option: str, source: str) -> None:
        """Makes the folder and checks that it is writable.

        Raises:
            UserError: It cannot be written to; see ``DiskError.kind``.
        """
        problem = "cannot be made"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.root is not None:
                self.folder = _made(self.root / f"{self.name}_{source}")
            problem = "is not writable"
            if (refused := refusal(self.folder)) is not None:
                if self.root is not None:  # created just above
                    with contextlib.suppress(OSError):
                        self.folder.rmdir()
                raise refused
        except OSError as error:
            raise DiskError.kind(error, for_all_sessions=self.root is not None)(
                f"{option} {self.folder}: {problem}: {error.strerror}; give another folder"
            ) from None

    def _number_name(self) -> None:
        """Adds a number to the name if an earlier run in this folder has the same name (same second, clock set
        back)."""
        taken = {str(content.get("session")) for content in self._all_metadata()}
        name, number = self.name, 1
        while self.name in taken:
            number += 1
            self.name = f"{name}-{number}"

    def restore(self) -> None:
        """Makes the folder again after it was deleted.

        Raises:
            OSError: It cannot be made.
        """
        self.release()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = retention.hold(self.folder)
        if self._metadata is not None and not (self.folder / "metadata.json").exists():
            self.write_json("metadata.json", self._metadata)

    def give_up(self) -> None:
        """Releases a session that could not begin and removes its folder if that is empty."""
        self.release()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def release(self) -> None:
        """Unlocks the folder: another run may write there."""
        if self._held is not None and self._held >= 0:
            os.close(self._held)
        self._held = -1

    def next_part(self) -> int:
        """Number of the next rotated part of the logs, from 1."""
        numbers = [int(m[1]) for p in retention.entries(self.folder) if (m := PART.search(p.stem))]
        return max(numbers, default=0) + 1

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Writes a JSON file; a file of an earlier session is kept under a numbered name.

        Raises:
            OSError: It cannot be written.
        """
        path = self.folder / name
        if path.exists():
            path.rename(self.free_path(name))
        replace_text(path, _json(content))

    def write_metadata(self, facts: RunFacts) -> None:
        """Writes ``metadata.json``.

        Raises:
            OSError: It cannot be written.
        """
        self._metadata = metadata(facts, self.name, self.started)
        self.write_json("metadata.json", self._metadata)

    def note_recording(self, path: Path) -> None:
        """Adds a recording in this folder to ``metadata.json``, if that can be written.

        In a folder named with ``--out`` retention deletes only recordings listed there.
        """
        if self._metadata is None or path.parent.resolve() != self.folder.resolve():
            return
        self._metadata.setdefault("recordings", []).append(path.name)
        with contextlib.suppress(OSError):
            replace_text(self.folder / "metadata.json", _json(self._metadata))

    def recorded(self) -> set[str]:
        """Names of the recordings that this run and earlier ones made in the folder."""
        names: set[str] = set(self._metadata.get("recordings", []) if self._metadata is not None else [])
        for content in self._all_metadata():
            recordings = content.get("recordings", [])
            names.update(map(str, recordings if isinstance(recordings, list) else []))
        return names

    def _all_metadata(self) -> Iterator[dict[str, Any]]:
        """The metadata of this run and earlier ones in the folder; damaged files are skipped."""
        for path in self.folder.glob("metadata*.json"):
            with contextlib.suppress(OSError, ValueError):
                content = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(content, dict):
                    yield content

    def free_path(self, name: str) -> Path:
        """The path of ``name`` in the folder, numbered if that name is taken."""
        return unused(self.folder / name)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, default=str) + "\n"


def _made(path: Path) -> Path:
    """Makes a new folder, numbered if another run makes one of this name at the same moment."""
    for _ in range(MOST_TRIES):
        path = unused(path)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return path
    raise FileExistsError(errno.EEXIST, "no name is free")


def slug(text: str) -> str:
    """A source's name as a safe part of a file name, at most 40 characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:40] or "source"


def unused(path: Path) -> Path:
    """The path itself or, if it is taken, the path with a number before its suffix that is higher than all numbers in
    use."""
    if not os.path.lexists(path):  # the name of a dangling link is taken, too
        return path
    numbered = re.compile(re.escape(path.stem) + r"-(\d+)" + re.escape(path.suffix))
    taken = [int(m[1]) for p in path.parent.iterdir() if (m := numbered.fullmatch(p.name))]
    return path.with_name(f"{path.stem}-{max(taken, default=1) + 1}{path.suffix}")
