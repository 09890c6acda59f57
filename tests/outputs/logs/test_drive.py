"""drive.csv and the driver's columns of faces.csv."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.core.types import EyeReading
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.drive import COUNTED, DRIVE_COLUMNS, FIRST_COUNTED, LATER_COUNTED, DriveSink
from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import DriverConfig, OutputConfig
from tests.fakes import Clock, face, keypoints_at, result


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as handle:
        return list(csv.DictReader(handle))


def test_the_columns_of_a_drive_are_a_promise() -> None:
    assert ",".join(DRIVE_COLUMNS) == (
        "session,minute,timestamp,seconds,attentive,eyes_shut,turned_away,absent,cannot_judge,"
        "calibrated,eyes_mean,blinks_per_min,perclos,yawns,closures,away_events,anger_like_events,"
        "fatigue_mean,fatigue_max,level_max,distractions,head_droops"
    )


def test_every_counted_sign_has_its_column() -> None:
    assert {*FIRST_COUNTED, *LATER_COUNTED} == set(COUNTED)


def test_each_number_stands_under_its_name(tmp_path: Path) -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(99)))
    first, _ = monitor.update(Evidence(1.0, 0.0, 2, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0))
    state = replace(first, eyes=0.61, blinks_per_min=17.5, perclos=0.123, fatigue=44.4, level="early", calibrated=0.75)
    box = (100.0, 110.0, 220.0, 230.0)
    keypoints = keypoints_at(box)
    keypoints = replace(
        keypoints, points=np.arange(34, dtype=np.float32).reshape(17, 2), openness=np.array([0.2, 0.3, 0.44])
    )
    driver = face(
        2, box=box, keypoints=keypoints, pose=(1.5, 2.5, 3.5), eyes=(EyeReading(0.9, 0.8), EyeReading(0.7, 0.6))
    )
    table = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), columns(keypoints=True, driver=True), clock=Clock())
    drive = DriveSink(tmp_path / "drive.csv", "S")
    for sink in (table, drive):
        sink.handle(result(1.0, [driver], driver=state))
        sink.handle(result(1.5, [driver], driver=state))
        sink.close([])
    row = rows_of(tmp_path / "faces.csv")[0]
    wanted = {
        "yaw": "1.5", "pitch": "2.5", "roll": "3.5", "r_eye_out_x": "0.0", "r_eye_out_y": "1.0", "brow_x": "32.0",
        "brow_y": "33.0", "seen": "1", "eye_right": "0.900", "eye_left": "0.700", "eye_right_quality": "0.800",
        "eye_left_quality": "0.600", "mouth": "0.440", "picture": "1", "driver": "1", "eyes": "0.610",
        "blinks_per_min": "17.5", "perclos": "0.123", "fatigue": "44.4", "level": "early", "attention": "attentive",
        "x": "100.0", "y": "110.0", "w": "120.0", "h": "120.0",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    (minute,) = rows_of(tmp_path / "drive.csv")
    wanted = {
        "calibrated": "0.75", "blinks_per_min": "17.5", "perclos": "0.123", "fatigue_mean": "44.4",
        "fatigue_max": "44.4", "level_max": "early", "yawns": "0", "closures": "0",
    }  # fmt: skip
    assert {name: minute[name] for name in wanted} == wanted
    assert float(minute["eyes_mean"]) == 0.61


def test_a_row_per_minute_with_shares_and_events(tmp_path: Path) -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(99)))
    sink = DriveSink(tmp_path / "drive.csv", "S")
    for n in range(1500):  # two and a half minutes; absent for the second one's first half
        t = 50 + n / 10
        away = 600 <= n < 900
        seen = () if away else (1,)
        evidence = (
            Evidence(t, 1.8e9 + t, 1, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0) if seen else Evidence(t, 1.8e9 + t)
        )
        state, events = monitor.update(evidence)
        sink.handle(result(t, events=tuple(events), driver=state))
        if n == 700:
            assert len(rows_of(tmp_path / "drive.csv")) == 1, "a minute is written as soon as it is over"
    sink.close([])
    rows = rows_of(tmp_path / "drive.csv")
    assert [r["minute"] for r in rows] == ["0", "1", "2"]
    assert tuple(rows[0]) == DRIVE_COLUMNS
    assert float(rows[0]["attentive"]) == pytest.approx(1.0, abs=0.01)
    assert float(rows[1]["absent"]) == pytest.approx(0.5, abs=0.02)
    assert rows[1]["away_events"] == "1"
    assert float(rows[2]["seconds"]) == pytest.approx(30, abs=0.2)
    assert rows[0]["level_max"] == "none"


def test_a_camera_that_dies_counts_as_not_judged_to_the_end(tmp_path: Path) -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(99)))
    drive, stats = DriveSink(tmp_path / "drive.csv", "S"), StatsSink()
    for n in range(100):
        t = 50 + n / 10
        state, events = monitor.update(Evidence(t, 1.8e9 + t, 1, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0))
        for sink in (drive, stats):
            sink.handle(result(t, events=tuple(events), driver=state))
    for n in range(200):
        t = 61 + n / 5
        _, events = monitor.update(Evidence(t, 1.8e9 + t, picture=False))
        drive.tell(events)
        stats.tell(events)
    for sink in (drive, stats):
        sink.close(monitor.finish())
    (row,) = rows_of(tmp_path / "drive.csv")
    assert float(row["seconds"]) == pytest.approx(50.8, abs=1.5)
    assert float(row["cannot_judge"]) == pytest.approx(0.8, abs=0.03)
    told = stats.summary(1.0)["driver"]
    assert told["attention"]["cannot judge"] == pytest.approx(0.8, abs=0.03)
    assert told["events"]["cannot_judge"] == 1


def test_minutes_without_pictures_have_rows_of_their_own(tmp_path: Path) -> None:
    """A minute of driving, ten without a camera, one of driving: twelve and a half rows of a minute each."""
    monitor, drive = DriverMonitor(DriverConfig(), iter(range(99))), DriveSink(tmp_path / "drive.csv", "S")

    def pictures(start: float) -> None:
        for n in range(601):
            t = start + n / 10
            state, events = monitor.update(Evidence(t, 1.8e9 + t, 1, True, True, 0.9, 0.0, (0, 0, 0), 0.0, 0.0))
            drive.handle(result(t, events=tuple(events), driver=state))

    pictures(0)
    for n in range(1, 600):
        _, events = monitor.update(Evidence(60 + n, 1.8e9 + 60 + n, picture=False))
        drive.tell(events)
    pictures(690)
    drive.close(monitor.finish())
    rows = rows_of(tmp_path / "drive.csv")
    assert [row["minute"] for row in rows] == [str(n) for n in range(13)]
    assert [float(row["seconds"]) for row in rows] == pytest.approx([60] * 12 + [30], abs=0.2)
    assert [float(row["cannot_judge"]) for row in rows[1:11]] == pytest.approx([1 - 0.1 / 60, *[1.0] * 9], abs=0.001)
    assert float(rows[11]["cannot_judge"]) == pytest.approx(0.5, abs=0.02)
    assert float(rows[12]["attentive"]) == 1.0
    assert rows[5]["timestamp"] == iso_time(1.8e9 + 300)


def test_the_drivers_columns_come_last_and_only_in_driver_mode(tmp_path: Path) -> None:
    monitor = DriverMonitor(DriverConfig(), iter(range(99)))
    state, _ = monitor.update(Evidence(1.0, 0.0, 2, True, True, 0.9, 0.1, (0, 0, 0), 0.1, 0.1))
    box = (100.0, 100.0, 200.0, 200.0)
    eyes = (EyeReading(0.9, 1.0), EyeReading(0.8, 0.5))
    driver = face(2, box=box, keypoints=keypoints_at(box), pose=(1.0, 2.0, 3.0), eyes=eyes)
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), columns(keypoints=True, driver=True), clock=Clock())
    sink.handle(result(1.0, [driver, face(3)], driver=state))
    absent, _ = monitor.update(Evidence(2.0, 0.0, picture=False))
    sink.handle(result(2.0, [], driver=absent))
    sink.close([])
    first, second, third = rows_of(tmp_path / "faces.csv")
    assert tuple(first)[-len(DRIVER_COLUMNS) :] == DRIVER_COLUMNS
    assert (first["driver"], first["eye_right"], first["eye_left_quality"]) == ("1", "0.900", "0.500")
    assert (first["level"], first["attention"], first["picture"]) == ("none", "attentive", "1")
    assert (second["driver"], second["eye_right"], second["level"]) == ("0", "", "")
    assert (third["driver"], third["picture"], third["attention"]) == ("", "0", "cannot judge")
    plain = TableSink(tmp_path / "plain.csv", "S", OutputConfig(), clock=Clock())
    plain.handle(result(1.0, [driver]))
    plain.close([])
    assert "fatigue" not in rows_of(tmp_path / "plain.csv")[0]


@pytest.mark.parametrize(("rows", "expected"), [("every", 30), ("10hz", 10), ("5hz", 5), ("1hz", 1)])
def test_fewer_rows_a_second(tmp_path: Path, rows: str, expected: int) -> None:
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(rows=rows), clock=Clock())
    for n in range(30):
        sink.handle(result(n / 30, [face(1)]))
    sink.close([])
    assert len(rows_of(tmp_path / "faces.csv")) == expected
