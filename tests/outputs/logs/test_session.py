"""The session's folder: private, unique, never outside the place it belongs to."""

from __future__ import annotations

import errno
import os
import stat
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError, DiskError
from monitor.outputs.logs import session as session_module
from monitor.outputs.logs.session import SessionFolder, slug, unused

START = datetime(2026, 11, 23, 12, 0, 0)


@given(st.text(max_size=80))
def test_no_name_of_a_source_leads_out_of_the_folder(text: str) -> None:
    name = slug(text)
    assert name
    assert not set(name) & set("/\\\0\n")
    assert name not in (".", "..")
    assert (Path("/a") / f"x_{name}").parent == Path("/a")


def test_a_session_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    session = SessionFolder(None, str(tmp_path / "s"), "rtsp://host/../../etc", START)
    assert session.folder.parent == tmp_path / "s"
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first = SessionFolder(str(tmp_path / "s"), "x", "demo", START)
    with pytest.raises(ConfigError, match="another run is writing there"):
        SessionFolder(str(tmp_path / "s"), "x", "demo", START)
    first.release()
    SessionFolder(str(tmp_path / "s"), "x", "demo", START).release()


def test_runs_that_begin_in_the_same_second_have_different_names(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        session = SessionFolder(str(tmp_path / "s"), "x", "demo", START)
        session.write_json("metadata.json", {"session": session.name})
        session.release()
        names.append(session.name)
    assert names == [names[0], f"{names[0]}-2", f"{names[0]}-3"]
    for foreign in ("[damaged", '{"session": {"id": 1}}', "[1]"):
        (tmp_path / "s" / "metadata.json").write_text(foreign)
        SessionFolder(str(tmp_path / "s"), "x", "demo", START).release()


def test_runs_that_begin_in_one_moment_get_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SessionFolder(None, str(tmp_path), "demo", START)
    look, looked = session_module.unused, []

    def a_moment_before_the_other(path: Path) -> Path:
        looked.append(path)
        return path if len(looked) == 1 else look(path)

    monkeypatch.setattr(session_module, "unused", a_moment_before_the_other)
    mine = SessionFolder(None, str(tmp_path), "demo", START)
    assert mine.folder != other.folder
    assert mine.folder.is_dir()


def test_a_read_only_disk_is_not_reported_as_a_wrong_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is started anew after a disk error, never after a wrong setting; the mount point of a stick that is
    not there yet is neither's."""
    for number, kind, of_many in ((errno.EROFS, DiskError, DiskError), (errno.EACCES, ConfigError, DiskError)):
        monkeypatch.setattr(session_module, "refusal", lambda folder, n=number: OSError(n, os.strerror(n)))
        with pytest.raises(kind, match="is not writable"):
            SessionFolder(str(tmp_path / "s"), "x", "demo", START)
        with pytest.raises(of_many):
            SessionFolder(None, str(tmp_path / "root"), "demo", START)
        assert list((tmp_path / "root").iterdir()) == []


def test_numbers_continue_after_the_highest_even_when_older_files_were_deleted(tmp_path: Path) -> None:
    assert unused(tmp_path / "video.mkv").name == "video.mkv"
    for name in ("video.mkv", "video-7.mkv"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "video.mkv").name == "video-8.mkv"
    (tmp_path / "link.mkv").symlink_to(tmp_path / "nowhere.mkv")
    assert unused(tmp_path / "link.mkv").name == "link-2.mkv"
