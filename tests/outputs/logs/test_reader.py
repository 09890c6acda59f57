"""What was logged is read back, parts in order, damage skipped."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.outputs.logs.reader import parts, read_events, read_rows


def test_parts_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    for name, frame in (("faces-20261123-0002.csv", 2), ("faces-20271123-0001.csv", 1), ("faces.csv", 10)):
        (tmp_path / name).write_text(f"session,frame\nS,{frame}\n")
    (tmp_path / "faces-mine.csv").write_text("session,frame\nS,99\n")
    assert [row["frame"] for row in read_rows(tmp_path)] == ["1", "2", "10"]
    assert parts(tmp_path, "events.jsonl") == []


def test_damaged_lines_are_skipped(tmp_path: Path) -> None:
    table = b"session,frame\nS,1\nS,2,3\n\0\0\0\n\xff,4\n" + b"x" * 300_000 + b"\nS,5\nS,"
    (tmp_path / "faces.csv").write_bytes(table)
    assert [row["frame"] for row in read_rows(tmp_path)] == ["1", "5"]
    (tmp_path / "events.jsonl").write_bytes(b'{"kind":"face","phase":"start"}\n{"kind"\n[1]\n{"a":1}\n{"kind":"fa')
    assert [event["phase"] for event in read_events(tmp_path)] == ["start"]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "faces.csv").write_bytes(b"session,frame\nS,1\n" + content)
    (folder / "events.jsonl").write_bytes(content)
    assert next(read_rows(folder)) == {"session": "S", "frame": "1"}
    assert all("kind" in event for event in read_events(folder))


def test_events_that_make_no_sense_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    (tmp_path / "events.jsonl").write_text('{"kind": "face", "phase": "start"}\nnonsense\n[1]\n{"kind": "face"}\n')
    assert len(list(read_events(tmp_path))) == 1
    assert "3 damaged lines were skipped" in caplog.text
