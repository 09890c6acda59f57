"""Whole-process CPU time for the pictures of an MJPEG camera, beside OpenCV's capture with MediaPipe's detector.

    python -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.14
    python -m benchmarks.mjpeg ../shared/videos/pyfeat_single_face.mp4 --mediapipe /tmp/mp/bin/python

The clip is encoded as 640x480 MJPEG at 30 Hz in a short and a long AVI file. In turn, the whole program reads both
(headless, with its logs), and MediaPipe's interpreter reads both through ``cv2.VideoCapture`` and detects faces in
each picture. The difference of the CPU times by the difference of the frames leaves out the start. Both decode the same
JPEG pictures, in a process of their own; a real camera adds the same reading of the device to both. The cost of
decoding alone, in color and in gray, is measured in this process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.archives import cpu
from monitor.system.processor import processor

THEIRS = """
import sys
import cv2
import mediapipe as mp
cv2.setNumThreads(1)
capture = cv2.VideoCapture(sys.argv[1])
with mp.solutions.face_detection.FaceDetection(model_selection=0) as detector:
    while True:
        ok, image = capture.read()
        if not ok:
            break
        detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
"""


def encoded(clip: Path, seconds: float, target: Path) -> None:
    """Encodes a clip, repeated, as a 640x480 MJPEG camera sends it."""
    fit = "scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuvj422p"
    before = ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", str(clip), "-t", str(seconds)]
    subprocess.run([*before, "-an", "-r", "30", "-vf", fit, "-c:v", "mjpeg", "-q:v", "4", str(target)], check=True)


def decoding(path: Path) -> dict[str, float]:
    """CPU milliseconds to decode one JPEG picture."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    jpegs: list[np.ndarray] = []
    while len(jpegs) < 30 and (read := capture.read())[0]:
        jpegs.append(cv2.imencode(".jpg", np.asarray(read[1], np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])
    spent = {}
    for name, mode in (("color", cv2.IMREAD_COLOR), ("gray", cv2.IMREAD_GRAYSCALE),
                       ("gray, half size", cv2.IMREAD_REDUCED_GRAYSCALE_2)):  # fmt: skip
        started = time.process_time()
        for jpeg in jpegs * 5:
            cv2.imdecode(jpeg, mode)
        spent[name] = (time.process_time() - started) * 1e3 / len(jpegs) / 5
    return spent


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--mediapipe", required=True, help="a Python that has mediapipe")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the long file; the short one has 5 s")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        short, long = Path(name) / "short.avi", Path(name) / "long.avi"
        encoded(args.clip, 5, short)
        encoded(args.clip, args.seconds, long)
        frames = (args.seconds - 5) * 30
        for number in range(args.rounds):

            def monitor(path: Path, number: int = number) -> float:
                out = Path(name) / f"{number}{path.stem}"
                return cpu([sys.executable, "-m", "monitor", str(path), "--headless", "-q", "--out", str(out)])[0]

            def detector(path: Path) -> float:
                return cpu([args.mediapipe, "-c", THEIRS, str(path)])[0]

            ours.append((monitor(long) - monitor(short)) * 1e3 / frames)
            theirs.append((detector(long) - detector(short)) * 1e3 / frames)
        spent = decoding(long)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(f"{processor()}; {args.clip.name}, 640x480 MJPEG, {frames:.0f} frames, {args.rounds} rounds\n")
    print("| run | CPU ms per frame (rounds) |\n|---|---|")
    for title, values in (("the whole program, headless", ours), ("OpenCV capture + MediaPipe detector", theirs)):
        print(f"| {title} | {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) |")
    print(f"\nratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), wanted 0.50")
    print("decoding one picture: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in spent.items()))


if __name__ == "__main__":
    main()
