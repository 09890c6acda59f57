"""A file is there whole or as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.system.wholefile import replace_text, whole


def test_a_new_text_takes_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("ä", "b"):
        replace_text(path, text, mode=0o644)
        assert path.read_text(encoding="utf-8") == text
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    replace_text(path, "old")

    def full(part: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        replace_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_could_not_be_written_whole_leaves_the_old_one_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_text("old")

    def killed() -> None:
        with whole(path) as part:
            part.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with whole(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
