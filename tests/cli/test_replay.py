"""Replay and score: a logged drive judged again, and held against labels."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import intervals, logged, replay, score
from monitor.cli.intervals import Interval
from monitor.cli.main import main
from monitor.core.errors import ConfigError
from monitor.core.types import Event, EyeReading, Face, Image, Keypoints
from monitor.driver.judge import Driver
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import Config, DriverConfig, OutputConfig
from tests.fakes import Clock, face, frame, keypoints_at, result

BOX = (100.0, 100.0, 200.0, 200.0)


class Eyes:
    """Eyes that are shut from one time to another."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end, self.now = start, end, 0.0

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        reading = EyeReading(0.02 if self.start <= self.now < self.end else 0.95, 1.0)
        return reading, reading


def drive(path: Path, seconds: float = 100.0) -> list[Event]:
    """Logs a drive with one sleep from 80 to 84 s; returns the events of the day."""
    eyes = Eyes(80, 84)
    driver = Driver(Config(driver=DriverConfig(enabled=True)), eyes, iter(range(99)))
    sink = TableSink(path, "S", OutputConfig(), driver=True, clock=Clock())
    events: list[Event] = []
    for n in range(int(seconds * 10)):
        eyes.now = t = n / 10
        keypoints = keypoints_at(BOX)
        seen: tuple[Face, ...] = (face(1, "neutral", BOX, keypoints=keypoints, pose=(1.0, 2.0, 0.0)),)
        if 40 <= t < 48:
            seen = ()
        faces, state, more = driver.step(frame(t, n), seen)
        events += more
        sink.handle(result(t, faces, index=n, driver=state))
    sink.close([])
    return events + driver.finish()


def told(events: list[Event]) -> list[tuple[str, str, int, float]]:
    return [(e.kind, e.phase, e.level, round(e.t, 2)) for e in events if e.kind not in ("face", "emotion")]


def test_the_same_thresholds_give_the_same_events_as_on_the_day(tmp_path: Path) -> None:
    events = drive(tmp_path / "faces.csv")
    again = replay.judge(tmp_path / "faces.csv", Config(), logged.Log())
    assert told(again.events) == told(events)
    assert {"eyes_closed", "away", "fatigue"} <= {e.kind for e in again.events}
    assert (round(again.seconds, 1), round(again.spacing, 3), list(again.sessions)) == (99.9, 0.1, ["S"])


@pytest.mark.slow
def test_a_passenger_who_was_there_first_gives_up_the_seat_as_on_the_day(tmp_path: Path) -> None:
    large, small = (100.0, 100.0, 200.0, 200.0), (400.0, 100.0, 440.0, 140.0)
    eyes = Eyes(80, 84)
    driver = Driver(Config(driver=DriverConfig(enabled=True)), eyes, iter(range(99)))
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), driver=True, clock=Clock())
    events: list[Event] = []
    for n in range(900):
        eyes.now = t = n / 10
        seen = [face(1, "neutral", small, keypoints=keypoints_at(small), pose=(1.0, 2.0, 0.0))]
        if t >= 2:
            seen.append(face(2, "neutral", large, keypoints=keypoints_at(large), pose=(1.0, 2.0, 0.0)))
        faces, state, more = driver.step(frame(t, n), tuple(seen))
        events += more
        sink.handle(result(t, faces, index=n, driver=state))
    sink.close([])
    events += driver.finish()
    asleep = [e for e in events if e.kind == "eyes_closed"]
    assert asleep
    assert {e.face for e in asleep} == {2}
    again = replay.judge(tmp_path / "faces.csv", Config(), logged.Log())
    assert told(again.events) == told(events)
    assert [e.face for e in again.events] == [e.face for e in events]


def test_sessions_of_one_table_are_judged_each_by_itself(tmp_path: Path) -> None:
    events = drive(tmp_path / "faces.csv")
    text = (tmp_path / "faces.csv").read_text()
    head, _, rows = text.partition("\n")
    (tmp_path / "two.csv").write_text(head + "\n" + rows + rows.replace("S,", "T,"))
    twice = replay.judge(tmp_path / "two.csv", Config(), logged.Log())
    assert told(twice.events) == told(events) * 2
    assert (round(twice.seconds, 1), list(twice.sessions)) == (199.8, ["S", "T"])
    assert told(twice.sessions["S"]) == told(twice.sessions["T"]) == told(events)


