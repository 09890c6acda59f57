"""Whole runs on the demo and on files it was filmed to: what is logged, recorded and left behind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cv2
import pytest

from monitor.capture import demo
from monitor.cli import main as cli
from monitor.outputs.logs.columns import CLOCK_COLUMNS, COLUMNS
from monitor.run.assembly import for_photographs
from monitor.settings.config import Config
from tests.fakes import frame

ROOT = Path(__file__).resolve().parents[2]


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
    capture = cv2.VideoCapture(str(story / "video.mkv"))
    count, fps = 0, capture.get(cv2.CAP_PROP_FPS)
    while capture.read()[0]:
        count += 1
    assert count / fps == pytest.approx(demo.LENGTH_S, abs=0.1)


def test_the_session_tells_what_was_run(story: Path) -> None:
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


def test_a_second_run_into_the_same_folder_loses_nothing(demo_clip: Path, tmp_path: Path) -> None:
    first = run(tmp_path / "s", "--source", str(demo_clip), "--max-frames", "10", "--record")
    both = run(tmp_path / "s", "--source", str(demo_clip), "--max-frames", "10", "--record")
    assert both[: len(first)] == first
    assert len(both) == 2 * len(first)
    for name in ("metadata", "summary"):
        assert len(list((tmp_path / "s").glob(f"{name}*.json"))) == 2
    assert len(list((tmp_path / "s").glob("video*"))) == 2


def test_a_folder_of_images_and_a_single_image(demo_clip: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(6):
        cv2.imwrite(str(pictures / f"{n:03}.png"), demo.render(5 + n / 10))
    (pictures / "003.png").write_bytes(b"damaged")
    table = run(tmp_path / "a", "--source", str(pictures))
    assert [row["video_time"] for row in table] == ["0.000", "0.100", "0.200", "0.400", "0.500"]
    assert table[-1]["emotion"] == "happy"
    (single,) = run(tmp_path / "b", "--source", str(pictures / "004.png"))
    assert (single["success"], single["emotion"]) == ("1", "happy")  # nobody can be seen twice in one picture


def test_pictures_of_a_folder_are_read_each_for_itself_unless_they_are_a_films(tmp_path: Path) -> None:
    """A happy face, an empty room, a surprised face in the same place: nothing of one may be told of the next."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    happy, surprise, empty = demo.render(5.5), demo.render(7.8), demo.render(23.5)
    for name, picture in (("a", happy), ("b", empty), ("c", surprise), ("d, again", happy)):
        cv2.imwrite(str(pictures / f"{name}.png"), picture)
    alone = []
    for name in ("a", "b", "c", "d, again"):
        (row,) = run(tmp_path / name, "--source", str(pictures / f"{name}.png"))
        alone.append((row["success"], row["emotion"]))
    table = run(tmp_path / "s", "--source", str(pictures))
    assert [(row["success"], row["emotion"]) for row in table] == alone
    assert len(set(alone)) == 3
    assert [row["face_id"] for row in table if row["success"] == "1"] == ["1", "2", "3"]
    assert [row["file"] for row in table] == ["a.png", "b.png", "c.png", "d, again.png"]
    config = json.loads((tmp_path / "s" / "metadata.json").read_text())["config"]
    assert config["track"]["forget_s"] == 0, "what was in force is what is told"
    film = run(tmp_path / "f", "--source", str(pictures), "--set", "source.sequence=true")
    assert {row["face_id"] for row in film if row["success"] == "1"} == {"1"}


