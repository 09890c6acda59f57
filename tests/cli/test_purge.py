"""Nothing is deleted unasked, nothing of others ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.outputs.logs import retention


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    for name, days in (("20260101T000000_demo", 40), ("20260201T000000_demo", 3), ("mine", 99)):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("metadata.json", "faces.csv"):
            (folder / file).write_text("x" * 1000)
            os.utime(folder / file, (time.time() - days * 86_400,) * 2)
    return tmp_path


def purge(sessions: Path, *flags: str) -> int:
    return cli.main(["purge", "--set", f"output.dir={sessions}", *flags])


def left(sessions: Path) -> list[str]:
    return sorted(path.name for path in sessions.iterdir())


def test_shown_first_and_deleted_only_with_yes(sessions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(sessions, "--days", "30") == 0
    out = capsys.readouterr().out
    assert "20260101T000000_demo" in out
    assert "add --yes" in " ".join(out.split())
    assert len(left(sessions)) == 3
    assert purge(sessions, "--days", "30", "--yes") == 0
    assert left(sessions) == ["20260201T000000_demo", "mine"]


def test_a_folder_may_be_called_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "a[b]" / "c[" / "d]:key:"
    root.mkdir(parents=True)
    assert cli.main(["purge", "--set", f"output.dir='{root}'", "--days", "1"]) == 0
    assert str(root) in capsys.readouterr().out.replace("\n", "")


def test_all_means_all_of_ours(sessions: Path) -> None:
    assert purge(sessions, "--all", "--yes") == 0
    assert left(sessions) == ["mine"]


@pytest.mark.parametrize("limit", ["--days=3", "--max-mb=1"])
def test_all_and_some_is_a_contradiction(sessions: Path, limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(sessions, "--all", limit, "--yes") == 2
    assert "--all already covers --days and --max-mb" in capsys.readouterr().err
    assert len(left(sessions)) == 3


def test_settings_decide_where_no_flag_does(sessions: Path) -> None:
    assert purge(sessions, "--set", "output.max_mb=0.003", "--yes") == 0
    assert left(sessions) == ["20260201T000000_demo", "mine"]


def test_without_any_limit_it_asks_for_one(sessions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert purge(sessions, "--yes") == 2
    assert "give --days, --max-mb or --all" in capsys.readouterr().err
    assert len(left(sessions)) == 3


def test_what_cannot_be_deleted_is_not_counted_as_gone(
    sessions: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (sessions / "20260101T000000_demo" / "faces.csv").write_text("x" * 300_000)
    deleted = retention.delete
    monkeypatch.setattr(retention, "delete", lambda one, root: "0101" not in one.path.name and deleted(one, root))
    assert purge(sessions, "--all", "--yes") == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "1 session deleted from" in told
    assert "0.0 MB" in told.split("deleted from")[1]


@pytest.mark.parametrize("there", [False, True])
def test_a_missing_folder_is_not_reported_as_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: bool
) -> None:
    if there:
        (tmp_path / "sessions").write_text("a file")
    assert purge(tmp_path / "sessions", "--all", "--yes") == 2
    assert f"purge: output.dir {tmp_path / 'sessions'}: " in capsys.readouterr().err
