"""The session's folder: private, unique, never outside the place it belongs to."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.outputs.session import Session, slug, unused

START = datetime(2026, 11, 23, 12, 0, 0)


@given(st.text(max_size=80))
def test_no_name_of_a_source_leads_out_of_the_folder(text: str) -> None:
    name = slug(text)
    assert name
    assert not set(name) & set("/\\\0\n")
    assert name not in (".", "..")
    assert (Path("/a") / f"x_{name}").parent == Path("/a")


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    session = Session(None, str(tmp_path / "s"), "rtsp://host/../../etc", START)
    assert session.folder.parent == tmp_path / "s"
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first = Session(str(tmp_path / "s"), "x", "demo", START)
    with pytest.raises(ConfigError, match="another run is writing there"):
        Session(str(tmp_path / "s"), "x", "demo", START)
    first.release()
    Session(str(tmp_path / "s"), "x", "demo", START).release()


def test_numbers_go_on_after_the_highest_even_when_older_files_were_deleted(tmp_path: Path) -> None:
    assert unused(tmp_path / "video.mkv").name == "video.mkv"
    for name in ("video.mkv", "video-7.mkv"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "video.mkv").name == "video-8.mkv"