def test_rows_too_far_apart_are_said_to_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    drive(tmp_path / "faces.csv")
    lines = (tmp_path / "faces.csv").read_text().splitlines()
    (tmp_path / "thin.csv").write_text("\n".join([lines[0], *lines[1::10]]) + "\n")
    assert main(["replay", str(tmp_path / "thin.csv"), "-q"]) == 0
    logging.getLogger("monitor").propagate = True
    assert replay.judge(tmp_path / "thin.csv", Config(), logged.Log()).spacing == pytest.approx(1.0)


@pytest.mark.parametrize("column", ["eye_right", "yaw", "angry", "mouth", "x", "quality", "video_time"])
@pytest.mark.parametrize("cell", ["nan", "inf", "1e999", "x"])
def test_numbers_that_are_none_cost_their_row_only(tmp_path: Path, column: str, cell: str) -> None:
    drive(tmp_path / "faces.csv", 3)
    lines = (tmp_path / "faces.csv").read_text().splitlines()
    cells = lines[5].split(",")
    cells[lines[0].split(",").index(column)] = cell
    (tmp_path / "faces.csv").write_text("\n".join([*lines[:5], ",".join(cells), *lines[6:]]) + "\n")
    counted = logged.Log()
    replay.judge(tmp_path / "faces.csv", Config(), counted)
    assert (counted.rows, counted.skipped) == (29, 1)


def test_other_thresholds_give_other_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drive(tmp_path / "faces.csv")
    out = tmp_path / "events.jsonl"
    code = main(["replay", str(tmp_path / "faces.csv"), "--events", str(out), "--set", "driver.sleep_s=5"])
    assert code == 0
    closed = [e for e in map(json.loads, out.read_text().splitlines()) if e["kind"] == "eyes_closed"]
    assert closed[-1]["peak_level"] == 2
    assert "eyes_closed" in capsys.readouterr().out


def test_torn_and_foreign_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    drive(path, 20)
    text = path.read_text()
    path.write_text(text[: len(text) // 2] + "\nrubbish\x00\n" + "x" * 50_000 + "\n" + text[len(text) // 2 : -9])
    counted = logged.Log()
    replay.judge(path, Config(), counted)
    assert counted.skipped >= 3
    assert counted.rows >= 190


def test_events_are_never_written_over_others(tmp_path: Path) -> None:
    drive(tmp_path / "faces.csv")
    log = tmp_path / "events.jsonl"
    replay.command(str(tmp_path / "faces.csv"), str(log), Config())
    before = log.read_text()
    assert before
    with pytest.raises(ConfigError, match="exists already"):
        replay.command(str(tmp_path / "faces.csv"), str(log), Config())
    assert log.read_text() == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "No such file"), ("", "is no faces.csv of driver mode"), ("a,b\n1,2\n", "is no faces.csv of driver mode")],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, content: str | None, expected: str) -> None:
    path = tmp_path / "faces.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=expected):
        replay.judge(path, Config(), logged.Log())


EVENTS = "\n".join(
    json.dumps({"session": "A", "id": 1, "kind": "yawn", "video_time": t, "phase": phase})
    for t, phase in ((3, "start"), (18, "end"))
)


def test_a_score_counts_found_labels_and_false_alarms() -> None:
    labels = [Interval(10, 14, "eyes_closed"), Interval(100, 102, "eyes_closed")]
    events = [Interval(10.5, 14, "eyes_closed"), Interval(50, 52, "eyes_closed")]
    got = score.score(events, [12.0, 51.5], labels, 0.5)
    assert (got.recall, got.precision, got.false_per_hour) == (0.5, 0.5, 2.0)
    assert got.delays == (2.0,)


def test_held_expressions_are_scored_by_their_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"session": "A", "id": 1, "kind": "emotion", "label": "happy", "video_time": 3.0, "phase": "start"},
        {
            "session": "A",
            "id": 1,
            "kind": "emotion",
            "label": "happy",
            "video_time": 9,
            "phase": "end",
            "duration_s": 6,
        },
    ]
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\nx.mp4,2.5,8,happy\n")
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv")]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("happy"))
    assert line.split()[1:5] == ["1", "1", "100%", "1"]
    assert line.split()[-2:] == ["0.5", "s"]


