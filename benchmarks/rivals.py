"""Cost of this program and of other face detectors, on the same frames and in the same minutes.

    python -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.14
    python -m benchmarks.rivals ../shared/videos/pyfeat_single_face.mp4 --mediapipe /tmp/mp/bin/python

Milliseconds depend on the machine and its load, ratios hardly. So everything is measured in turn for some seconds, in
several rounds: this program as ``bench`` measures it, a Haar search of the whole frame at half its size, and, in
another interpreter, MediaPipe's face detector and face mesh, which read no expressions. Our figure is the CPU time of
the working thread, MediaPipe's that of its process; decoding is not included. "Gray" is the same with gray pictures,
as a run gets them from an MJPEG camera and a batch from a file.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.growth import cut_out, scene
from benchmarks.speed import load
from monitor.cli.measure import measure
from monitor.core.types import Image
from monitor.faces.crop import as_gray
from monitor.settings import config as configuration
from monitor.settings.config import Config
from monitor.system.processor import processor

WANTED = {"one face": 1.0, "three faces": 2.2, "driver profile": 1.8, "nobody, moving picture": 1.5}
"""Our targets in milliseconds, on a machine where MediaPipe's detector takes ``DETECTOR_MS``."""
WANTED_P95 = 2.5
"""Target of the 95th percentile for one face."""
DETECTOR_MS = 1.7
"""Mean milliseconds of MediaPipe's face detector on the machine of ``WANTED``."""
THEIRS = """
import sys, time
import cv2, numpy as np
import mediapipe as mp
cv2.setNumThreads(1)
frames = [np.ascontiguousarray(f[:, :, ::-1]) for f in np.load(sys.argv[1])]
solutions = mp.solutions
models = {
    "MediaPipe face detector": solutions.face_detection.FaceDetection(model_selection=0),
    "MediaPipe face mesh": solutions.face_mesh.FaceMesh(max_num_faces=1),
}
for line in sys.stdin:
    name, seconds = line.rsplit(" ", 1)
    spent, began, n = [], time.monotonic(), 0
    while n < 30 or time.monotonic() - began < float(seconds):
        at = n % (2 * len(frames))
        frame = frames[at] if at < len(frames) else frames[2 * len(frames) - 1 - at]
        started = time.process_time()
        models[name.strip()].process(frame)
        spent.append((time.process_time() - started) * 1e3)
        n += 1
    print("ms", *(f"{v:.3f}" for v in spent[10:]), flush=True)
"""


