"""The monitor as a process of its own, for faults that end it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0


def start(
    folder: Path, *flags: str, source: str = "demo", said: Path | None = None, **environ: str
) -> subprocess.Popen[str]:
    """Starts a headless run into ``folder``, in a session of its own (as a service: no terminal).

    What it says goes to the file ``said``, else to ``stderr`` of the process returned.
    """
    command = [sys.executable, "-m", "monitor", "--source", source, "--headless", "--out", str(folder), *flags]
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(said.open("w")) if said is not None else subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environ}, text=True, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip


def settings(**values: object) -> list[str]:
    """``--set`` flags; a double underscore stands for the dot."""
    return [part for key, value in values.items() for part in ("--set", f"{key.replace('__', '.')}={value}")]


def until(condition: Callable[[], bool], child: subprocess.Popen[str], alive: bool = True) -> None:
    """Waits for something that another process does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if alive and child.poll() is not None:
            raise AssertionError(f"ended with {child.returncode}: {child.stderr.read() if child.stderr else ''}")
        if time.monotonic() > end:
            child.kill()
            raise AssertionError("waited too long")
        time.sleep(0.02)


def encoders_finished(folder: Path) -> None:
    """Waits for the encoders of recordings in ``folder``, which complete their files after the recorder was killed."""
    pattern = re.compile(rf"ffmpeg.*file:{re.escape(str(folder))}/".encode(), re.DOTALL)
    end = time.monotonic() + PATIENCE_S
    while any(pattern.search(_command_line(path)) for path in Path("/proc").glob("[0-9]*/cmdline")):
        assert time.monotonic() < end, "an encoder still runs"
        time.sleep(0.02)


def _command_line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def grown(path: Path, size: int = 2000) -> Callable[[], bool]:
    return lambda: path.exists() and path.stat().st_size > size


def events(folder: Path) -> list[dict[str, Any]]:
    """Every event of a session; a line that is not JSON fails."""
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def resident_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
