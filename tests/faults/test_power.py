"""Power cuts: the process is killed at random moments while it logs and records."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
import pytest

from monitor.outputs.logs.columns import COLUMNS
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.reader import read_rows
from monitor.outputs.logs.table import TableSink
from monitor.settings.config import OutputConfig
from tests.faults.process import encoders_finished, grown, settings, start, until

FLUSH_S = 0.5
SLACK_S = 0.75
"""One step, one scheduling delay and the kill itself, on a busy machine."""


@dataclass
class Cut:
    """What one kill left.

    Attributes:
        rows: Rows of the table.
        missing_s: Time between the last row and the kill.
        video_s: Seconds of recording that play.
        unplayed_s: Seconds of the logged time that the recording lacks.
    """

    rows: int
    missing_s: float
    video_s: float
    unplayed_s: float


def cut(folder: Path, after_s: float) -> Cut:
    """Kills a run ``after_s`` seconds after its first rows and checks the files that it left."""
    flags = settings(source__loop="always", output__flush_s=FLUSH_S, output__segment_s=10)
    child = start(folder, "--record", *flags)
    until(grown(folder / "faces.csv", 500), child)
    time.sleep(after_s)  # the moment of the kill, in another process's life
    killed = time.time()
    os.kill(child.pid, signal.SIGKILL)
    child.wait(30)
    encoders_finished(folder)
    rows = list(read_rows(folder))
    assert {int(row["frame"]) for row in rows} == set(range(int(rows[-1]["frame"]) + 1))  # every frame, to the last
    assert len({(row["frame"], row["face_id"]) for row in rows}) == len(rows)  # and once
    missing = killed - datetime.fromisoformat(rows[-1]["timestamp"]).timestamp()
    assert missing <= FLUSH_S + SLACK_S
    whole = len((folder / "faces.csv").read_bytes().split(b"\n")) - 2
    assert len(rows) == whole

    videos = sorted(folder.glob("video*.m*"), key=lambda path: path.stat().st_mtime)
    seconds = [length(path) for path in videos]
    for path, got in zip(videos[:-1], seconds[:-1], strict=True):
        assert got == pytest.approx(10, abs=0.3), path
    if videos and has_pictures(videos[-1]):
        assert seconds[-1] > 0
    mended(folder)
    filmed = float(rows[-1]["video_time"])
    return Cut(len(rows), missing, sum(seconds), max(0.0, filmed - sum(seconds)))


def has_pictures(path: Path) -> bool:
    """Whether a picture reached a recording: an encoder that got none writes a header of under a kilobyte."""
    return path.stat().st_size > 1024


def length(path: Path) -> float:
    """Seconds that play."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    fps, count = capture.get(cv2.CAP_PROP_FPS), 0
    while capture.isOpened() and capture.read()[0]:
        count += 1
    return count / fps if fps else 0.0


def mended(folder: Path) -> None:
    """Continued by the next run, both logs are whole: every line parses."""
    TableSink(folder / "faces.csv", "T", OutputConfig()).close([])
    EventSink(folder / "events.jsonl", "T").close([])
    lines = (folder / "faces.csv").read_text().splitlines()
    assert all(len(line.split(",")) == len(COLUMNS) for line in lines)
    for line in (folder / "events.jsonl").read_text().splitlines():
        json.loads(line)
    json.loads((folder / "metadata.json").read_text())


def test_a_run_killed_at_random_moments_leaves_readable_files(tmp_path: Path) -> None:
    dice = random.Random(7)
    for n in range(8):
        cut(tmp_path / str(n), dice.uniform(0, 1.0))


@pytest.mark.soak
def test_killed_at_200_random_moments(tmp_path: Path) -> None:
    dice = random.Random(1)
    cuts = [cut(tmp_path / str(n), dice.uniform(0, 8)) for n in range(200)]
    missing, unplayed = sorted(c.missing_s for c in cuts), sorted(c.unplayed_s for c in cuts)
    print(
        f"\n{len(cuts)} kills, {sum(c.rows for c in cuts)} rows, {sum(c.video_s for c in cuts):.0f} s of video kept; "
        f"time before the kill that is missing in faces.csv: median {missing[100]:.2f} s, most {missing[-1]:.2f} s; "
        f"in the recording: median {unplayed[100]:.1f} s, most {unplayed[-1]:.1f} s"
    )


def test_the_next_run_continues_after_a_power_cut(tmp_path: Path) -> None:
    cut(tmp_path / "s", 0.5)
    before = len(list(read_rows(tmp_path / "s")))
    child = start(tmp_path / "s", "--record", "--max-frames", "10")
    assert child.wait(60) == 0
    assert len(list(read_rows(tmp_path / "s"))) == before + 10
    assert all(length(path) > 0 for path in (tmp_path / "s").glob("video*.m*") if has_pictures(path))
