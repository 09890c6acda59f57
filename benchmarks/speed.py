"""Cost of one face: CPU time per frame by stage, frames per second, memory, start.

    python -m benchmarks.speed ../shared/videos/pyfeat_single_face.mp4

The clip is decoded and letterboxed first, then played repeatedly on a 30 Hz clock through the pipeline and the logs, so
decoding is not included.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from monitor.capture.kinds import open_source
from monitor.cli.measure import measure
from monitor.core.types import Image
from monitor.settings.config import Config
from monitor.system.processor import processor


def load(path: str, width: int, height: int, most: int = 300) -> list[Image]:
    """Frames of a clip, letterboxed to ``width`` x ``height`` pixels; at most ``most``."""
    source = open_source(path, Config().source)
    frames: list[Image] = []
    while len(frames) < most and (frame := source.read()) is not None:
        scale = min(width / frame.size[0], height / frame.size[1])
        inner = cv2.resize(frame.image, (round(frame.size[0] * scale), round(frame.size[1] * scale)))
        top, left = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
        boxed = cv2.copyMakeBorder(
            inner, top, height - inner.shape[0] - top, left, width - inner.shape[1] - left, cv2.BORDER_CONSTANT
        )
        frames.append(np.asarray(boxed, dtype=np.uint8))
    source.close()
    return frames


def start_up(path: str, python: str = sys.executable) -> tuple[float, float]:
    """Seconds from process start to the first logged reading, and the peak RSS of the run in MB.

    Bytecode is cached, as pip does at an install: compiling our sources would add 0.14 s.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "s" / "faces.csv"
        command = [python, "-m", "monitor", "--source", path, "--headless", "-q", "--out", str(table.parent)]
        started = time.monotonic()
        child = subprocess.Popen([*command, "--set", "output.flush_s=0"], stderr=subprocess.DEVNULL, env=environ)
        first = 0.0
        while True:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if not first and table.exists() and ",1," in table.read_text():
                first = time.monotonic() - started
            time.sleep(0.005)
        if status:
            raise SystemExit(f"the monitor ended with {os.waitstatus_to_exitcode(status)}")
    return first, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of the measurement")
    parser.add_argument("--python", default=sys.executable, help="interpreter to start")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start_up(args.clip, args.python)  # compiles, and fills the page cache
    starts = sorted(start_up(args.clip, args.python) for _ in range(5))
    width, height = (int(n) for n in args.size.split("x"))
    stages, faces, wall = measure(load(args.clip, width, height), Config(), args.seconds)
    cpu = np.sum(list(stages.values()), axis=0)
    print(f"{processor()}, Python {platform.python_version()}, {args.size}, N = {len(cpu)}")
    print(f"CPU per frame: mean {cpu.mean():.2f} ms, p50 {np.median(cpu):.2f}, p95 {np.percentile(cpu, 95):.2f}")
    print(f"fps possible on one thread: {len(cpu) / wall:.0f}; faces per frame: {faces:.3f}")
    for name, ms in stages.items():
        print(f"  {name:6} p50 {np.median(ms):.2f} ms  p95 {np.percentile(ms, 95):.2f} ms")
    print(
        f"start to first reading: median {starts[2][0]:.2f} s of 5; peak RSS of the headless run {starts[2][1]:.0f} MB"
    )


if __name__ == "__main__":
    main()
