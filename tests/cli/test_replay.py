"""Replay: a logged drive judged again."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from monitor.cli import logged, replay
from monitor.cli.main import main
from monitor.core.errors import ConfigError
from monitor.core.types import Event
from monitor.driver.judge import Driver
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import Config, DriverConfig, OutputConfig
from tests.cli.drives import Eyes, drive, told, without_lids
from tests.fakes import Clock, face, frame, result


def test_the_same_thresholds_give_the_logged_events(tmp_path: Path) -> None:
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
    sink = TableSink(tmp_path / "faces.csv", "S", OutputConfig(), columns(driver=True), clock=Clock())
    events: list[Event] = []
    for n in range(900):
        eyes.now = t = n / 10
        seen = [face(1, "neutral", small, keypoints=without_lids(small), pose=(1.0, 2.0, 0.0))]
        if t >= 4:
            seen.append(face(2, "neutral", large, keypoints=without_lids(large), pose=(1.0, 2.0, 0.0)))
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


def test_rows_too_far_apart_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
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
    [(None, "No such file"), ("", "is not a faces.csv of driver"), ("a,b\n1,2\n", "is not a faces.csv of driver")],
)
def test_a_wrong_table_gives_one_line(tmp_path: Path, content: str | None, expected: str) -> None:
    path = tmp_path / "faces.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=expected):
        replay.judge(path, Config(), logged.Log())


def test_the_events_written_name_their_session(tmp_path: Path) -> None:
    drive(tmp_path / "faces.csv")
    text = (tmp_path / "faces.csv").read_text()
    head, _, rows = text.partition("\n")
    (tmp_path / "two.csv").write_text(head + "\n" + rows + rows.replace("S,", "T,"))
    assert main(["replay", str(tmp_path / "two.csv"), "-q", "--events", str(tmp_path / "e.jsonl")]) == 0
    names = [json.loads(line)["session"] for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert set(names) == {"S", "T"}
    assert names == sorted(names)


def test_parts_from_before_midnight_are_judged(tmp_path: Path) -> None:
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
def test_events_that_cannot_be_written_there_give_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    drive(tmp_path / "faces.csv")
    (tmp_path / "file.txt").write_text("")
    assert main(["replay", str(tmp_path / "faces.csv"), "--events", str(tmp_path / name)]) == 2
    (line,) = [row for row in capsys.readouterr().err.splitlines() if row.startswith("error:")]
    assert "--events" in line


@pytest.mark.parametrize("broken", [b"", bytes(4096), b"session,frame\nS,0\n"])
def test_a_part_emptied_by_a_power_cut_loses_only_itself(
    tmp_path: Path, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("monitor").propagate = True
    events = drive(tmp_path / "faces-20261126-0001.csv")
    (tmp_path / "faces.csv").write_bytes(broken)
    assert told(replay.judge(tmp_path, Config(), logged.Log()).events) == told(events)
    assert "faces.csv: is not a faces.csv of driver mode" in caplog.text
    assert "skipped" in caplog.text
    (tmp_path / "alone.csv").write_bytes(broken)
    with pytest.raises(ConfigError, match="log one with --profile driver"):
        replay.judge(tmp_path / "alone.csv", Config(), logged.Log())


@pytest.mark.parametrize("command", [["replay", "{}"], ["score", "{}", "labels.csv"]])
def test_a_name_too_long_gives_one_line(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word.format("x" * 300) for word in command]) == 2
    assert "File name too long" in capsys.readouterr().err
