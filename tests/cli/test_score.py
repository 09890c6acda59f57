"""Score: logged events compared with labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import intervals, score
from monitor.cli.intervals import Interval
from monitor.cli.main import main
from monitor.core.errors import ConfigError
from tests.cli.drives import drive

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
def test_wrong_labels_give_one_line(tmp_path: Path, labels: str, expected: str) -> None:
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


def test_events_of_an_unlabelled_kind_are_counted_but_not_judged(
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
