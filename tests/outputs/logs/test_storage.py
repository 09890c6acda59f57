"""A disk that fills, a folder that goes away: the recording stops first, then rows thin out; readings never."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.outputs.logs.storage import CHECK_S
from tests.outputs.logs.nights import Night


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


def test_a_recording_on_a_smaller_disk_ends_before_that_is_full_and_the_rows_continue(
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
    stick.rmdir()  # reported by the recorder itself
    night.film(5)
    assert not night.video.held
    assert night.rows() == list(range(250))
    assert night.said() == ["start short", "end short"]


def test_a_full_disk_loses_no_rows_and_is_reported_once(
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


def test_a_read_only_folder_is_reported_and_used_again_later(night: Night) -> None:
    night.film(3)
    night.session.folder.chmod(0o500)
    if os.access(night.session.folder, os.W_OK):
        pytest.skip("root may write anywhere (run under setpriv --bounding-set=-dac_override to see this)")
    night.film(5)
    assert night.incidents.open == ["storage short"]
    night.session.folder.chmod(0o700)
    night.film(5)
    assert night.incidents.open == []


def test_a_disk_with_errors_is_reported_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stick that fails and works again: every call gives EIO, later none."""
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
