"""Several cameras in one process: memory of a further camera, CPU time of a frame, and how evenly frames are shared.

    python -m benchmarks.cameras ../shared/videos/pyfeat_single_face.mp4

Each run starts the whole program with so many sources: network cameras (MJPEG at 30 Hz from a small server, newest
frame wins) or copies of a video file at true speed. Memory is the peak of the process; CPU time includes decoding and
logs. Runs with 1, 2 and 4 sources take turns. With ``--core 0`` the program has one core, which is too little for four
cameras with driver profile: how do they share it?
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.load import Camera
from benchmarks.speed import load

COUNTS = [1, 2, 4]


def ran(sources: Sequence[str], seconds: float, flags: Sequence[str], core: str = "") -> tuple[float, float, list[int]]:
    """Peak memory in MB, CPU milliseconds per frame, and the frames of each source."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "s"
        bound = ["taskset", "-c", core] if core else []
        command = [*bound, sys.executable, "-m", "monitor", *sources, "--headless", "-q", "--out", str(folder), *flags,
                   "--max-seconds", f"{seconds:g}", "--set", "source.pace=always"]  # fmt: skip
        child, peak = subprocess.Popen(command, stderr=subprocess.DEVNULL), 0.0
        while True:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            peak = max(peak, _peak_mb(child.pid))
            time.sleep(0.1)
        if status:
            raise SystemExit(f"the monitor ended with {os.waitstatus_to_exitcode(status)}")
        summary = json.loads((folder / "summary.json").read_text())
        frames = [summary["frames"]] if len(sources) == 1 else [c["frames"] for c in summary["cameras"].values()]
    return peak, (usage.ru_utime + usage.ru_stime) / sum(frames) * 1e3, frames


def _peak_mb(pid: int) -> float:
    """VmHWM of a process. ``ru_maxrss`` would include the memory of this one at the fork."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", default="", help="bind the monitor to this core")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="numbers of sources")
    parser.add_argument("--only", default="", help="leave out kinds of sources without this word")
    args = parser.parse_args()
    jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in load(args.clip, 640, 480, 120)]
    servers = [Camera(jpegs) for _ in range(max(COUNTS))]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    kinds = {
        "network cameras, 640x480": ([server.url for server in servers], ()),
        "network cameras, recorded": ([server.url for server in servers], ("--record",)),
        "driver profile, network cameras": ([server.url for server in servers], ("--profile", "driver")),
        "video file": ([args.clip] * max(COUNTS), ("--set", "source.loop=always")),
    }
    print("| sources | number | peak MB (median) | MB a further one | ms CPU a frame | frames a second | "
          "least ÷ most frames |")  # fmt: skip
    print("|" + "---|" * 7)
    for kind, (sources, flags) in kinds.items():
        if args.only not in kind:
            continue
        runs: dict[int, list[tuple[float, float, list[int]]]] = {count: [] for count in args.counts}
        for _ in range(args.rounds):
            for count in args.counts:
                runs[count].append(ran(sources[:count], args.seconds, flags, args.core))
        alone = float(np.median([run[0] for run in runs[1]])) if 1 in runs else 0.0
        for count, results in runs.items():
            peak, cost = (float(np.median([run[n] for run in results])) for n in (0, 1))
            rate = float(np.median([sum(run[2]) for run in results])) / args.seconds
            even = min(min(run[2]) / max(run[2]) for run in results)
            more = f"{(peak - alone) / (count - 1):.1f}" if alone and count > 1 else ""
            print(f"| {kind} | {count} | {peak:.0f} | {more} | {cost:.2f} | {rate:.0f} | {even:.2f} |", flush=True)


if __name__ == "__main__":
    main()
