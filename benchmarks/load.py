"""The governor under load: the whole program with a network camera, on a core that other processes use, too.

    python -m benchmarks.load ../shared/videos/pyfeat_single_face.mp4

A small server sends the clip as an MJPEG camera at 30 Hz in real time, and drops frames that are not taken, as a
camera does. The monitor is bound to one core (``taskset``) with ``nice``. After some seconds busy loops of normal
priority start on the same core; later they end. For each phase the table shows, from the log, frames per second,
latency since the grab, age of the frames since the server sent them (network buffers would add to it), and readings
per second. The changes of the governor are listed as logged, and compared with ``events.jsonl``.
"""

from __future__ import annotations

import argparse
import csv
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from benchmarks.speed import load
from monitor.cli.measure import HZ

CORE = "0"
SENT_BYTES = 65_536
"""Size of the send buffer: two frames. A camera does not buffer more."""


class Camera(http.server.ThreadingHTTPServer):
    """Sends frames in real time.

    Attributes:
        jpegs: The frames, forwards and backwards.
        sent: Wall time at which each frame was sent.
    """

    daemon_threads = True

    def __init__(self, jpegs: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jpegs = [*jpegs, *jpegs[::-1]]
        self.sent: list[float] = []

    @property
    def url(self) -> str:
        """The URL of the camera."""
        return f"http://127.0.0.1:{self.server_address[1]}/camera.mjpg"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Camera

    def setup(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_BYTES)
        super().setup()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        started, number = time.monotonic(), 0
        self.server.sent.clear()
        try:
            while True:
                number = max(number + 1, int((time.monotonic() - started) * HZ))  # missed frames are dropped
                time.sleep(max(0.0, started + number / HZ - time.monotonic()))
                jpeg = self.server.jpegs[number % len(self.server.jpegs)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.server.sent.append(time.time())
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        """Logs nothing: standard output holds the table."""


def spin(count: int, seconds: float) -> list[subprocess.Popen[bytes]]:
    """Starts busy loops on the core."""
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    return [subprocess.Popen(["taskset", "-c", CORE, sys.executable, "-S", "-c", code]) for _ in range(count)]


def phase(name: str, rows: list[dict[str, str]], sent: Sequence[float], first: int, start: float, end: float) -> str:
    """One line of the table: the rows between two wall times."""
    own = [row for row in rows if start <= _wall(row) < end]
    if not own:
        return f"| {name} | 0 | | | | | | |"
    frames = sorted({int(row["frame"]) for row in own})
    latency = np.array([float(row["latency_ms"]) for row in own])
    # A row is written right after its step. Before frame 0 the camera sent ``first`` other frames.
    ages = np.array(
        [(_wall(row) - sent[n]) * 1e3 + float(row["latency_ms"]) for row in own
         if (n := int(row["frame"]) + first) < len(sent)]
    )  # fmt: skip
    half = len(latency) // 2
    halves = [np.percentile(part, 95) for part in (latency[:half], latency[half:])]
    read = sum(bool(row["raw_emotion"]) for row in own) / (end - start)
    return (
        f"| {name} | {len(frames) / (end - start):.1f} | {np.median(latency):.0f} | {np.percentile(latency, 95):.0f} | "
        f"{latency.max():.0f} | {halves[0]:.0f} / {halves[1]:.0f} | "
        f"{np.median(ages):.0f} / {np.percentile(ages, 95):.0f} | {read:.1f} |"
    )


def _wall(row: dict[str, str]) -> float:
    return datetime.fromisoformat(row["timestamp"]).timestamp()


def main() -> None:
    """Runs the phases and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip")
    parser.add_argument("--loops", type=int, default=1, help="busy loops on the monitor's core")
    parser.add_argument("--nice", type=int, default=10, help="niceness of the monitor")
    parser.add_argument("--quiet-s", type=float, default=12.0, help="seconds before the load")
    parser.add_argument("--load-s", type=float, default=25.0, help="seconds of load")
    parser.add_argument("--after-s", type=float, default=62.0, help="seconds after it")
    args = parser.parse_args()
    images = load(args.clip, 640, 480, 120)
    camera = Camera([cv2.imencode(".jpg", image)[1].tobytes() for image in images])
    threading.Thread(target=camera.serve_forever, daemon=True).start()
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {int(CORE)} or {int(CORE)})
    with tempfile.TemporaryDirectory() as name:
        folder, said = Path(name) / "s", Path(name) / "said"
        command = ["taskset", "-c", CORE, "nice", "-n", str(args.nice), sys.executable, "-m", "monitor",
                   "--source", camera.url, "--headless", "--out", str(folder)]  # fmt: skip
        with said.open("w") as file:
            child = subprocess.Popen(command, stderr=file, stdout=subprocess.DEVNULL)
        while not (folder / "events.jsonl").exists():
            if child.poll() is not None:
                raise SystemExit(said.read_text())
            time.sleep(0.05)
        marks = [time.time() + 1]
        time.sleep(args.quiet_s + 1)
        marks.append(time.time())
        loops = spin(args.loops, args.load_s)
        for loop in loops:
            loop.wait()
        marks.append(time.time())
        time.sleep(args.after_s)
        marks.append(time.time())
        sent = list(camera.sent)
        child.terminate()
        child.wait(10)
        with (folder / "faces.csv").open() as file:
            rows = list(csv.DictReader(file))
        events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        lines = [line for line in said.read_text().splitlines() if "degraded" in line]
    # Opening the camera reads one frame to check it.
    first = 1
    print(f"| phase ({args.loops} busy loops, monitor at nice {args.nice}) | frames/s | latency p50 ms | p95 | max | "
          "p95 of its halves | age p50 / p95 ms | readings/s |")  # fmt: skip
    print("|" + "---|" * 8)
    last = marks[2] + (marks[3] - marks[2]) * 0.8
    spans = {"before": (marks[0], marks[1]), "load": (marks[1], marks[2]), "after": (marks[2], last),
             "the last fifth of after": (last, marks[3])}  # fmt: skip
    for title, (start, end) in spans.items():
        print(phase(title, rows, sent, first, start, end))
    changes = [e for e in events if e["kind"] == "load" and e["phase"] == "start"]
    print(f"\n{len(lines)} log lines, {len(changes)} events of a new step:")
    for event in changes:
        at = datetime.fromisoformat(event["timestamp"]).timestamp() - marks[1]
        print(f"  {at:+6.1f} s  step {event['step']}, {event['because']}")
    steps = [int(m[1]) if (m := re.search(r"step (\d+)", line)) else 0 for line in lines]
    ended = "back at full effort" if steps[-1:] in ([], [0]) else "not back at full effort"
    print(f"  steps as logged: {steps}; {ended}")


if __name__ == "__main__":
    main()
