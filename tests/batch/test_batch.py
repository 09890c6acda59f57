"""Whole batches: real processes, killed ones, resumed ones."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from monitor.batch import engine, work
from monitor.batch.crops import parse_keep
from monitor.batch.dataset import Dataset
from monitor.batch.engine import local_workers
from monitor.batch.frames import SpanSource
from monitor.cli import batch
from monitor.cli.main import parse
from monitor.core.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def _run(*argv: object) -> int:
    return batch.command(parse(["batch", *(str(a) for a in argv)]))


def _faces(dataset: Path) -> dict[str, list[dict[str, object]]]:
    files = (dataset / "faces").glob("source=*/part-0.parquet")
    return {path.parent.name: pq.ParquetFile(path).read().to_pylist() for path in files}


@pytest.mark.slow
def test_an_archive_becomes_a_dataset_and_is_not_read_twice(
    recordings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "set"
    assert _run(recordings, "--out", out, "--workers", 2, "--csv") == 3
    rows = {Path(row["name"]).name: row for row in Dataset(out).videos()}
    assert rows["b.avi"]["status"] == "ok"
    assert rows["b.avi"]["frames"] == 40
    assert rows["b.avi"]["share_happy"] + rows["b.avi"]["share_neutral"] > 0
    assert rows["broken.mp4"]["status"] == "failed"
    assert len(rows["broken.mp4"]["trace"]) == 12
    assert len(_faces(out)) == 2  # the copy is the same recording
    assert len(list((out / "csv").glob("*-faces.csv"))) == 2
    assert not list(out.rglob(".*"))
    before = {path: path.stat().st_mtime_ns for path in (out / "faces").rglob("*.parquet")}
    caplog.clear()
    assert _run(recordings, "--out", out, "--workers", 1) == 3
    assert {path: path.stat().st_mtime_ns for path in (out / "faces").rglob("*.parquet")} == before


@pytest.mark.slow
def test_the_rows_do_not_depend_on_workers_or_order(recordings: Path, tmp_path: Path) -> None:
    _run(recordings / "day1", "--out", tmp_path / "one", "--workers", 1)
    _run(recordings / "day1" / "b.avi", recordings / "day1" / "a.avi", "--out", tmp_path / "two", "--workers", 2)
    assert _faces(tmp_path / "one") == _faces(tmp_path / "two")


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "batch", str(recordings / "day1"), "--out", str(out), "--workers", "1"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    killed = False
    until = time.monotonic() + 120
    while process.poll() is None and not killed and time.monotonic() < until:
        if (out / "videos").exists():  # the first recording is done, the worker is at the second
            workers = [
                c for c in psutil.Process(process.pid).children(recursive=True) if "spawn_main" in str(c.cmdline())
            ]
            workers[-1].send_signal(signal.SIGKILL)
            killed = True
        time.sleep(0.02)
    assert killed
    try:
        assert process.wait(180) == 0
    finally:
        process.kill()
    assert [row["status"] for row in Dataset(out).videos()] == ["ok", "ok"]


def test_sampling_keeps_the_rate_and_the_clock(recordings: Path) -> None:
    source = SpanSource(recordings / "day1" / "b.avi", every_s=0.2)
    times = []
    while (frame := source.read()) is not None:
        times.append(round(frame.t, 3))
    assert times == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4]


def test_a_span_begins_where_it_should(recordings: Path) -> None:
    whole = SpanSource(recordings / "day1" / "b.avi")
    expected = {}
    while (frame := whole.read()) is not None:
        expected[frame.index] = (round(frame.t, 3), int(frame.image.sum()))
    later = SpanSource(recordings / "day1" / "b.avi", start_s=0.8)
    first = later.read()
    assert first is not None
    assert (round(first.t, 3), int(first.image.sum())) == expected[first.index]
    assert first.t == pytest.approx(0.8, abs=0.05)


@pytest.mark.slow
def test_crops_are_saved_on_request_only(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    _run(recordings / "day1" / "b.avi", "--out", out, "--workers", 1, "--fps", 5, "--keep-frames", "neutral>0")
    assert list((out / "crops").rglob("*.jpg"))


@pytest.mark.parametrize("text", ["happy", "happy>2", "joy>0.5", "happy<0.5", ""])
def test_a_malformed_request_for_crops_gives_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="--keep-frames"):
        parse_keep(text)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--workers", "many"], "--workers many"),
        (["--scheduler", "tcp://127.0.0.1:9"], "does not answer"),
    ],
)
def test_wrong_flags_give_one_line(
    recordings: Path, tmp_path: Path, flags: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CONNECT_S", 0.5)
    with pytest.raises(ConfigError, match=words):
        _run(recordings, "--out", tmp_path / "set", *flags)


def test_a_missing_recording_is_named_without_the_name_of_a_class() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        Path("/nowhere/gone.mp4").read_bytes()
    assert work._reason(caught.value) == "/nowhere/gone.mp4: cannot be read: No such file or directory"


@pytest.mark.parametrize("reason", ["cut off", "b.mp4: cut off", "/a/b.mp4: cut off"])
def test_a_failed_recording_is_named_once(reason: str) -> None:
    assert batch.failure_line("/a/b.mp4", reason) == "/a/b.mp4: cut off"


def test_a_folder_that_cannot_be_made_names_the_fix() -> None:
    with pytest.raises(
        ConfigError, match=r"^--out /proc/data: cannot be used: No such file or directory; give another"
    ):
        Dataset(Path("/proc/data"))


def test_the_next_batch_deletes_what_killed_ones_left_unfinished(tmp_path: Path) -> None:
    dataset = Dataset(out := tmp_path / "set")
    (out / "faces" / "source=k").mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    here = platform.node()
    dead = [f"faces/source=k/.part-0.parquet.{here}.{ended.pid}", f".k-faces.csv.{ended.pid}"]
    kept = [
        f"faces/source=k/.part-0.parquet.{here}.{os.getpid()}",  # still being written
        f"faces/source=k/.part-0.parquet.other-machine.{ended.pid}",  # by a worker of a cluster
        ".notes.2026",
        "faces/source=k/part-0.parquet",
    ]
    for name in (*dead, *kept):
        (out / name).touch()
    dataset.tidy()
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == sorted(kept)


def test_a_folder_of_other_files_is_never_written_to(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="holds other files"):
        _run(recordings, "--out", tmp_path)
    (tmp_path / "thesis.tex").unlink()
    (tmp_path / "_dataset.json").write_text(json.dumps({"schema": 99}))
    with pytest.raises(ConfigError, match="has schema 99"):
        _run(recordings, "--out", tmp_path)


def test_workers_fit_the_memory() -> None:
    assert local_workers(8, 16_000) == 8
    assert local_workers(8, 1_200) == 2
    assert local_workers(8, 100) == 1