def test_a_session_is_scored_from_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drive(tmp_path / "faces.csv")
    main(["replay", str(tmp_path / "faces.csv"), "--events", str(tmp_path / "e.jsonl")])
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\nx.mp4,80,84,eyes_closed\ny.mp4,1,2,yawn\n")
    capsys.readouterr()
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv"), "--file", "x.mp4"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "eyes_closed" in line)
    assert line.split()[1:5] == ["1", "1", "100%", "1"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("a,b\n1,2\n", "must have the columns"),
        ("file,start_s,end_s,what\nx,1,nan,yawn\n", ":2: start_s and end_s"),
        ("file,start_s,end_s,what\nx,5,2,yawn\n", ":2: start_s and end_s"),
        ("file,start_s,end_s,what\nx,1,2,yawn\ny,1,2,yawn\n", "name one with --file"),
    ],
)
def test_wrong_labels_are_one_line(tmp_path: Path, labels: str, expected: str) -> None:
    (tmp_path / "l.csv").write_text(labels)
    with pytest.raises(ConfigError, match=expected):
        intervals.read_labels(tmp_path / "l.csv", None)


@pytest.mark.slow
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_as_events(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("e") / "events.jsonl"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        assert intervals.read_events(path) == ({}, 0.0)
    except ConfigError as error:
        assert "holds no events" in error.lines[0]  # noqa: PT017 - either answer is right


def test_a_drive_in_which_nothing_happened_can_be_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "e.jsonl").write_text("")
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\nx.mp4,80,84,eyes_closed\n")
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv")]) == 2
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv"), "--hours", "1"]) == 0
    assert "0%" in capsys.readouterr().out


def test_events_of_a_labelled_kind_are_false_alarms_where_the_label_table_has_no_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\nx.mp4,80,84,yawn\n")
    (tmp_path / "e.jsonl").write_text(EVENTS)
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv"), "--file", "awake.avi"]) == 0
    out, err = capsys.readouterr()
    line = next(line for line in out.splitlines() if "yawn" in line)
    assert line.split() == ["yawn", "0", "0", "-", "1", "0%", "200.0", "-"]
    assert "l.csv: labels nothing in --file awake.avi; it labels x.mp4" in err


