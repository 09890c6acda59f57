"""Runs the monitor, its driver profile and the quick tests on an emulated 64-bit Raspberry Pi 4.

python deploy/arm64.py EMULATOR FOLDER

EMULATOR is ``arm64-python`` (prepare and run); FOLDER holds its user land between calls and is filled at the first one.
This proves that code, wheels and int8 kernels work there; the times do not apply to a real Pi.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST_PACKAGES = ("pytest", "hypothesis", "sortedcontainers", "iniconfig", "pluggy", "packaging", "pygments")
TESTS = (
    "tests/expression/test_steady.py", "tests/expression/test_smoother.py", "tests/expression/test_episodes.py",
    "tests/settings/test_config.py", "tests/core/test_incidents.py", "tests/run/test_supervisor.py",
    "tests/test_pipeline.py",
    "tests/outputs/logs/test_linelog.py", "tests/outputs/logs/test_retention.py", "tests/outputs/logs/test_storage.py",
    "tests/outputs/logs/test_rotation.py", "tests/outputs/logs/test_housekeeping.py",
    "tests/faults/test_time.py", "tests/networks/test_card.py",
)  # fmt: skip
"""Excludes tests with processes of their own, long stories and video, because the emulator is 10 to 30 times slower."""
FRAMES = 60


def main(emulator: str, folder: str) -> int:
    """Prepares missing parts, then runs the three jobs; returns 0 if all of them pass."""
    site = Path(folder) / "site"
    if not (site / "pytest").is_dir():
        lock = (ROOT / "deploy/edge.lock").read_text()
        pinned = re.findall(r"^([a-z0-9-]+==[^ ]+) \\$", lock, re.M)
        subprocess.run([emulator, "prepare", folder, *pinned, *TEST_PACKAGES], check=True)
    jobs = [
        ("headless monitor", lambda: monitor(emulator, folder, [])),
        ("driver profile", lambda: monitor(emulator, folder, ["--profile", "driver"])),
        ("quick tests", lambda: tests(emulator, folder)),
    ]
    failed = 0
    for name, job in jobs:
        started = time.monotonic()
        said = job()
        failed += said.startswith("FAILED")
        print(f"arm64: {name}: {said} ({time.monotonic() - started:.0f} s)", flush=True)
    return int(failed > 0)


def run(emulator: str, folder: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs Python on the emulated machine, with this checkout on its path."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [emulator, "run", folder, *argv]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)


def monitor(emulator: str, folder: str, flags: list[str]) -> str:
    """Runs the demo headless until its first smile; returns the content of its table."""
    with tempfile.TemporaryDirectory() as out:
        session = Path(out) / "s"
        argv = ["-m", "monitor", "--source", "demo", "--headless", "-q", "--out", str(session)]
        done = run(emulator, folder, *argv, "--max-frames", str(FRAMES), "--set", "output.rows=every", *flags)
        if done.returncode:
            return f"FAILED with code {done.returncode}: {done.stderr.strip()[-500:]}"
        with (session / "faces.csv").open() as file:
            rows = list(csv.DictReader(file))
    read = [row["emotion"] for row in rows if row["success"] == "1"]
    if len({row["frame"] for row in rows}) != FRAMES or "neutral" not in read:
        return f"FAILED: {len(rows)} rows, read {sorted(set(read))}"
    return f"{len(rows)} rows, {len(read)} with a face, {', '.join(sorted(set(read)))}"


def tests(emulator: str, folder: str) -> str:
    """The quick tests; pytest's last line."""
    argv = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *TESTS]
    done = run(emulator, folder, *argv)
    last = (done.stdout.strip().splitlines() or [done.stderr.strip()[-500:]])[-1]
    return last if done.returncode == 0 else f"FAILED: {done.stdout[-3000:]}{done.stderr[-500:]}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: arm64.py EMULATOR FOLDER")
    sys.exit(main(sys.argv[1], sys.argv[2]))
