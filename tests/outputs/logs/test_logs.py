"""faces.csv, events.jsonl and the totals: whole lines, nothing lost, the same schema for ever."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.types import Event
from monitor.outputs.logs.columns import COLUMNS, POINT_COLUMNS
from monitor.outputs.logs.drivercolumns import DRIVER_COLUMNS
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.isotime import iso_time
from monitor.outputs.logs.stats import MOST_FACES, Histogram, StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import OutputConfig
from tests.fakes import Clock, face, result


def test_the_first_columns_are_a_promise() -> None:
    assert ",".join(COLUMNS) == (
        "session,frame,timestamp,video_time,face_id,success,x,y,w,h,quality,emotion,confidence,"
        "angry,disgust,fear,happy,sad,surprise,neutral,raw_emotion,latency_ms,yaw,pitch,roll,covered,still"
    )
    assert ",".join(DRIVER_COLUMNS) == (
        "seen,eye_right,eye_left,eye_right_quality,eye_left_quality,mouth,picture,driver,"
        "eyes,blinks_per_min,perclos,fatigue,level,attention"
    )
    assert ",".join(POINT_COLUMNS) == (
        "r_eye_out_x,r_eye_out_y,r_eye_in_x,r_eye_in_y,r_eye_top_x,r_eye_top_y,r_eye_bot_x,r_eye_bot_y,"
        "l_eye_in_x,l_eye_in_y,l_eye_out_x,l_eye_out_y,l_eye_top_x,l_eye_top_y,l_eye_bot_x,l_eye_bot_y,"
        "r_iris_x,r_iris_y,l_iris_x,l_iris_y,nose_x,nose_y,mouth_r_x,mouth_r_y,mouth_l_x,mouth_l_y,"
        "lip_top_x,lip_top_y,lip_bot_x,lip_bot_y,chin_x,chin_y,brow_x,brow_y"
    )


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as handle:
        return list(csv.DictReader(handle))


def test_a_row_per_face_and_one_for_a_frame_without_faces(tmp_path: Path) -> None:
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), clock=Clock())
    sink.handle(result(5.0, [face(1), face(2, "unknown")]))
    sink.handle(result(5.1, []))
    sink.handle(result(5.2, [face(3, known=False, raw=None, label="unknown")]))
    sink.close([])
    rows = read(tmp_path / "faces.csv")
    assert [(r["success"], r["face_id"], r["emotion"]) for r in rows] == [
        ("1", "1", "happy"), ("1", "2", "unknown"), ("0", "", ""), ("1", "3", "unknown"),
    ]  # fmt: skip
    assert rows[0]["happy"] == "0.9000"
    assert rows[0]["video_time"] == "0.000"
    assert rows[0]["timestamp"][10] == "T"
    assert rows[0]["timestamp"][-6] in "+-"
    assert rows[3]["happy"] == rows[3]["confidence"] == rows[3]["raw_emotion"] == ""


def test_rows_can_be_read_while_it_grows(tmp_path: Path) -> None:
    clock = Clock()
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), clock=clock)
    sink.handle(result(0.0, [face(1)]))
    clock.advance(1.1)
    sink.handle(result(0.1, [face(1)]))
    assert len(read(tmp_path / "faces.csv")) == 2
    sink.close([])


def test_a_torn_last_line_is_cut_and_the_table_continued(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_text(",".join(COLUMNS) + "\nS,0,2026")
    sink = TableSink(path, "T", OutputConfig(), clock=Clock())
    sink.handle(result(0.0, [face(1)]))
    sink.close([])
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("T,0,")


def test_a_table_of_another_program_is_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    path.write_text("a,b\n1,2\n")
    TableSink(path, "T", OutputConfig(), clock=Clock()).close([])
    assert (tmp_path / "faces.csv.old").read_text() == "a,b\n1,2\n"


def test_rows_once_a_second_even_when_frames_are_rare(tmp_path: Path) -> None:
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(rows="1hz"), clock=Clock())
    for t in (0.0, 0.4, 0.99, 1.0, 1.5, 4.2, 4.9):
        sink.handle(result(t, [face(1)]))
    sink.close([])
    assert [r["video_time"] for r in read(tmp_path / "faces.csv")] == ["0.000", "1.000", "4.200"]


def test_events_reach_the_file_at_once(tmp_path: Path) -> None:
    sink = EventSink(tmp_path / "events.jsonl", "S")
    start = Event("emotion", "start", 1, 5.5, 100.0, 2, data={"label": "sad"})
    sink.handle(result(5.0))
    sink.handle(result(5.5, events=(start,)))
    (line,) = [json.loads(text) for text in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert (line["kind"], line["phase"], line["label"], line["video_time"], line["face_id"]) == (
        "emotion", "start", "sad", 0.5, 2,
    )  # fmt: skip
    sink.close([Event("emotion", "end", 1, 6.0, 100.5, 2)])
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("hz", [5, 30])
def test_seconds_per_expression_do_not_depend_on_the_rate(hz: int) -> None:
    stats = StatsSink()
    for n in range(10 * hz + 1):
        stats.handle(result(n / hz, [face(1, "happy" if n < 4 * hz else "sad")]))
    seconds = stats.faces[1].seconds
    assert seconds["happy"] == pytest.approx(4, abs=0.25)
    assert seconds["sad"] == pytest.approx(6, abs=0.25)
    assert stats.summary(10.0)["faces"]["1"]["share"]["sad"] == pytest.approx(0.6, abs=0.03)


def test_a_stalled_camera_is_not_credited() -> None:
    stats = StatsSink()
    for t in (0.0, 0.1, 50.0, 50.1):
        stats.handle(result(t, [face(1)]))
    assert stats.faces[1].seconds["happy"] == pytest.approx(0.2)


def test_a_year_at_a_door_is_summed_up_in_bounded_memory() -> None:
    stats = StatsSink()
    for n in range(5000):
        for t in (n, n + 0.5):
            stats.handle(result(t, [face(n + 1)]))
    assert len(stats.faces) == MOST_FACES
    summary = stats.summary(1.0)
    assert summary["earlier_faces"] == {"count": 5000 - MOST_FACES, "seconds": {"happy": (5000 - MOST_FACES) / 2}}


def test_a_person_who_stays_is_counted_once() -> None:
    stats = StatsSink()
    for n in range(MOST_FACES + 200):
        stats.handle(result(n / 10, [face(1), face(n + 2)]))
    for n in range(MOST_FACES + 200, MOST_FACES + 300):
        stats.handle(result(n / 10, [face(1)]))
    assert stats.faces[1].frames == MOST_FACES + 300
    assert stats.faces[1].seconds["happy"] == pytest.approx((MOST_FACES + 299) / 10)
    assert stats.earlier == 201


def test_an_empty_session_has_a_summary() -> None:
    summary = StatsSink().summary(0.0)
    assert summary["frames"] == 0
    assert summary["fps"] == 0.0


@given(st.lists(st.floats(0.02, 1e5), min_size=1, max_size=200), st.floats(0.01, 1))
def test_percentiles_are_within_one_percent(values: list[float], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    assert histogram.percentile(share) == pytest.approx(exact, rel=0.0102)


@given(st.floats(0, 4_000_000_000))
def test_wall_times_agree_with_datetime(wall: float) -> None:
    expected = datetime.fromtimestamp(wall).astimezone()
    said = datetime.fromisoformat(iso_time(wall))
    assert said.utcoffset() == expected.utcoffset()
    assert abs((said - expected).total_seconds()) <= 0.001
    assert len(iso_time(wall)) == len("2026-11-23T12:00:00.000+00:00")


def test_when_a_face_was_last_seen_counts_from_the_first_frame_too(tmp_path: Path) -> None:
    sink = EventSink(tmp_path / "events.jsonl", "S")
    sink.handle(result(55_000.0))
    sink.tell([Event("face", "end", 3, 55_004.5, 0.0, 1, data={"duration_s": 2.0, "last_seen_t": 55_004.0})])
    sink.close([])
    told = json.loads((tmp_path / "events.jsonl").read_text())
    assert (told["video_time"], told["last_seen_t"]) == (4.5, 4.0)


def test_events_of_photographs_name_the_picture_in_which_they_started(tmp_path: Path) -> None:
    sink = EventSink(tmp_path / "events.jsonl", "S")

    def event(number: int, phase: str) -> Event:
        return Event("face", phase, number, 0.0, 0.0, number)

    story = (("a.jpg", (event(1, "start"),)), ("b/b.jpg", (event(1, "end"), event(2, "start"))), ("c.jpg", ()))
    for n, (name, events) in enumerate(story):
        made = result(float(n), events=events)
        sink.handle(replace(made, frame=replace(made.frame, file=name)))
    sink.close([event(2, "end"), event(3, "end")])
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(line["phase"], line.get("file")) for line in lines] == [
        ("start", "a.jpg"), ("end", "a.jpg"), ("start", "b/b.jpg"), ("end", "b/b.jpg"), ("end", None),
    ]  # fmt: skip
