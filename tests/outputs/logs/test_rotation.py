"""New log files every day, at a size and on request; no row is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.outputs.logs.nights import Night, parts


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(tmp_path / "sessions", monkeypatch)


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


def test_the_table_of_a_file_is_not_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_rotating_while_the_folder_is_missing_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = Night(tmp_path, monkeypatch)
    night.film(3)
    shutil.rmtree(night.session.folder)
    night.rotate.set()
    night.film(10)
    assert night.session.folder.is_dir()
    assert night.rows()
