"""Batches in processes of their own, and their datasets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
"""Longest time of a batch in these tests, on a busy machine."""


def start(*argv: object, **env: str) -> subprocess.Popen[str]:
    """Starts a batch in a session of its own, so that all its processes can be killed together."""
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "batch", *(str(a) for a in argv)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **env}, cwd=ROOT, start_new_session=True,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Waits for a batch; returns its exit code and what it said."""
    try:
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return process.returncode, said


def run(*argv: object, **env: str) -> tuple[int, str]:
    """Runs a batch; returns its exit code and what it said."""
    return finish(start(*argv, **env))


def content(dataset: Path) -> dict[str, list[dict[str, Any]]]:
    """All rows of a dataset, by table and recording."""
    tables = {}
    for path in sorted(dataset.rglob("*.parquet")):
        rows = pq.ParquetFile(path).read().to_pylist()
        if not path.name.startswith("."):
            tables[str(path.relative_to(dataset))] = rows
    return tables
