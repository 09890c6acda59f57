"""Cost of viewers of the live page: latency of the loop, CPU time and memory with and without them.

    python -m benchmarks.viewers ../shared/videos/munb_4.avi

The program plays the clip in a loop at true speed with the page on loopback. Phases without viewers and with ten take
turns; each viewer reads the picture stream and the stream of readings, in a process of its own. The latency of a file
is the duration of a step. CPU time is that of the program, without the viewers. Memory without viewers is that of the
first phase.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np

VIEWER = """
import sys, threading, urllib.request
def read(path):
    with urllib.request.urlopen(sys.argv[1] + path) as answer:
        while answer.read1(65536):
            pass
for path in ("/picture.mjpg", "/api/stream"):
    for _ in range(int(sys.argv[2])):
        threading.Thread(target=read, args=(path,), daemon=True).start()
threading.Event().wait()
"""
SETTLE_S = 2.0
"""Seconds at the beginning of each phase that are not measured."""


def rss_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Runs the phases and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip")
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a phase")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "s"
        settings = ("source.loop=always", "source.pace=always", "output.flush_s=0")
        command = [sys.executable, "-m", "monitor", args.clip, "--headless", "--web", "0", "--out", str(folder)]
        command += [word for setting in settings for word in ("--set", setting)]
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert child.stderr is not None
        found = (re.search(r"http://[\d.]+:\d+", line) for line in child.stderr)
        address = next(match[0] for match in found if match)
        time.sleep(SETTLE_S)
        spans: list[tuple[int, float, float, float, float]] = []
        for number in range(2 * args.rounds):
            viewers = args.viewers if number % 2 else 0
            crowd = subprocess.Popen([sys.executable, "-c", VIEWER, address, str(viewers)])
            time.sleep(SETTLE_S)
            began, used = time.time(), cpu_s(child.pid)
            time.sleep(args.seconds)
            spans.append((viewers, began, time.time(), cpu_s(child.pid) - used, rss_mb(child.pid)))
            crowd.kill()
            crowd.wait()
        child.terminate()
        child.wait(20)
        with (folder / "faces.csv").open() as file:
            rows = [(datetime.fromisoformat(row["timestamp"]).timestamp(), float(row["latency_ms"]))
                    for row in csv.DictReader(file)]  # fmt: skip
    print("| viewers | rows | latency p50 ms | p95 | CPU share of a core | memory MB |")
    print("|---|---|---|---|---|---|")
    for viewers in (0, args.viewers):
        mine = [span for span in spans if span[0] == viewers]
        ms = np.array([latency for t, latency in rows if any(span[1] <= t < span[2] for span in mine)])
        share = sum(span[3] for span in mine) / sum(span[2] - span[1] for span in mine)
        print(
            f"| {viewers} | {len(ms)} | {np.median(ms):.2f} | {np.percentile(ms, 95):.2f} | {share:.2f} | "
            f"{mine[0][4] if viewers == 0 else max(span[4] for span in mine):.0f} |"
        )


if __name__ == "__main__":
    main()
