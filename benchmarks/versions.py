"""CPU time and memory of two versions of the program, in turn, as ratios that hold on a busy machine.

    git worktree add /tmp/before dc8a6e3
    python -m benchmarks.versions /tmp/before . ../shared/videos/munb_4.avi

Each round starts both versions headless from their own folders, first for one frame (the start), then for the whole
clip. Measured are user and system time of the process and its peak memory, which other processes hardly change; a frame
is the difference between both runs over the frames between them. The order changes with each round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


def spent(checkout: Path, clip: Path, frames: int) -> tuple[float, float]:
    """CPU seconds and peak RSS in MB of a headless run of a version.

    Args:
        checkout: Folder of the version.
        clip: A video.
        frames: The run ends after this many frames.

    Raises:
        SystemExit: The run failed.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "monitor", "--source", str(clip), "--headless", "-q",
                   "--max-frames", str(frames), "--out", f"{folder}/s"]  # fmt: skip
        child = subprocess.Popen(
            command, cwd=checkout, env={**environ, "PYTHONPATH": str(checkout)}, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{checkout}: the monitor ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("before", type=Path, help="folder of a version")
    parser.add_argument("after", type=Path, help="folder of another version")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=600, help="frames of the longer run; the clip must have as many")
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    checkouts, clip = (args.before.resolve(), args.after.resolve()), args.clip.resolve()
    for checkout in checkouts:
        spent(checkout, clip, 1)  # compiles, and fills the page cache
    rows: list[list[tuple[float, float, float]]] = [[], []]
    for number in range(args.rounds):
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            start, _ = spent(checkouts[which], clip, 1)
            whole, memory = spent(checkouts[which], clip, args.frames)
            rows[which].append((start, (whole - start) * 1e3 / (args.frames - 1), memory))
    before, after = (np.array(part) for part in rows)
    print(f"{clip.name}, {args.frames} frames, {args.rounds} rounds")
    print("| | before | after | ratio of the medians | ratios of the rounds |")
    print("|---|---|---|---|---|")
    for column, (title, digits) in enumerate((("start, CPU s", 3), ("frame, CPU ms", 2), ("peak memory, MB", 1))):
        old, new = before[:, column], after[:, column]
        ratios = new / old
        print(
            f"| {title} | {np.median(old):.{digits}f} | {np.median(new):.{digits}f} | "
            f"{np.median(new) / np.median(old):.3f} | {ratios.min():.3f} to {ratios.max():.3f} |"
        )


if __name__ == "__main__":
    main()
