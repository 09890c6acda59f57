"""Batches that are killed, run out of disk or lose their scheduler, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.batch.processes import content, finish, run, start
from tests.faults import media

pytestmark = pytest.mark.slow
"""Each test starts Python some ten times."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of different length."""
    folder = tmp_path_factory.mktemp("films")
    for n in range(6):
        media.faces(folder / f"{n}.avi", 0.6 + 0.2 * n)
    return folder


@pytest.fixture(scope="module")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """The dataset of an uninterrupted run."""
    out = tmp_path_factory.mktemp("undisturbed") / "set"
    assert run(films, "--out", out, "--workers", 1)[0] == 0
    return content(out)


def _until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + 200
    while not condition() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)


def _done(out: Path) -> int:
    return len(list((out / "videos").glob("[!.]*.parquet")))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_killed_again_and_again_ends_with_the_same_dataset(
    films: Path, undisturbed: dict[str, list[dict[str, object]]], tmp_path: Path, workers: int
) -> None:
    out = tmp_path / "set"
    for least in (0, 1, 3):  # at the start, in the midst of writing and between recordings
        process = start(films, "--out", out, "--workers", workers)
        _until(lambda least=least: _done(out) > least or (least == 0 and (out / "faces").exists()), process)  # type: ignore[misc]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        finish(process)
    code, said = run(films, "--out", out, "--workers", workers)
    assert code == 0, said
    assert content(out) == undisturbed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a file system of a given size, or changes its size."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def sized(size: str) -> Path:
        nonlocal mounted
        option = f"{'remount,' if mounted else ''}size={size}"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(place)], capture_output=True)
        if done.returncode:
            pytest.skip("needs the right to mount a tmpfs")
        mounted = True
        return place

    if shutil.which("mount") is None or os.getuid() != 0:
        pytest.skip("needs root, to mount a small tmpfs")
    yield sized
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_stops_the_batch_and_space_lets_it_go_on(
    films: Path, undisturbed: dict[str, list[dict[str, object]]], small_disk: Callable[[str], Path]
) -> None:
    out = small_disk("120k") / "set"
    code, said = run(films, "--out", out, "--workers", 1)
    assert code == 1
    assert "cannot be written: No space left on device; free space, then run the same command again" in said
    assert "Traceback" not in said
    assert _done(out) < 6
    small_disk("40m")
    code, said = run(films, "--out", out, "--workers", 1)
    assert code == 0, said
    assert content(out) == undisturbed


class Cluster:
    """A Dask scheduler and its worker as processes, on a fixed port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._log = (folder / "cluster.log").open("w")
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Starts a scheduler, and a worker for it."""
        dask = [sys.executable, "-m", "dask"]
        scheduler = self._open(*dask, "scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        self._open(*dask, "worker", self.address, "--nworkers", "1", "--nthreads", "1", "--death-timeout", "60")
        return scheduler

    def _open(self, *command: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([*command, "--no-dashboard"], stderr=self._log, stdout=self._log, env=env)
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """Ends all of its processes."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        self._log.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.stop()


def test_a_restarted_scheduler_gets_the_lost_work_again(
    films: Path, undisturbed: dict[str, list[dict[str, object]]], cluster: Cluster, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    process = start(films, "--out", out, "--scheduler", cluster.address)
    _until(lambda: _done(out) > 0, process)
    cluster.scheduler.kill()
    cluster.scheduler.wait()
    cluster.start()
    code, said = finish(process)
    assert code == 0, said
    assert content(out) == undisturbed
