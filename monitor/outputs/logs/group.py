"""The folder of a run with several cameras: it holds a session folder for each of them, and a summary of all."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.outputs.logs.session import SessionFolder

log = logging.getLogger("monitor")


class SessionGroup:
    """The whole folder, locked while the run lasts.

    Args:
        out: See ``SessionFolder``.
        root: See ``SessionFolder``.
        cameras: Names of all cameras, including those that are not open yet.
        started: Local time of the start.

    Raises:
        UserError: See ``SessionFolder``.
        OSError: ``metadata.json`` cannot be written.
    """

    def __init__(self, out: str | None, root: str, cameras: Sequence[str], started: datetime) -> None:
        self._whole = SessionFolder(out, root, "-".join(cameras), started)
        self._whole.write_json(
            "metadata.json",
            {
                "session": self._whole.name, "started": started.astimezone().isoformat(timespec="milliseconds"),
                "program": {"name": "emotion-monitor", "version": __version__}, "cameras": list(cameras),
            },
        )  # fmt: skip

    @property
    def folder(self) -> Path:
        """The folder of the whole run."""
        return self._whole.folder

    def part(self, camera: str) -> SessionFolder:
        """The session folder of one camera; see ``SessionFolder.part``."""
        return self._whole.part(camera)

    def close(self, cameras: Mapping[str, Mapping[str, Any]], elapsed_s: float) -> bool:
        """Writes ``summary.json`` and unlocks the folder.

        Args:
            cameras: The end of each camera's run, by its name.
            elapsed_s: Length of the run in seconds.

        Returns:
            Whether it could be written.
        """
        content = {"session": self._whole.name, "elapsed_s": round(elapsed_s, 3), "cameras": dict(cameras)}
        try:
            self._whole.write_json("summary.json", content)
        except OSError as error:
            log.error("error: %s: summary.json could not be written: %s", self.folder, error.strerror)
            return False
        finally:
            self._whole.release()
        return True

    def give_up(self) -> None:
        """Removes the folder of a run that could not begin, if it contains no file of a camera."""
        with contextlib.suppress(OSError):
            (self.folder / "metadata.json").unlink()
        self._whole.give_up()
