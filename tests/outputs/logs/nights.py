"""A session under a clock and a disk that the test moves."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.core.incidents import Incidents
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.reader import read_events, read_rows
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.outputs.logs.storage import Storage
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import OutputConfig
from tests.fakes import Clock, face, result


class Camera:
    """A recording that only records its calls."""

    def __init__(self) -> None:
        self.held, self.renewed = False, 0
        self.path: Path | None = None

    def hold(self, *, on: bool) -> None:
        self.held = on

    def renew(self) -> None:
        self.renewed += 1


class Night:
    """A session under a clock and a disk that the test moves."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        live: bool = True,
        recordings: Path | None = None,
        own: bool = False,
        **config: Any,
    ) -> None:
        self.clock, self.wall, self.incidents, self.video = Clock(), Clock(1_795_000_000.0), Incidents(), Camera()
        self.free_mb = 10_000.0
        self.slept_s = 0.0
        monkeypatch.setattr(
            "shutil.disk_usage", lambda path: SimpleNamespace(free=os.stat(path) and self.free_mb * 1e6)
        )
        self.session = SessionFolder(str(folder) if own else None, str(folder), "demo", datetime(2026, 11, 23))
        self.table = TableSink(self.session.folder / "faces.csv", "S", OutputConfig(flush_s=0), clock=self.clock)
        self.events = EventSink(self.session.folder / "events.jsonl", "S")
        self.rotate = threading.Event()
        files = SessionFiles(
            self.session, self.table, [self.table.lines, self.events.lines], self.video, recordings
        )  # fmt: skip
        self.storage = Storage(
            files, OutputConfig(min_free_mb=100, **config), self.incidents, live=live, rotate=self.rotate,
            clocks=Clocks(self.clock, self.wall, lambda: self.slept_s),
        )  # fmt: skip
        self._n = 0

    def film(self, seconds: float, hz: float = 10) -> None:
        for _ in range(round(seconds * hz)):
            self.clock.advance(1 / hz)
            self.wall.advance(1 / hz)
            got = result(self.clock.now, [face(1)], index=self._n)
            self._n += 1
            for sink in (self.storage, self.table):
                sink.handle(got)
            self.events.tell(self.incidents.take(self.clock.now, self.wall.now))

    def rows(self) -> list[int]:
        self.table.lines.flush()
        return [int(row["frame"]) for row in read_rows(self.session.folder)]

    def said(self) -> list[str]:
        return [f"{e['phase']} {e['state']}" for e in read_events(self.session.folder)]


def parts(night: Night, pattern: str = "faces-*.csv") -> list[str]:
    return sorted(path.name for path in night.session.folder.glob(pattern))