class MediaPipe:
    """Another interpreter that runs MediaPipe's solutions on fixed frames."""

    def __init__(self, python: str, frames: list[Image], folder: Path) -> None:
        """Starts the interpreter.

        Args:
            python: Path of a Python that has mediapipe.
            frames: (H, W, 3) uint8 BGR each.
            folder: Where the frames are stored.
        """
        path = folder / "frames.npy"
        np.save(path, np.stack(frames))
        try:
            self._child = subprocess.Popen(
                [python, "-c", THEIRS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        except OSError as error:
            raise SystemExit(f"--mediapipe {python}: {error.strerror}; give a Python that has mediapipe") from None

    def measure(self, name: str, seconds: float) -> list[float]:
        """CPU milliseconds per frame of the model ``name``."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.write(f"{name} {seconds}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # the interpreter has ended; the loop below reports it
        while line := self._child.stdout.readline():
            if line.startswith("ms "):
                return [float(v) for v in line.split()[1:]]
        raise SystemExit("--mediapipe: this interpreter has no mediapipe with `solutions`; install mediapipe==0.10.14")

    def close(self) -> None:
        """Ends the interpreter."""
        self._child.kill()
        self._child.communicate()


def ours(images: list[Image], config: Config) -> Callable[[float], list[float]]:
    """Measures this program on the frames."""

    def run(seconds: float) -> list[float]:
        stages, _, _ = measure(images, config, seconds)
        return [float(v) for v in np.sum(list(stages.values()), axis=0)]

    return run


def haar(images: list[Image]) -> Callable[[float], list[float]]:
    """Measures a search of each whole frame at half its size by OpenCV's frontal cascade."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

    def run(seconds: float) -> list[float]:
        spent: list[float] = []
        began = time.monotonic()
        while len(spent) < 10 or time.monotonic() - began < seconds:
            image = images[len(spent) % len(images)]
            started = time.thread_time()
            gray = cv2.cvtColor(cv2.resize(image, None, fx=0.5, fy=0.5), cv2.COLOR_BGR2GRAY)
            cascade.detectMultiScale(gray, 1.1, 5, minSize=(30, 30))
            spent.append((time.thread_time() - started) * 1e3)
        return spent

    return run


def table(rounds: dict[str, list[list[float]]]) -> str:
    """Rows of a Markdown table: mean over the rounds and their range, p50, p95, ratio to the detector, target.

    Args:
        rounds: Milliseconds per frame of each round, by name.
    """
    detector = rounds.get("MediaPipe face detector")
    base = statistics.fmean(statistics.fmean(own) for own in detector) if detector else None
    lines = [
        "| | N | mean ms (rounds) | p50 | p95 | mean ÷ MediaPipe's detector | target |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, own in rounds.items():
        means = [statistics.fmean(v) for v in own]
        every: NDArray[np.float64] = np.concatenate([np.array(v) for v in own])
        ratio = f"{statistics.fmean(means) / base:.2f}" if base else ""
        wanted = f"{WANTED[name] / DETECTOR_MS:.2f}" if name in WANTED else ""
        if name == "one face" and base:
            ratio += f", p95 {np.percentile(every, 95) / base:.2f}"
            wanted += f", p95 {WANTED_P95 / DETECTOR_MS:.2f}"
        lines.append(
            f"| {name} | {len(every)} | {statistics.fmean(means):.2f} ({min(means):.2f} to {max(means):.2f}) | "
            f"{np.median(every):.2f} | {np.percentile(every, 95):.2f} | {ratio} | {wanted} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", help="a clip with one face")
    parser.add_argument("--driver", help="a clip for the driver profile (default: the first clip)")
    parser.add_argument("--nobody", help="a clip without faces in a moving picture")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0, help="seconds per measurement")
    parser.add_argument("--mediapipe", help="a Python that has mediapipe==0.10.14")
    args = parser.parse_args()
    width, height = (int(n) for n in args.size.split("x"))
    frames = load(args.clip, width, height)
    driver = load(args.driver, width, height) if args.driver else frames
    profile = configuration.load(None, [], "driver")[0]
    contenders: dict[str, Callable[[float], Any]] = {
        "one face": ours(frames, Config()),
        "one face, gray": ours(list(map(as_gray, frames)), Config()),
        "three faces": ours(scene(cut_out(args.clip), 3, width, height), Config()),
        "driver profile": ours(driver, profile),
        "driver profile, gray": ours(list(map(as_gray, driver)), profile),
    }
    if args.nobody:
        contenders["nobody, moving picture"] = ours(load(args.nobody, width, height), Config())
    contenders["Haar, whole frame at half size"] = haar(frames)
    with tempfile.TemporaryDirectory() as folder:
        rival = MediaPipe(args.mediapipe, frames, Path(folder)) if args.mediapipe else None
        if rival is not None:
            for name in ("MediaPipe face detector", "MediaPipe face mesh"):
                contenders[name] = lambda seconds, name=name: rival.measure(name, seconds)  # type: ignore[misc]
        rounds: dict[str, list[list[float]]] = {name: [] for name in contenders}
        try:
            for _ in range(args.rounds):
                for name, run in contenders.items():
                    rounds[name].append(run(args.seconds))
        finally:
            if rival is not None:
                rival.close()
    print(f"{processor()}\n")
    print(table(rounds))


if __name__ == "__main__":
    main()