def test_events_of_a_kind_that_nobody_labelled_are_counted_but_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l.csv").write_text("file,start_s,end_s,what\nx.mp4,80,84,eyes_closed\nx.mp4,1,2,phone\n")
    (tmp_path / "e.jsonl").write_text(EVENTS)
    assert main(["score", str(tmp_path / "e.jsonl"), str(tmp_path / "l.csv"), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)["kinds"]
    assert [row["event"] for row in found] == ["eyes_closed", "yawn"]  # a kind without events is not 0 % recall
    assert "phone is not a kind of event and is left out" in err
    assert (found[0]["recall"], found[0]["false_per_hour"]) == (0, 0)
    assert (found[1]["events"], found[1]["precision"], found[1]["false_per_hour"]) == (1, None, None)


@pytest.mark.parametrize(("hours", "told"), [(2.0, "2.00 hours"), (0.5, "30.0 minutes"), (0.005, "18.0 seconds")])
def test_a_drive_is_as_long_as_it_was(hours: float, told: str) -> None:
    assert score._length(hours) == told


def test_two_sessions_are_not_passed_over(tmp_path: Path) -> None:
    rows = [{"session": s, "id": 1, "kind": "yawn", "video_time": 3.0, "phase": "start"} for s in ("A", "B")]
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(ConfigError, match="name one with --session"):
        intervals.read_events(tmp_path / "e.jsonl")
    assert set(intervals.read_events(tmp_path / "e.jsonl", "B")[0]) == {"yawn"}
    with pytest.raises(ConfigError, match="has no session C; it holds A, B"):
        intervals.read_events(tmp_path / "e.jsonl", "C")
    (tmp_path / "silent.jsonl").write_text("")
    assert intervals.read_events(tmp_path / "silent.jsonl", "C") == ({}, 0.0)


def test_the_events_written_name_their_session(tmp_path: Path) -> None:
    drive(tmp_path / "faces.csv")
    text = (tmp_path / "faces.csv").read_text()
    head, _, rows = text.partition("\n")
    (tmp_path / "two.csv").write_text(head + "\n" + rows + rows.replace("S,", "T,"))
    assert main(["replay", str(tmp_path / "two.csv"), "-q", "--events", str(tmp_path / "e.jsonl")]) == 0
    names = [json.loads(line)["session"] for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert set(names) == {"S", "T"}
    assert names == sorted(names)


def test_what_was_logged_before_midnight_is_judged_too(tmp_path: Path) -> None:
    events = drive(tmp_path / "faces.csv")
    lines = (tmp_path / "faces.csv").read_text().splitlines()
    (tmp_path / "faces-20261231-0001.csv").write_text("\n".join(lines[:400]) + "\n")
    (tmp_path / "faces.csv").write_text("\n".join([lines[0], *lines[400:]]) + "\n")
    for path in (tmp_path / "faces.csv", tmp_path):
        assert told(replay.judge(path, Config(), logged.Log()).events) == told(events)
    part = replay.judge(tmp_path / "faces-20261231-0001.csv", Config(), logged.Log())
    assert part.seconds == pytest.approx(39.8, abs=0.2)


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path: Path) -> None:
    events = drive(tmp_path / "faces.csv")
    text = (tmp_path / "faces.csv").read_text().replace("\n", "\r\n")
    (tmp_path / "saved.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert told(replay.judge(tmp_path / "saved.csv", Config(), logged.Log()).events) == told(events)


@pytest.mark.parametrize("name", ["x" * 300, "file.txt/e.jsonl"])
def test_events_that_cannot_be_written_there_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    drive(tmp_path / "faces.csv")
    (tmp_path / "file.txt").write_text("")
    assert main(["replay", str(tmp_path / "faces.csv"), "--events", str(tmp_path / name)]) == 2
    (line,) = [row for row in capsys.readouterr().err.splitlines() if row.startswith("error:")]
    assert "--events" in line


@pytest.mark.parametrize("broken", [b"", bytes(4096), b"session,frame\nS,0\n"])
def test_a_part_that_a_power_cut_emptied_costs_only_itself(
    tmp_path: Path, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("monitor").propagate = True
    events = drive(tmp_path / "faces-20261126-0001.csv")
    (tmp_path / "faces.csv").write_bytes(broken)
    assert told(replay.judge(tmp_path, Config(), logged.Log()).events) == told(events)
    assert "faces.csv: is no faces.csv of driver mode" in caplog.text
    assert "left out" in caplog.text
    (tmp_path / "alone.csv").write_bytes(broken)
    with pytest.raises(ConfigError, match="log one with --profile driver"):
        replay.judge(tmp_path / "alone.csv", Config(), logged.Log())


@pytest.mark.parametrize("command", [["replay", "{}"], ["score", "{}", "labels.csv"]])
def test_a_name_too_long_is_one_line(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.format("x" * 300) for word in command]) == 2
    assert "File name too long" in capsys.readouterr().err


def test_labels_that_a_spreadsheet_saved_are_read(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("\ufefffile, start_s, end_s, what\r\na.mp4 , 1, 2, yawn \r\n".encode())
    assert intervals.read_labels(tmp_path / "l.csv", "a.mp4") == [Interval(1.0, 2.0, "yawn")]


def test_events_of_a_night_are_scored_with_those_before_midnight(tmp_path: Path) -> None:
    line = {"session": "S", "id": 1, "kind": "yawn", "phase": "end", "duration_s": 3.0, "level": 1}
    for name, t in (("events-20261231-0001.jsonl", 50.0), ("events.jsonl", 400.0)):
        (tmp_path / name).write_text(json.dumps({**line, "id": int(t), "video_time": t}) + "\n")
    for path in (tmp_path, tmp_path / "events.jsonl"):
        kinds, last = intervals.read_events(path)
        assert [span.end for span in kinds["yawn"][0]] == [50.0, 400.0]
        assert last == 400.0
