"""The session folder: what was run, on what, with which settings and which model."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from monitor import __version__
from monitor.core.errors import ConfigError, DiskError
from monitor.networks.emotion import EmotionNet
from monitor.networks.eyes import EyeNet
from monitor.networks.keypoints import KeypointNet
from monitor.networks.proposals import ProposalNet
from monitor.outputs.logs import retention
from monitor.outputs.logs.reader import PART
from monitor.settings import reader as settings
from monitor.settings.config import Config
from monitor.system.paths import encodable, refusal
from monitor.system.versions import installed
from monitor.system.wholefile import replace_text

MOST_TRIES = 1000
"""Names that are tried before it is taken for granted that none is free."""


class Session:
    """A folder for one run's files.

    While it lives the folder is marked as in use, so that nobody purges it and no other run writes there.

    Attributes:
        folder: The folder.
        name: Text that tells this session's rows apart, its start as YYYYmmddTHHMMSS.
        root: The folder that holds all sessions, None for one of the user's own (``--out``).
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
        option = "--out" if out else "output.dir"
        if not encodable(self.folder):
            raise ConfigError(f"{option} {str(self.folder)!r}: is not in UTF-8; give another folder")
        what = "cannot be made"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.root is not None:
                self.folder = _made(self.root / f"{self.name}_{slug(source_name)}")
            what = "is not writable"
            if (refused := refusal(self.folder)) is not None:
                if self.root is not None:  # made a moment ago
                    with contextlib.suppress(OSError):
                        self.folder.rmdir()
                raise refused
        except OSError as error:
            raise DiskError.kind(error, self.root is not None)(
                f"{option} {self.folder}: {what}: {error.strerror}; give another folder"
            ) from None
        self._held = retention.hold(self.folder)
        if self._held is None:
            raise ConfigError(f"{option} {self.folder}: another run is writing there; give another folder")
        if self.root is None:
            self._tell_apart()

    def _tell_apart(self) -> None:
        """Gives the name a number where an earlier run in this folder has it: the same second, or a clock set back."""
        taken = {str(told.get("session")) for told in self._told()}
        name, number = self.name, 1
        while self.name in taken:
            number += 1
            self.name = f"{name}-{number}"

    def restore(self) -> None:
        """Makes a folder that was deleted anew.

        Raises:
            OSError: It cannot be made.
        """
        self.release()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = retention.hold(self.folder)
        if self._metadata is not None and not (self.folder / "metadata.json").exists():
            self.write_json("metadata.json", self._metadata)

    def give_up(self) -> None:
        """Ends a session that could not begin; a folder that is still empty goes with it."""
        self.release()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def release(self) -> None:
        """Gives the folder up; another run may write there."""
        if self._held is not None and self._held >= 0:
            os.close(self._held)
        self._held = -1

    def next_part(self) -> int:
        """Number of the next rotated part of the logs, from 1."""
        numbers = [int(m[1]) for p in retention.entries(self.folder) if (m := PART.search(p.stem))]
        return max(numbers, default=0) + 1

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Writes a JSON file; one left by an earlier session in the same folder is kept beside it."""
        path = self.folder / name
        if path.exists():
            path.rename(self.free_path(name))
        replace_text(path, _json(content))

    def note_recording(self, path: Path) -> None:
        """Writes into ``metadata.json`` that a recording in the folder is ours, as long as the disk takes it."""
        if self._metadata is None or path.parent.resolve() != self.folder.resolve():
            return
        self._metadata.setdefault("recordings", []).append(path.name)
        with contextlib.suppress(OSError):
            replace_text(self.folder / "metadata.json", _json(self._metadata))

    def recorded(self) -> set[str]:
        """Names of the folder's recordings that this run and earlier ones there have made."""
        names: set[str] = set(self._metadata.get("recordings", []) if self._metadata is not None else [])
        for told in self._told():
            recordings = told.get("recordings", [])
            names.update(map(str, recordings if isinstance(recordings, list) else []))
        return names

    def _told(self) -> Iterator[dict[str, Any]]:
        """What the folder's metadata files tell, of this run and earlier ones; damaged ones are passed over."""
        for path in self.folder.glob("metadata*.json"):
            with contextlib.suppress(OSError, ValueError):
                content = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(content, dict):
                    yield content

    def free_path(self, name: str) -> Path:
        """``name`` in the folder, numbered where that name is taken."""
        return unused(self.folder / name)

    def write_metadata(
        self,
        config: Config,
        config_from: str,
        emotion: EmotionNet,
        source: dict[str, Any],
        detector: str,
        keypoints: KeypointNet | None = None,
        eyes: EyeNet | None = None,
        proposals: ProposalNet | None = None,
    ) -> None:
        """Writes ``metadata.json``."""
        self._metadata = {
            "session": self.name,
            "started": self.started.astimezone().isoformat(timespec="milliseconds"),
            "program": {"name": "emotion-monitor", "version": __version__},
            "versions": versions(emotion.runtime),
            "source": source,
            "detector": detector,
            "model": asdict(emotion.card),
            "keypoints": None if keypoints is None else asdict(keypoints.card),
            "eyes": None if eyes is None else asdict(eyes.card),
            "proposals": None if proposals is None else asdict(proposals.card),
            "config_from": config_from,
            "config": settings.as_dict(config),
            "note": "Labels name the expression a face shows, not what the person feels.",
        }
        self.write_json("metadata.json", self._metadata)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, default=str) + "\n"


def versions(runtime: str) -> dict[str, str]:
    """Versions of what runs."""
    system = os.uname()  # platform.platform() starts a process to ask for the same
    return {
        "python": platform.python_version(), "machine": system.machine,
        "platform": f"{system.sysname}-{system.release}-{system.machine}-with-{''.join(platform.libc_ver())}",
        "opencv": cv2.__version__, "numpy": np.__version__, "tflite_runtime": runtime,
        "rich": installed("rich"), "pyyaml": installed("pyyaml"),
    }  # fmt: skip


def _made(path: Path) -> Path:
    """A new folder of this name, with a number where another run has made it meanwhile."""
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
    """The path itself, or with a number before its suffix, higher than all taken ones, where it is taken."""
    if not os.path.lexists(path):  # a link that leads nowhere is a name that is taken
        return path
    numbered = re.compile(re.escape(path.stem) + r"-(\d+)" + re.escape(path.suffix))
    taken = [int(m[1]) for p in path.parent.iterdir() if (m := numbered.fullmatch(p.name))]
    return path.with_name(f"{path.stem}-{max(taken, default=1) + 1}{path.suffix}")
