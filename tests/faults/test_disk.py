"""A disk that is truly full: a tmpfs of a few megabytes, filled to the last byte while the monitor runs."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.outputs.logs.reader import read_events, read_rows
from tests.faults.process import grown, settings, start, until
from tests.faults.test_power import length


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("may not mount a tmpfs here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path: Path, leave: int = 0) -> None:
    """Takes every byte that is left, but for ``leave``."""
    with path.open("ab", buffering=0) as file:
        if leave:
            file.write(b"x" * (shutil.disk_usage(path.parent).free - leave))
            return
        for size in (100_000, 1000, 10, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_full_disk_ends_the_recording_and_everything_resumes_with_the_room(small_disk: Path, tmp_path: Path) -> None:
    folder, said = small_disk / "s", tmp_path / "said.txt"
    flags = settings(source__loop="always", source__pace="always", output__flush_s=0.2, output__min_free_mb=4)
    child = start(folder, "--record", *flags, said=said)
    until(grown(folder / "faces.csv"), child)
    fill(small_disk / "filler", leave=3_000_000)  # below output.min_free_mb
    until(lambda: "recording stops, monitoring continues" in said.read_text(), child)
    # The recording ends on its own thread, in the space that min_free_mb reserves; a busy machine needs time.
    until(lambda: all(length(path) > 0 for path in folder.glob("video*.m*")), child)
    fill(small_disk / "filler")
    until(lambda: "one row a second" in said.read_text(), child)
    full_at = len(list(read_rows(folder)))
    (small_disk / "filler").unlink()
    until(lambda: "files are written again" in said.read_text(), child)
    until(lambda: len(list(folder.glob("video*.m*"))) == 2, child)
    until(lambda: len(list(read_rows(folder))) > full_at + 60, child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0, said.read_text()
    frames = [int(row["frame"]) for row in read_rows(folder)]
    assert frames == sorted(frames)
    storage = [e for e in read_events(folder) if e["kind"] == "storage"]
    assert [(e["phase"], e["state"]) for e in storage] == [("start", "short"), ("end", "short")]
    assert storage[1]["lines_lost"] == 0
    assert all(length(path) > 0 for path in folder.glob("video*.m*"))
    assert said.read_text().count("error:") == 1


def test_a_deleted_folder_is_made_anew_and_the_run_ends_clean(tmp_path: Path) -> None:
    folder, said = tmp_path / "s", tmp_path / "said.txt"
    child = start(folder, "--record", *settings(source__loop="always", source__pace="always"), said=said)
    until(grown(folder / "faces.csv"), child)
    shutil.rmtree(folder)
    until(grown(folder / "faces.csv"), child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0, said.read_text()
    assert {"faces.csv", "events.jsonl", "metadata.json", "summary.json"} <= {p.name for p in folder.iterdir()}
    assert any(e["kind"] == "storage" and e["state"] == "deleted" for e in read_events(folder))
