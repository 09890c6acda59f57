"""A log that loses nothing: full disks, power cuts, folders that go away."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.outputs.logs import linelog
from monitor.outputs.logs.linelog import LineLog, mend

HEADER = "a,b\n"


class Disk:
    """Stands in for ``os.write``: takes only so many bytes in all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room, self._write = room, os.write
        monkeypatch.setattr("os.write", self)

    def __call__(self, fd: int, data: bytes) -> int:
        if self.room <= 0:
            raise OSError(28, "No space left on device")
        taken = self._write(fd, bytes(data[: self.room]))
        self.room -= taken
        return taken


def test_three_headers_in_turn_lose_no_row(tmp_path: Path) -> None:
    for number, header in enumerate(("a,b\n", "a,b,c\n", "a,b\n")):
        lines = LineLog(tmp_path / "faces.csv", header)
        lines.write(f"{number},x\n")
        assert lines.close()
    kept = "".join(path.read_text() for path in sorted(tmp_path.iterdir()))
    assert all(f"{n},x\n" in kept for n in range(3))
    assert len(list(tmp_path.iterdir())) == 3


def test_lines_reach_the_file_with_a_flush_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    log = LineLog(tmp_path / "x.csv", HEADER)
    log.write("1,2\n")
    assert (tmp_path / "x.csv").read_text() == HEADER
    assert log.flush()
    assert (tmp_path / "x.csv").read_text() == HEADER + "1,2\n"
    assert stat.S_IMODE((tmp_path / "x.csv").stat().st_mode) == 0o600
    assert log.size == len(HEADER) + 4


def test_lines_of_a_full_disk_are_written_once_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LineLog(tmp_path / "x.csv", HEADER)
    disk = Disk(monkeypatch, room=10)  # two lines and a half
    for n in range(100):
        log.write(f"{n:03}\n")
        log.flush()
    assert "No space" in log.error
    disk.room = 10_000
    assert log.flush()
    assert log.close()
    assert (tmp_path / "x.csv").read_text() == HEADER + "".join(f"{n:03}\n" for n in range(100))
    assert log.lost == 0


def test_lines_that_find_no_room_for_long_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linelog, "MOST_PENDING", 100)
    log = LineLog(tmp_path / "x.csv", HEADER)
    disk = Disk(monkeypatch, room=0)
    for n in range(1000):
        log.write(f"{n:03}\n")
        log.flush()
    disk.room = 10_000
    log.write("end\n")
    log.close()
    kept = (tmp_path / "x.csv").read_text().splitlines()[1:]
    assert kept[:3] == ["000", "001", "002"]
    assert len(kept) <= 26
    assert log.lost == 1001 - len(kept)


def test_a_deleted_file_is_noticed_and_begun_again_without_half_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LineLog(tmp_path / "x.csv", HEADER)
    assert not log.moved()
    disk = Disk(monkeypatch, room=6)
    log.write("one\ntwo\nthree\n")
    log.flush()  # "one\ntw"
    (tmp_path / "x.csv").unlink()
    assert log.moved()
    disk.room = 1000
    log.reopen()
    assert (tmp_path / "x.csv").read_text() == HEADER + "three\n"
    assert log.lost == 1


def test_one_that_could_not_be_begun_for_want_of_room_was_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LineLog(tmp_path / "x.csv", HEADER)
    log.write("one\n")
    disk = Disk(monkeypatch, room=5)  # the line, but no new header
    log.rotate(tmp_path / "x-1.csv")
    assert log.error
    assert not log.moved()
    disk.room = 1000
    log.write("two\n")
    assert log.flush()
    assert not log.moved()
    assert (tmp_path / "x-1.csv").read_text() == HEADER + "one\n"
    assert (tmp_path / "x.csv").read_text() == HEADER + "two\n"


def test_rotated_a_part_is_whole_and_the_next_begins_with_the_header(tmp_path: Path) -> None:
    log = LineLog(tmp_path / "x.csv", HEADER)
    log.write("1\n")
    log.rotate(tmp_path / "x-1.csv")
    log.write("2\n")
    log.close()
    assert (tmp_path / "x-1.csv").read_text() == HEADER + "1\n"
    assert (tmp_path / "x.csv").read_text() == HEADER + "2\n"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (b"a,b\n1,2\n", b"a,b\n1,2\n"),
        (b"a,b\n1,2\n3,", b"a,b\n1,2\n"),
        (b"a,b\n1,2\n3,4" + b"\0" * 5000, b"a,b\n1,2\n"),
        (b"a,b\n1,2\n\0\0\0\0\n", b"a,b\n1,2\n"),
        (b"a,", b"a,b\n"),
        (b"", b"a,b\n"),
        (b"\0" * 100, b"a,b\n"),
    ],
)
def test_a_torn_last_line_is_repaired(tmp_path: Path, found: bytes, kept: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(found)
    LineLog(path, HEADER).close()
    assert path.read_bytes() == kept


@pytest.mark.parametrize("foreign", [b"c,d\n1,2\n", b"no table at all", b"\x89PNG\r\n"])
def test_a_foreign_file_is_kept_under_another_name(tmp_path: Path, foreign: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(foreign)
    (tmp_path / "x.jsonl").write_bytes(foreign)
    LineLog(tmp_path / "x.csv", HEADER).close()
    LineLog(tmp_path / "x.jsonl").close()
    assert (tmp_path / "x.csv.old").read_bytes() == foreign
    assert (tmp_path / "x.jsonl.old").read_bytes() == foreign


def test_a_log_that_cannot_be_created_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        LineLog(tmp_path / "nowhere" / "x.csv", HEADER)


def test_a_pipe_without_a_reader_is_reported_and_one_with_a_reader_gets_every_line(tmp_path: Path) -> None:
    pipe = tmp_path / "faces.csv"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="is a pipe without a reader; start the reader first"):
        LineLog(pipe, HEADER)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        log = LineLog(pipe, HEADER)
        log.write("1,2\n")
        log.close()
        assert os.read(reader, 1000).decode() == HEADER + "1,2\n"
        log = LineLog(pipe, HEADER)
        log.write("1,2\n")
        log.rotate(tmp_path / "faces-1.csv")  # each midnight
        log.write("3,4\n")
        log.close()
        assert os.read(reader, 1000).decode().endswith("1,2\n3,4\n")
        assert pipe.is_fifo()
        assert not (tmp_path / "faces-1.csv").exists()
    finally:
        os.close(reader)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\0"), max_size=20), max_size=30), st.data())
def test_cut_anywhere_all_whole_lines_stay(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("cut") / "x"
    path.write_bytes(content[:cut])
    mend(path)
    assert path.read_bytes() == content[: content.rfind(b"\n", 0, cut) + 1]
