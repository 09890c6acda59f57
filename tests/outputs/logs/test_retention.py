"""Only our own, finished sessions are ever deleted, the oldest first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.outputs.logs import retention
from monitor.outputs.logs.retention import DAY_S, Stored, choose

NOW = 1_800_000_000.0


def session(root: Path, name: str, days_old: float, size: int = 1000) -> Path:
    folder = root / name
    folder.mkdir()
    for file, content in (("metadata.json", "{}"), ("faces.csv", "x" * size)):
        (folder / file).write_text(content)
        os.utime(folder / file, (NOW - days_old * DAY_S,) * 2)
    return folder


def test_only_sessions_are_listed_oldest_first(tmp_path: Path) -> None:
    new = session(tmp_path, "20260102T000000_demo", 1)
    old = session(tmp_path, "20260101T000000_camera0", 9)
    used = session(tmp_path, "20260103T000000_demo", 99)
    (tmp_path / "20260104T000000_mine").mkdir()
    (tmp_path / "20260104T000000_mine" / "letter.txt").write_text("no metadata, and no file of ours")
    session(tmp_path, "holiday", 999)
    (tmp_path / "20260105T000000_link").symlink_to(old)
    held = retention.hold(used)
    assert held is not None
    assert [s.path for s in retention.sessions(tmp_path)] == [old, new]
    os.close(held)
    assert retention.sessions(tmp_path)[0].path == used


def test_an_interrupted_deletion_is_completed_later(tmp_path: Path) -> None:
    rest = tmp_path / "20260101T000000_demo"
    rest.mkdir()
    (rest / "faces.csv").write_text("x")
    (rest / "video-2.mkv").write_text("y")
    (tmp_path / "20260102T000000_demo").mkdir()
    assert {s.path.name for s in retention.sessions(tmp_path)} == {rest.name, "20260102T000000_demo"}


def test_metadata_is_deleted_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = session(tmp_path, "20260101T000000_demo", 1)
    (folder / "faces.csv").write_text("x")
    order: list[str] = []
    unlink = Path.unlink

    def watched(self: Path, missing_ok: bool = False) -> None:
        order.append(self.name)
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    assert retention.delete(retention.sessions(tmp_path)[0], tmp_path)
    assert order == ["faces.csv", "metadata.json"]
    assert not folder.exists()


def test_foreign_files_in_a_session_are_kept(tmp_path: Path) -> None:
    folder = session(tmp_path, "20260101T000000_demo", 40)
    (folder / "labels.csv").write_text("mine")
    (folder / "thesis").mkdir()
    (folder / "thesis" / "faces.csv").write_text("mine")
    (folder / "video-2.mkv").symlink_to(folder / "labels.csv")
    (stored,) = retention.sessions(tmp_path)
    assert stored.size < 1100
    assert NOW - stored.changed == pytest.approx(40 * DAY_S)
    assert retention.delete(stored, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["labels.csv", "thesis", "video-2.mkv"]
    assert (folder / "thesis" / "faces.csv").exists()
    assert retention.sessions(tmp_path) == []


def test_a_session_that_begins_to_be_used_is_left_alone(tmp_path: Path) -> None:
    folder = session(tmp_path, "20260101T000000_demo", 1)
    (stored,) = retention.sessions(tmp_path)
    held = retention.hold(folder)
    assert held is not None
    assert not retention.delete(stored, tmp_path)
    assert len(list(folder.iterdir())) == 2
    os.close(held)
    assert retention.delete(stored, tmp_path)


def test_sessions_of_an_unset_clock_have_no_age() -> None:
    never = Stored(Path("a"), 1, retention.OLDEST_TRUSTED - 1)
    assert choose([never], 0, 30, 0, NOW) == []
    assert choose([never], 0, 0, 0.0000001, NOW) == [never]


def test_in_a_folder_of_the_users_own_only_recordings_known_as_ours_are_parts(tmp_path: Path) -> None:
    for name in ("video.mp4", "video-2.mkv", "faces-20260101-0001.csv", "holiday.mp4"):
        (tmp_path / name).write_text("x")
    found = retention.old_parts(tmp_path, [], {"video-2.mkv", "holiday.mp4"})
    assert {p.path.name for p in found} == {"video-2.mkv", "faces-20260101-0001.csv"}
    assert len(retention.old_parts(tmp_path, [])) == 3


def test_room_is_made_before_a_session_begins(tmp_path: Path) -> None:
    old = session(tmp_path, "20260101T000000_demo", 1)
    os.utime(old / "metadata.json", (NOW - 90 * DAY_S, NOW - 90 * DAY_S))
    for entry in old.iterdir():
        os.utime(entry, (NOW - 90 * DAY_S, NOW - 90 * DAY_S))
    retention.make_room(tmp_path, 30, 0, NOW)
    assert not old.exists()


def test_two_runs_cannot_hold_one_folder(tmp_path: Path) -> None:
    first = retention.hold(tmp_path)
    assert first is not None
    assert retention.hold(tmp_path) is None
    os.close(first)
    assert not retention.in_use(tmp_path)


def stored(name: str, size_mb: float, days: float) -> Stored:
    return Stored(Path(name), round(size_mb * 1e6), NOW - days * DAY_S)


def test_age_and_total_each_decide() -> None:
    candidates = [stored("a", 10, 40), stored("b", 10, 20), stored("c", 10, 1)]
    assert [s.path.name for s in choose(candidates, 0, 30, 0, NOW)] == ["a"]
    assert [s.path.name for s in choose(candidates, 5_000_000, 0, 20, NOW)] == ["a", "b"]
    assert choose(candidates, 0, 0, 0, NOW) == []


def test_an_unset_clock_deletes_no_session_for_its_age() -> None:
    assert choose([stored("a", 10, 40)], 0, 30, 0, 1000.0) == []


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0, 100)), max_size=20), st.floats(1, 200), st.floats(0, 50))
def test_the_remaining_sessions_fit_the_limit(things: list[tuple[float, float]], max_mb: float, kept_mb: float) -> None:
    candidates = [stored(str(n), size, days) for n, (size, days) in enumerate(things)]
    gone = choose(candidates, round(kept_mb * 1e6), 0, max_mb, NOW)
    left = kept_mb * 1e6 + sum(s.size for s in candidates if s not in gone)
    assert left <= max_mb * 1e6 + 1 or len(gone) == len(candidates)
    assert gone == candidates[: len(gone)]


def test_nothing_outside_the_folder_is_deleted(tmp_path: Path) -> None:
    root, outside = tmp_path / "sessions", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for path in (outside, root / "link", root / ".." / "outside", root):
        assert not retention.delete(Stored(path, 1, 0), root)
    assert outside.is_dir()
    inside = session(root, "20260101T000000_demo", 1)
    assert retention.delete(Stored(inside, 1, 0), root)
    assert not inside.exists()


def test_a_link_in_place_of_a_session_leads_to_no_deletion(tmp_path: Path) -> None:
    """It may have been put there between the listing and the deletion."""
    kept = session(tmp_path, "20260101T000000_camera0", 9)
    (tmp_path / "20260102T000000_camera0").symlink_to(kept)
    assert not retention.delete(Stored(tmp_path / "20260102T000000_camera0", 1, NOW), tmp_path)
    assert (kept / "faces.csv").exists()


def test_finished_parts_but_not_the_running_files(tmp_path: Path) -> None:
    for name in ("faces.csv", "faces-20260101-0001.csv", "video.mkv", "video-2.mkv", "notes.txt"):
        (tmp_path / name).write_text("x")
    found = retention.old_parts(tmp_path, [tmp_path / "video-2.mkv"])
    assert {s.path.name for s in found} == {"faces-20260101-0001.csv", "video.mkv"}


def test_files_of_a_codec_trial_are_deleted_with_the_session(tmp_path: Path) -> None:
    folder = session(tmp_path, "20260101T000000_demo", 1)
    (folder / ".trial-mp4v.mkv").write_text("a picture of somebody")
    assert retention.delete(retention.sessions(tmp_path)[0], tmp_path)
    assert not folder.exists()


def test_the_report_of_a_session_is_deleted_with_it(tmp_path: Path) -> None:
    """It holds the readings, too."""
    folder = session(tmp_path, "20260101T000000_camera0", 9)
    (folder / "report.html").write_text("readings")
    (folder / "report.html.part").write_text("half")
    assert retention.delete(retention.sessions(tmp_path)[0], tmp_path)
    assert not folder.exists()


def test_a_folder_called_like_one_of_our_files_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "20260102T000000_cam" / "video.mkv").mkdir(parents=True)
    assert retention.sessions(tmp_path) == []
