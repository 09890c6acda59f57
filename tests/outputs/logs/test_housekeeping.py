"""Old sessions and parts go when they are too old or too much; a wrong clock deletes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.outputs.logs import housekeeping, retention
from tests.outputs.logs.nights import Night, parts


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


def test_in_a_users_folder_only_our_oldest_session_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "holiday.mp4").write_bytes(b"x" * 90_000)
    (folder / "video-9.mkv").write_bytes(b"x" * 90_000)  # a foreign folder with a name like ours
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


def test_a_clock_jump_of_ten_years_deletes_no_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01, keep_days=30)
    night.film(60)
    before = parts(night)
    night.wall.advance(10 * 365 * 86_400)
    night.storage.housekeeper.clean()
    assert parts(night) == before


def test_after_a_suspend_of_a_month_old_sessions_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01, keep_days=30)
    night.film(60)
    before = parts(night)
    night.wall.advance(31 * 86_400)
    night.slept_s = 31 * 86_400.0
    for path in before:
        os.utime(night.session.folder / path, (1_795_000_000,) * 2)
    night.storage.housekeeper.clean()
    assert len(parts(night)) < len(before)


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


def test_the_running_session_is_kept_on_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "in_use", lambda folder: False)
    night = Night(tmp_path / "s", monkeypatch, rotate_mb=0.01, max_mb=0.001)
    night.film(5)
    night.storage.housekeeper.clean()
    assert (night.session.folder / "faces.csv").exists()
