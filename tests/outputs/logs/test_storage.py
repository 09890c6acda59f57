"""A disk that fills, a folder that goes away: video first, then rows; readings never; all back with the room."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.core.incidents import Incidents
from monitor.outputs.logs import housekeeping
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.reader import read_events, read_rows
from monitor.outputs.logs.session import SessionFolder
from monitor.outputs.logs.sessionfiles import Clocks, SessionFiles
from monitor.outputs.logs.storage import CHECK_S, Storage
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import OutputConfig
from tests.fakes import Clock, face, result


class Camera:
    """A recording that only remembers what it was told."""

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


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(tmp_path / "sessions", monkeypatch)


def test_a_filling_disk_ends_the_recording_first_then_thins_the_rows_and_all_comes_back(night: Night) -> None:
    night.film(5)
    assert (night.video.held, night.table.thin) == (False, False)
    night.free_mb = 90
    night.film(5)
    assert (night.video.held, night.table.thin) == (True, False)
    night.free_mb = 40
    night.film(20)
    assert (night.video.held, night.table.thin) == (True, True)
    thin = [n for n in night.rows() if n >= 130]
    assert len(thin) == pytest.approx(17, abs=2)  # one a second
    night.free_mb = 104  # not quite enough to go on: no flapping
    night.film(5)
    assert (night.video.held, night.table.thin) == (True, False)
    night.free_mb = 500
    night.film(5)
    assert (night.video.held, night.table.thin) == (False, False)
    assert night.said() == ["start short", "end short"]  # one clear event


def test_a_recording_on_a_smaller_disk_ends_before_that_is_full_and_the_rows_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """``--record /stick/v.mkv``: the stick fills, is unplugged, and comes back empty."""
    stick = tmp_path / "stick"
    stick.mkdir()
    night = Night(tmp_path / "sessions", monkeypatch, recordings=stick)
    free = {"stick": 300.0}

    def usage(path: Path) -> SimpleNamespace:
        os.stat(path)
        return SimpleNamespace(free=(free["stick"] if path == stick else night.free_mb) * 1e6)

    monkeypatch.setattr("shutil.disk_usage", usage)
    night.film(5)
    assert not night.video.held
    free["stick"] = 3.0
    night.film(5)
    assert (night.video.held, night.table.thin) == (True, False)
    assert night.incidents.open == ["storage short"]
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert [f"only 3 MB free in {stick}" in message for message in errors] == [True]
    free["stick"] = 104.0  # not quite enough to go on
    night.film(5)
    assert night.video.held
    free["stick"] = 900.0
    night.film(5)
    assert not night.video.held
    stick.rmdir()  # what the recorder itself tells
    night.film(5)
    assert not night.video.held
    assert night.rows() == list(range(250))
    assert night.said() == ["start short", "end short"]


def test_a_disk_that_takes_nothing_loses_nothing_and_is_told_once(
    night: Night, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    night.film(3)
    write = os.write

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    night.film(30)
    assert night.video.held
    assert night.incidents.open == ["storage short"]
    monkeypatch.setattr("os.write", write)
    night.film(5)
    assert not night.video.held
    rows = night.rows()
    assert rows == sorted(rows)
    assert len([n for n in rows if 30 <= n < 330]) >= 35  # all until it was noticed, then one a second
    assert night.said() == ["start short", "end short"]
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 1


def test_a_folder_deleted_while_running_is_made_anew(night: Night) -> None:
    night.film(3)
    shutil.rmtree(night.session.folder)
    night.film(5)
    assert stat.S_IMODE(night.session.folder.stat().st_mode) == 0o700
    assert max(night.rows()) == 79
    assert min(night.rows()) <= 30 + CHECK_S * 10 + 1
    assert night.said() == ["start deleted", "end deleted"]
    assert night.video.renewed == 1


def test_a_folder_made_read_only_is_told_and_comes_back(night: Night) -> None:
    night.film(3)
    night.session.folder.chmod(0o500)
    if os.access(night.session.folder, os.W_OK):
        pytest.skip("root may write anywhere (run under setpriv --bounding-set=-dac_override to see this)")
    night.film(5)
    assert night.incidents.open == ["storage short"]
    night.session.folder.chmod(0o700)
    night.film(5)
    assert night.incidents.open == []


def parts(night: Night, pattern: str = "faces-*.csv") -> list[str]:
    return sorted(path.name for path in night.session.folder.glob(pattern))


def test_a_new_day_and_a_full_file_begin_new_ones_and_no_row_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01)
    night.film(60)
    assert len(parts(night)) >= 5
    before = len(parts(night))
    night.wall.advance(86_400)
    night.film(3)
    assert len(parts(night)) == before + 1
    assert night.rows() == list(range(630))
    days = {name.split("-")[1] for name in parts(night)}
    assert len(days) == 1  # each part is named after the day it was begun on


def test_a_files_table_stays_in_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path / "s", monkeypatch, live=False, rotate_mb=0.01)
    night.film(30)
    assert parts(night) == []


def test_asked_to_rotate_it_begins_new_files_of_everything(night: Night) -> None:
    night.film(3)
    night.rotate.set()
    night.film(3)
    assert len(parts(night)) == 1
    assert night.video.renewed == 1
    assert night.rows() == list(range(60))


def test_the_total_is_kept_by_deleting_old_sessions_then_old_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "s"
    night = Night(root, monkeypatch, rotate_mb=0.01, max_mb=0.06)
    other = root / "20200101T000000_demo"
    other.mkdir()
    (other / "metadata.json").write_text("{}")
    (other / "faces.csv").write_text("x" * 50_000)
    night.film(60)
    night.storage.housekeeper.clean()
    assert not other.exists()
    kept = night.rows()
    assert 0 < len(kept) < 600
    assert kept[-1] == 599  # the newest stay
    assert sum(path.stat().st_size for path in night.session.folder.iterdir()) <= 60_000


def test_in_a_folder_of_the_users_own_the_oldest_of_ours_goes_and_nothing_for_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "holiday.mp4").write_bytes(b"x" * 90_000)
    (folder / "video-9.mkv").write_bytes(b"x" * 90_000)  # somebody's, by chance called like ours
    (folder / "metadata-2.json").write_text('{"session": "before", "recordings": ["video.mkv", "video-2.mkv"]}')
    for age, name in enumerate(("video-2.mkv", "video.mkv"), 1):
        (folder / name).write_bytes(b"x" * 20_000)
        os.utime(folder / name, (1_794_000_000 - age,) * 2)
    night = Night(folder, monkeypatch, own=True, rotate_mb=0.01, max_mb=0.06)
    new = folder / "video-3.mkv"
    new.write_bytes(b"x" * 20_000)
    night.session._metadata = {"session": night.session.name}
    night.session.note_recording(new)
    night.film(5)
    night.storage.housekeeper.clean()
    assert sorted(path.name for path in folder.glob("*.m*")) == [
        "holiday.mp4",
        "video-2.mkv",
        "video-3.mkv",
        "video-9.mkv",
    ]
    assert night.rows() == list(range(50))


def test_a_clock_that_jumped_ten_years_deletes_nothing_for_its_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01, keep_days=30)
    night.film(60)
    before = parts(night)
    night.wall.advance(10 * 365 * 86_400)
    night.storage.housekeeper.clean()
    assert parts(night) == before


def test_a_machine_that_slept_for_a_month_deletes_what_became_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01, keep_days=30)
    night.film(60)
    before = parts(night)
    night.wall.advance(31 * 86_400)
    night.slept_s = 31 * 86_400.0
    for path in before:
        os.utime(night.session.folder / path, (1_795_000_000,) * 2)
    night.storage.housekeeper.clean()
    assert len(parts(night)) < len(before)


def test_a_disk_that_answers_with_errors_is_trouble_and_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick that dies and comes back: EIO wherever it is asked, then nothing wrong."""
    night = Night(tmp_path, monkeypatch)
    night.film(3)
    moved = type(night.table.lines).moved

    def dead(self: object) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(type(night.table.lines), "moved", dead)
    night.film(10)
    assert night.video.held
    assert "storage short" in night.incidents.open
    monkeypatch.setattr(type(night.table.lines), "moved", moved)
    night.film(10)
    assert not night.video.held
    assert night.incidents.open == []
    assert night.said() == ["start short", "end short"]


def test_new_files_asked_for_while_the_folder_is_gone_do_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path, monkeypatch)
    night.film(3)
    shutil.rmtree(night.session.folder)
    night.rotate.set()
    night.film(10)
    assert night.session.folder.is_dir()
    assert night.rows()


def test_the_housekeeper_outlives_a_disk_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path, monkeypatch, keep_days=30)
    asked = []

    def failing() -> None:
        asked.append(1)
        if len(asked) == 3:
            night.storage.close([])
        night.clock.advance(10_000)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(night.storage.housekeeper, "clean", failing)
    monkeypatch.setattr(housekeeping, "SYNC_S", 0.0)
    night.storage.housekeeper.run()
    assert len(asked) == 3