def test_each_picture_of_a_folder_has_its_row_whatever_the_rate_of_rows(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for n in range(4):
        cv2.imwrite(str(pictures / f"{n}.png"), demo.render(5.5))
    (pictures / "2.png").write_bytes(b"damaged")
    table = run(tmp_path / "s", "--source", str(pictures), "--set", "output.rows=1hz")
    assert [row["file"] for row in table] == ["0.png", "1.png", "3.png"]
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["pictures_skipped"] == 1


def test_a_name_that_opencv_cannot_be_given_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/b\xff")
    for flags in (["--record", f"{odd}.mkv"], ["--out", odd]):
        assert cli.main(["--source", "demo", "--headless", "--max-frames", "3", *flags]) == 2
        told = capsys.readouterr().err
        assert "not in UTF-8" in told
        assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_in_a_picture_of_many_no_face_waits_for_its_turn() -> None:
    """Four faces are read in a frame of a film, the others in the next one; a picture has no next one."""
    assert for_photographs(Config()).emotion.max_per_frame >= 64


def test_a_folder_of_damaged_pictures_is_no_clean_run(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(b"damaged")
    assert cli.main(["--headless", "-q", "--source", str(pictures), "--out", str(tmp_path / "s")]) == 3


def test_blurring_more_than_faces_is_left_as_it_is_set(demo_clip: Path, tmp_path: Path) -> None:
    for name, flags in (("faces", []), ("picture", ["--set", "output.blur=picture"])):
        run(tmp_path / name, "--source", str(demo_clip), "--max-frames", "3", "--blur", *flags)
        told = json.loads((tmp_path / name / "metadata.json").read_text())
        assert told["config"]["output"]["blur"] == name
        (video,) = (tmp_path / name).glob("video*")
        assert frames_of(video) == 3, "shorter than what waits to be blurred"


@pytest.mark.parametrize("stream", ["1>&-", "2>&-", "1>/dev/full", "0<&- 1>&- 2>&-"])
def test_a_run_is_fine_whatever_becomes_of_its_standard_streams(demo_clip: Path, tmp_path: Path, stream: str) -> None:
    arguments = f"-m monitor --headless --source '{demo_clip}' --max-frames 5 --out '{tmp_path / 's'}'"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}  # no bars of blocks
    done = subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' {arguments} {stream}"], cwd=ROOT, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "s" / "summary.json").exists()
    assert len(rows(tmp_path / "s")) == 5, "nothing but rows was written there"


def test_a_reader_who_leaves_is_no_failure(demo_clip: Path, tmp_path: Path) -> None:
    arguments = ["-m", "monitor", "--headless", "--source", str(demo_clip), "--max-frames", "5"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, *arguments, "--out", str(tmp_path / "s")], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert done.returncode == 0, done.stderr


def test_what_could_not_be_published_is_told_before_anything_is_written(
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_every_file_within_five_seconds(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "s"
    command = [sys.executable, "-m", "monitor", "--source", "demo", "--headless", "--record", "--out", str(folder)]
    flags = ["--set", "source.loop=always", "--set", "source.pace=always"]
    child = subprocess.Popen([*command, *flags], cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    until = time.monotonic() + 30
    while not ((folder / "faces.csv").exists() and (folder / "faces.csv").stat().st_size > 2000):
        assert time.monotonic() < until
        assert child.poll() is None
        time.sleep(0.05)  # waiting for another process, not for the code under test
    asked = time.monotonic()
    child.send_signal(number)
    assert child.wait(10) == 0
    assert time.monotonic() - asked < 5
    last = (folder / "faces.csv").read_text()
    assert last.endswith("\n")
    assert (folder / "summary.json").exists()
    assert cv2.VideoCapture(str(folder / "video.mkv")).read()[0]
    phases = Counter(json.loads(line)["phase"] for line in (folder / "events.jsonl").read_text().splitlines())
    assert phases["start"] == phases["end"]


def test_no_camera_and_no_display_plays_the_demo_and_says_so(tmp_path: Path) -> None:
    if list(Path("/dev").glob("video*")):
        pytest.skip("this machine has a camera")
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--max-frames", "3", "--out", str(tmp_path / "s")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert "no camera found; playing the built-in demo" in done.stderr
    assert "running headless" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_at_the_start_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "faces.csv").symlink_to("/dev/full")
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--source", "demo", "--headless", "--out", str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, "the disk's fault, not the settings': a supervisor tries again"
    assert done.stderr.count("\n") == 1
    assert "cannot be written: No space left on device" in done.stderr


def test_the_wheel_runs_outside_the_checkout(tmp_path: Path) -> None:
    """What is inside a wheel is enough: model, card, demo faces, defaults."""
    copy = tmp_path / "source"
    ignore = shutil.ignore_patterns(".git", ".venv", "runs", "sessions", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=ignore)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path / "w"),
        str(copy),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "w").glob("*.whl")
    inside, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.unpack_archive(wheel, inside, "zip")
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--source", "demo", "--headless", "--max-frames", "60"],
        cwd=elsewhere, env=os.environ | {"PYTHONPATH": str(inside)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (session,) = (elsewhere / "sessions").iterdir()
    assert any(row["success"] == "1" for row in rows(session))
    code = "import monitor; print(monitor.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=os.environ | {"PYTHONPATH": str(inside)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(inside) in where.stdout


def test_photographs_show_no_drive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), frame(0.0, number).image)
    given = ["--headless", "-q", "--profile", "driver", "--source", str(folder), "--out", str(tmp_path / "out")]
    assert cli.main(given) == 2
    assert "pictures that need not follow one another show no drive" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert cli.main(["check", "--profile", "driver", "--source", str(folder)]) == 2
    assert cli.main([*given[:4], "--source", str(folder / "0.png"), "--out", str(tmp_path / "out")]) == 2
    assert "0.png: a photograph shows no drive" in capsys.readouterr().err
    assert cli.main([*given, "--set", "source.sequence=true"]) == 0
