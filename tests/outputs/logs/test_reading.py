"""A session read back: parts joined, damage counted, numbers as they were written."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.core.types import Event
from monitor.outputs.logs.arrays import INTEGERS, TEXTS
from monitor.outputs.logs.columns import COLUMNS, POINT_COLUMNS, columns
from monitor.outputs.logs.drive import DRIVE_COLUMNS
from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.reading import Session
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import OutputConfig
from tests.fakes import face, result

GOLDEN = Path(__file__).parent / "golden"


def logged(folder: Path) -> Path:
    """A session of 30 frames, rotated after ten and after twenty."""
    table = TableSink(folder / "faces.csv", "S", OutputConfig())
    events = EventSink(folder / "events.jsonl", "S")
    for n in range(30):
        told = (Event("face", "start", n, n / 10, 1.8e9, 1),) if n % 10 == 0 else ()
        made = result(n / 10, [face(1)] if n % 3 else [], index=n, events=told)
        table.handle(made)
        events.handle(made)
        if n in (9, 19):
            table.lines.rotate(folder / f"faces-20261201-{n // 9:04d}.csv")
            events.lines.rotate(folder / f"events-20261201-{n // 9:04d}.jsonl")
    table.close([])
    events.close([])
    (folder / "metadata.json").write_text('{"session": "S"}')
    (folder / "summary.json").write_text('{"frames": 30}')
    return folder


def test_a_session_gives_its_faces_events_metadata_and_summary(tmp_path: Path) -> None:
    session = Session.open(logged(tmp_path))
    assert session.faces["frame"].tolist() == list(range(30))
    assert len(session.faces) == 30
    assert session.faces["success"].tolist() == [int(n % 3 > 0) for n in range(30)]
    assert np.isnan(session.faces["x"][0])
    assert session.faces["emotion"][:2].tolist() == ["", "happy"]
    assert [event["id"] for event in session.events] == [0, 10, 20]
    assert (session.metadata["session"], session.summary["frames"]) == ("S", 30)
    assert len(session.drive) == 0
    assert set(session.damaged.values()) == {0}


def test_any_file_of_a_session_opens_it(tmp_path: Path) -> None:
    assert Session.open(logged(tmp_path) / "faces.csv").folder == tmp_path


@pytest.mark.parametrize("name", ["faces-all.csv", "faces-driver.csv", "faces-plain.csv"])
def test_every_cell_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_bytes((GOLDEN / name).read_bytes())
    table = Session.open(tmp_path).faces
    with (GOLDEN / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(table.columns) == list(rows[0])
    for column, values in table.columns.items():
        cells = [row[column] for row in rows]
        if column in TEXTS:
            assert values.tolist() == cells
        elif column in INTEGERS:
            assert values.tolist() == [int(cell or 0) for cell in cells]
        else:
            np.testing.assert_array_equal(values, [float(cell or "nan") for cell in cells])


def test_a_drive_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "drive.csv").write_bytes((GOLDEN / "drive.csv").read_bytes())
    drive = Session.open(tmp_path).drive
    assert tuple(drive.columns) == DRIVE_COLUMNS
    assert drive["minute"].tolist() == [0, 1, 2, 3]
    assert drive["yawns"].dtype == np.int64
    assert drive["level_max"].tolist() == ["drowsy", "danger", "danger", "drowsy"]


def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    good = "S,{},2026-12-01T00:00:00.000+00:00,0.1,1,1,1.0,1.0,1.0,1.0,0.5,happy,0.9" + ",0.1" * 7 + ",sad,5"
    good += "," * (len(COLUMNS) - 22) + "\n"
    assert good.count(",") == len(COLUMNS) - 1
    bad = good.format(2).replace("0.9", "0.q")
    content = ",".join(COLUMNS) + "\n" + good.format(1) + bad + "S,3\n" + good.format(4) + "\0\0\0\n" + good.format(5)
    (tmp_path / "faces.csv").write_bytes(content.encode() + b"\xff\n" + good.format(6).encode() + b"S,7,2026")
    session = Session.open(tmp_path)
    assert session.faces["frame"].tolist() == [1, 4, 5, 6]
    assert session.damaged["faces.csv"] == 5
    (tmp_path / "events.jsonl").write_text('{"kind": "face", "phase": "start"}\nnonsense\n{"ki')
    assert len(session.events) == 1
    assert session.damaged["events.jsonl"] == 2
    (tmp_path / "summary.json").write_text("{")
    assert session.summary == {}
    assert session.damaged["summary.json"] == 1


def test_numbers_beyond_all_measure_are_damage(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text(f"session,frame\nS,1\nS,{10**30}\nS,1.5\nS,1e400\nS,2\n")
    session = Session.open(tmp_path)
    assert session.faces["frame"].tolist() == [1, 2]
    assert session.damaged["faces.csv"] == 3


def test_long_names_of_pictures_are_kept_whole(tmp_path: Path) -> None:
    name = "x" * 300 + ', "y".jpg'
    table = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), columns(files=True))
    table.handle(result(0.0, [face(1)]))
    made = result(1.0, [face(1)])
    table.handle(replace(made, frame=replace(made.frame, file=name)))
    table.close([])
    assert Session.open(tmp_path).faces["file"].tolist() == ["", name]


def test_a_column_that_came_later_is_empty_in_earlier_parts(tmp_path: Path) -> None:
    (tmp_path / "faces-20261201-0001.csv").write_text("session,frame\nS,1\n")
    (tmp_path / "faces.csv").write_text("session,frame,yaw,level,from_the_future\nS,2,1.5,early,x\n")
    faces = Session.open(tmp_path).faces
    assert math.isnan(faces["yaw"][0])
    assert faces["yaw"][1] == 1.5
    assert faces["level"].tolist() == ["", "early"]
    assert faces["from_the_future"].tolist() == ["", "x"]


@given(st.binary(max_size=400))
def test_no_bytes_make_it_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "faces.csv").write_bytes(b"session,frame\nS,1\n" + content)
    (folder / "events.jsonl").write_bytes(content)
    (folder / "summary.json").write_bytes(content)
    session = Session.open(folder)
    assert session.faces["frame"][0] == 1
    assert all("kind" in event for event in session.events)
    assert isinstance(session.summary, dict)


def test_folders_without_a_session_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        Session.open(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="is not a session folder"):
        Session.open(tmp_path)


def test_every_column_has_one_type() -> None:
    names = {*COLUMNS, *DRIVER_COLUMNS, *POINT_COLUMNS, *DRIVE_COLUMNS, "file"}
    assert names >= INTEGERS | TEXTS
    assert not INTEGERS & TEXTS


def test_a_table_becomes_a_data_frame_where_pandas_is_installed(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = Session.open(logged(tmp_path)).faces.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 30
    json.dumps(frame["frame"].tolist())
