"""Whole runs as processes of their own: streams, signals, the wheel."""

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

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parents[2]


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "faces.csv").open() as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("stream", ["1>&-", "2>&-", "1>/dev/full", "0<&- 1>&- 2>&-"])
def test_a_run_survives_the_loss_of_its_standard_streams(demo_clip: Path, tmp_path: Path, stream: str) -> None:
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
    assert cv2.VideoCapture(str(next(folder.glob("video.*")))).read()[0]
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
def test_a_disk_that_is_full_at_the_start_gives_one_line(tmp_path: Path) -> None:
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
