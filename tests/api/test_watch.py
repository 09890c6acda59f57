"""Watching and analysing a source with the Python API."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_monitor import Monitor, UserError, open_source
from monitor.capture import demo
from monitor.cli import main as cli
from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Frame, Image
from monitor.outputs.logs.column import rows
from monitor.outputs.logs.columns import CLOCK_COLUMNS, INTEGERS, TEXTS, columns
from monitor.run.arrays import Table
from tests.crowd import HAPPY_S
from tests.fakes import ScriptedSource, face, frame, result


def test_watching_a_file_gives_every_frame_in_order_and_ends_open_events(monitor: Monitor, demo_clip: Path) -> None:
    results = list(monitor.watch(demo_clip))
    assert [r.frame.index for r in results] == list(range(100))
    events = [event for r in results for event in r.events]
    assert {e.id for e in events if e.phase == "start"} == {e.id for e in events if e.phase == "end"} != set()
    assert monitor.annotate(results[-1]).shape == results[-1].frame.image.shape


def test_frames_are_read_lazily_and_the_source_is_closed_at_the_end() -> None:
    class Film(ScriptedSource):
        live, reads = False, 0

        def read(self) -> Frame | None:
            self.reads += 1
            return super().read()

    film = Film([frame(n / 25, n) for n in range(9)])
    with Monitor() as monitor:
        results = monitor.watch(film)
        assert film.reads == 0
        next(results)
        assert film.reads == 2, "one is read ahead"
    assert film.closed
    assert list(results) == []
    with pytest.raises(RuntimeError, match="closed"):
        monitor.read(demo.render(HAPPY_S))


def test_a_missing_source_is_reported_when_the_loop_begins(monitor: Monitor) -> None:
    with pytest.raises(SourceError, match=r"^nowhere\.mp4: no such file or folder$"):
        next(monitor.watch("nowhere.mp4"))
    with pytest.raises(UserError):
        open_source("nowhere.mp4")


def test_a_camera_gives_its_newest_frames(monitor: Monitor) -> None:
    class Camera(ScriptedSource):
        """Gives frames without end."""

        number = 0

        def read(self) -> Frame | None:
            self.number += 1
            return frame(self.number / 1000, self.number)

    camera = Camera([])
    results = monitor.watch(camera)
    taken = [r.frame.index for r in itertools.islice(results, 3)]
    results.close()  # type: ignore[attr-defined]
    assert taken == sorted(set(taken))
    assert camera.closed
    with pytest.raises(SourceError, match=r"^scripted: is live and has no end; use Monitor\.watch$"):
        monitor.analyze(Camera([]))


def test_a_driver_is_judged_on_film_and_not_on_photographs(happy: Image, tmp_path: Path, demo_clip: Path) -> None:
    path = tmp_path / "happy.png"
    cv2.imwrite(str(path), happy)
    with Monitor(profile="driver") as monitor:
        assert next(monitor.watch(demo_clip)).driver is not None
        assert monitor.read(path)[0].eyes is None
        with pytest.raises(ConfigError, match="driver mode cannot judge a photograph"):
            next(monitor.watch(path))


def test_the_table_is_the_one_a_run_writes(monitor: Monitor, demo_clip: Path, tmp_path: Path) -> None:
    table = monitor.analyze(demo_clip)
    table.to_csv(tmp_path / "mine.csv")
    assert cli.main(["--headless", "-q", "--source", str(demo_clip), "--out", str(tmp_path / "s")]) == 0
    mine, run = (list(csv.reader(p.open())) for p in (tmp_path / "mine.csv", tmp_path / "s" / "faces.csv"))
    clocks = [run[0].index(name) for name in CLOCK_COLUMNS]
    for ours, theirs in zip(mine, run, strict=True):
        assert [c for n, c in enumerate(ours) if n not in clocks] == [
            c for n, c in enumerate(theirs) if n not in clocks
        ]
    ended = [json.loads(line) for line in (tmp_path / "s" / "events.jsonl").read_text().splitlines()]
    assert [(e.kind, e.phase, e.face) for e in table.events] == [(e["kind"], e["phase"], e["face_id"]) for e in ended]
    assert list(table.columns) == run[0]
    assert len(table) == len(run) - 1
    assert table["face_id"].dtype == np.int64
    assert np.isnan(table["x"][table["success"] == 0]).all()


def test_a_table_of_fewer_frames(monitor: Monitor, demo_clip: Path) -> None:
    assert monitor.analyze(demo_clip, fps=5)["frame"].tolist() == list(range(0, 100, 5))
    with pytest.raises(ValueError, match="fps must be positive, got 0"):
        monitor.analyze(demo_clip, fps=0)


def test_each_column_has_the_declared_type() -> None:
    """A column that is added without its type in ``logs.columns`` would fail on the first clip that fills it."""
    wanted = columns(keypoints=True, driver=True, files=True)
    (row,) = rows(result(0.0, [face()]), "S", 0.0)
    for column in wanted:
        if (value := column.value(row)) is not None:
            assert isinstance(value, str) == (column.name in TEXTS), column.name
    assert {column.name for column in wanted} >= TEXTS | INTEGERS


def test_without_pandas_the_data_frame_gives_one_line(
    monitor: Monitor, demo_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = monitor.analyze(demo_clip, fps=1)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"^Table\.to_pandas needs pandas: pip install pandas$"):
        table.to_pandas()


def test_the_data_frame_has_the_same_columns(monitor: Monitor, demo_clip: Path) -> None:
    pytest.importorskip("pandas", reason="needs pandas, which is not installed")
    table = monitor.analyze(demo_clip, fps=1)
    assert list(table.to_pandas().columns) == list(table.columns)


def test_a_table_with_a_name_that_is_not_utf8_is_written_like_a_run_writes_it(tmp_path: Path) -> None:
    shown = result(0.0)
    shown = replace(shown, frame=replace(shown.frame, file="\udcff.jpg"))
    Table.of([shown], columns(files=True), "s").to_csv(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().splitlines()[1].endswith(",?.jpg")
