"""Signals at any moment: while it starts, runs and ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from monitor.outputs.logs.reader import read_rows
from monitor.run.shutdown import SHUTDOWN_S
from tests.faults.process import ROOT, grown, settings, start, until

LOOP = settings(source__loop="always", source__pace="always")


def listens(child: subprocess.Popen[str]) -> bool:
    """Whether the process has installed its handlers; a starting Python handles SIGINT alone."""
    for line in Path(f"/proc/{child.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def whole(folder: Path) -> None:
    """Whatever was begun was finished."""
    if not (folder / "faces.csv").exists():
        return
    assert (folder / "faces.csv").read_text().endswith("\n")
    for line in (folder / "events.jsonl").read_text().splitlines():
        json.loads(line)
    assert json.loads((folder / "summary.json").read_text())["frames"] >= 0


def stopped(folder: Path, number: int, after_s: float) -> None:
    child = start(folder, "--record", *LOOP)
    until(lambda: listens(child), child)
    time.sleep(after_s)  # the moment, in another process's life
    asked = time.monotonic()
    child.send_signal(number)
    assert child.wait(20) == 0, child.stderr.read() if child.stderr else ""
    assert time.monotonic() - asked < SHUTDOWN_S + 0.5
    whole(folder)


def test_a_stop_at_any_moment_of_the_start_and_after_is_clean(tmp_path: Path) -> None:
    for n, after in enumerate((0.0, 0.2, 0.5, 1.0, 1.6)):
        stopped(tmp_path / str(n), (signal.SIGTERM, signal.SIGINT)[n % 2], after)


@pytest.mark.soak
def test_a_stop_at_100_random_moments_is_clean(tmp_path: Path) -> None:
    dice = random.Random(3)
    for n in range(100):
        stopped(tmp_path / str(n), dice.choice((signal.SIGTERM, signal.SIGINT)), dice.uniform(0, 3))


def test_a_hangup_begins_new_files_and_the_run_continues(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    child = start(folder, "--record", *LOOP, *settings(output__flush_s=0.1))
    until(grown(folder / "faces.csv"), child)
    until(lambda: len(list(folder.glob("video.*"))) == 1, child)
    child.send_signal(signal.SIGHUP)
    until(lambda: len(list(folder.glob("faces-*-0001.csv"))) == 1, child)
    until(grown(folder / "faces.csv"), child)
    until(lambda: len(list(folder.glob("video*.m*"))) == 2, child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0
    whole(folder)
    assert {int(r["frame"]) for r in read_rows(folder)} == set(
        range(max(int(r["frame"]) for r in read_rows(folder)) + 1)
    )


@pytest.mark.parametrize("foreground", [True, False], ids=["hung up on", "in the background"])
def test_a_terminal_that_is_closed_ends_the_run_clean(tmp_path: Path, foreground: bool) -> None:
    """With a live view in it; a run in the background gets no SIGHUP and finds out by itself."""
    folder = tmp_path / "s"
    master, slave = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "monitor", "--source", "demo", "--headless", "--out", str(folder), "--record", *LOOP],
        cwd=ROOT, env={**os.environ, "TERM": "xterm"}, start_new_session=True, text=True,
        stdin=slave, stdout=slave, stderr=slave,
        preexec_fn=(lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0)) if foreground else None,
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    shown = b""

    def live() -> bool:
        nonlocal shown
        with contextlib.suppress(BlockingIOError):
            shown += os.read(master, 65536)
        return b"Ctrl-C ends" in shown

    until(live, child)
    os.close(master)
    try:
        assert child.wait(20) == 0
    finally:
        child.kill()
    whole(folder)
    assert (folder / "summary.json").exists()


@pytest.mark.soak
def test_stopped_for_seconds_and_continued_it_ends_clean(tmp_path: Path) -> None:
    """SIGSTOP looks like a stalled host from inside: it must not be reported as a fault."""
    folder, said = tmp_path / "s", tmp_path / "said.txt"
    child = start(folder, *LOOP, *settings(service__stuck_s=5), said=said)
    until(grown(folder / "faces.csv"), child)
    child.send_signal(signal.SIGSTOP)
    time.sleep(7)  # longer than service.stuck_s
    size = (folder / "faces.csv").stat().st_size
    child.send_signal(signal.SIGCONT)
    until(grown(folder / "faces.csv", size + 1000), child)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0, said.read_text()
    assert "error" not in said.read_text()
