"""Whole runs on the demo and on clips of it: logs, recordings and remaining files."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import cv2
import pytest

from monitor.capture import demo
from monitor.cli import main as cli
from monitor.outputs.logs.columns import CLOCK_COLUMNS, COLUMNS


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open() as handle:
        return list(csv.DictReader(handle))


def frames_of(video: Path) -> int:
    capture, count = cv2.VideoCapture(str(video)), 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count


def run(folder: Path, *argv: str) -> list[dict[str, str]]:
    assert cli.main(["--headless", "-q", "--out", str(folder), *argv]) == 0
    return rows(folder)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole demo, recorded."""
    folder = tmp_path_factory.mktemp("story") / "session"
    run(folder, "--source", "demo", "--record")
    return folder


def test_the_demo_is_read_right(story: Path) -> None:
    """In nine of ten frames the steady label is the expression drawn, once it had 0.8 s to settle."""
    right: Counter[bool] = Counter()
    for row in rows(story):
        t = float(row["video_time"])
        actor = 0 if row["success"] == "1" and float(row["x"]) < 300 else 1
        settled = demo.shown_expressions(t).get(actor)
        if row["success"] == "1" and settled and demo.shown_expressions(max(0.0, t - 0.8)).get(actor) == settled:
            right[row["emotion"] == settled] += 1
    assert right.total() > 400
    assert right[True] / right.total() >= 0.9


def test_each_person_keeps_one_id_and_leaves_once(story: Path) -> None:
    assert {row["face_id"] for row in rows(story)} == {"", "1", "2"}
    events = [json.loads(line) for line in (story / "events.jsonl").read_text().splitlines()]
    visits = [(e["face_id"], e["phase"]) for e in events if e["kind"] == "face"]
    assert sorted(visits) == [(1, "end"), (1, "start"), (2, "end"), (2, "start")]
    starts = {e["id"] for e in events if e["phase"] == "start"}
    assert starts == {e["id"] for e in events if e["phase"] == "end"}


def test_the_table_has_the_documented_columns_and_one_row_or_more_per_frame(story: Path) -> None:
    assert (story / "faces.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    got = rows(story)
    assert {int(row["frame"]) for row in got} == set(range(600))
    assert all(len(row) == len(COLUMNS) and None not in row for row in got)
    for row in got:
        if row["success"] == "0":
            assert row["emotion"] == row["face_id"] == ""
        elif row["happy"]:
            total = sum(float(row[k]) for k in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"))
            assert total == pytest.approx(1, abs=0.001)


def test_the_video_plays_at_true_speed(story: Path) -> None:
    capture = cv2.VideoCapture(str(next(story.glob("video.*"))))
    count, fps = 0, capture.get(cv2.CAP_PROP_FPS)
    while capture.read()[0]:
        count += 1
    assert count / fps == pytest.approx(demo.LENGTH_S, abs=0.1)


def test_the_session_records_what_was_run(story: Path) -> None:
    meta = json.loads((story / "metadata.json").read_text())
    assert meta["source"]["kind"] == "demo"
    assert meta["model"]["metrics"]["validation"]["n"] > 3000
    assert meta["config"]["detect"]["width"] == 400
    assert {"python", "opencv", "numpy", "tflite_runtime"} <= set(meta["versions"])
    summary = json.loads((story / "summary.json").read_text())
    assert summary["frames"] == 600
    assert summary["faces"]["1"]["share"]["happy"] > 0.05
    assert abs(sum(summary["faces"]["1"]["share"].values()) - 1) < 0.01


def without_clocks(table: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k not in CLOCK_COLUMNS} for row in table]


def test_two_runs_of_one_file_give_the_same_table(demo_clip: Path, tmp_path: Path) -> None:
    a = run(tmp_path / "a", "--source", str(demo_clip))
    b = run(tmp_path / "b", "--source", str(demo_clip))
    assert len(a) >= 100
    assert without_clocks(a) == without_clocks(b)


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_loses_nothing(demo_clip: Path, tmp_path: Path) -> None:
    first = run(tmp_path / "s", "--source", str(demo_clip), "--max-frames", "10", "--record")
    both = run(tmp_path / "s", "--source", str(demo_clip), "--max-frames", "10", "--record")
    assert both[: len(first)] == first
    assert len(both) == 2 * len(first)
    for name in ("metadata", "summary"):
        assert len(list((tmp_path / "s").glob(f"{name}*.json"))) == 2
    assert len(list((tmp_path / "s").glob("video*"))) == 2


def test_a_name_that_opencv_cannot_be_given_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/b\xff")
    for flags in (["--record", f"{odd}.mkv"], ["--out", odd]):
        assert cli.main(["--source", "demo", "--headless", "--max-frames", "3", *flags]) == 2
        told = capsys.readouterr().err
        assert "not in UTF-8" in told
        assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_blurring_more_than_faces_is_left_as_it_is_set(demo_clip: Path, tmp_path: Path) -> None:
    for name, flags in (("faces", []), ("picture", ["--set", "output.blur=picture"])):
        run(tmp_path / name, "--source", str(demo_clip), "--max-frames", "3", "--blur", *flags)
        told = json.loads((tmp_path / name / "metadata.json").read_text())
        assert told["config"]["output"]["blur"] == name
        (video,) = (tmp_path / name).glob("video*")
        assert frames_of(video) == 3, "shorter than what waits to be blurred"


def test_what_could_not_be_published_is_reported_before_anything_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flags = ["--set", "mqtt.host=localhost", "--set", "mqtt.user=a", "--set", "mqtt.password_file=/nowhere"]
    argv = ["--headless", "--source", "demo", "--profile", "driver", "--out", str(tmp_path / "s"), *flags]
    assert cli.main(argv) == 2
    assert not (tmp_path / "s").exists()


def test_a_recording_never_overwrites_a_file(demo_clip: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    shutil.copy(demo_clip, clip)
    before = clip.read_bytes()
    argv = ["--headless", "-q", "--source", str(clip), "--record", str(clip), "--out", str(tmp_path / "s")]
    assert cli.main(argv) == 2
    assert clip.read_bytes() == before


def test_rows_once_a_second_and_on_change(demo_clip: Path, tmp_path: Path) -> None:
    once = run(tmp_path / "a", "--source", str(demo_clip), "--set", "output.rows=1hz")
    assert [int(float(row["video_time"])) for row in once] == [0, 1, 2, 3]
    change = run(tmp_path / "b", "--source", str(demo_clip), "--set", "output.rows=change")
    assert [(row["success"], row["emotion"]) for row in change] == [("1", "neutral"), ("1", "happy")]
