"""Whole-process CPU time for a live MJPEG camera, beside OpenCV's capture with MediaPipe's detector.

    python -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.14
    python -m benchmarks.mjpeg ../shared/videos/pyfeat_single_face.mp4 --mediapipe /tmp/mp/bin/python

A server in a process of its own sends the clip as 640x480 MJPEG at 30 Hz over HTTP, as a network camera does. In turn,
the whole program (headless, with its logs) and MediaPipe's interpreter (``cv2.VideoCapture``, then its detector on each
picture) each take a few frames and many frames. The difference of the CPU times by the difference of the frames leaves
out the start. The cost of decoding alone, in color and in gray, is measured in this process.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.archives import cpu
from monitor.system.processor import processor

HZ = 30
FEW = 60
"""Frames of the short run."""
THEIRS = """
import sys
import cv2
import mediapipe as mp
cv2.setNumThreads(1)
capture = cv2.VideoCapture(sys.argv[1])
with mp.solutions.face_detection.FaceDetection(model_selection=0) as detector:
    for _ in range(int(sys.argv[2])):
        ok, image = capture.read()
        if not ok:
            break
        detector.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
"""


def pictures(clip: Path, count: int) -> list[bytes]:
    """The first frames of a clip as JPEG pictures of 640x480, as a camera sends them."""
    fit = "scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuvj422p"
    with tempfile.TemporaryDirectory() as name:
        before = ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", str(clip), "-frames:v", str(count)]
        encode = ["-an", "-r", str(HZ), "-vf", fit, "-c:v", "mjpeg", "-q:v", "4", f"{name}/%05d.jpg"]
        subprocess.run([*before, *encode], check=True)
        return [path.read_bytes() for path in sorted(Path(name).iterdir())]


def serve(jpegs: list[bytes], port: Connection) -> None:
    """Sends the pictures to every client at ``HZ``, forwards and backwards so that no face jumps."""
    endless = jpegs + jpegs[::-1]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            begun, number = time.monotonic(), 0
            with contextlib.suppress(OSError):
                while True:
                    jpeg = endless[number % len(endless)]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    number += 1
                    time.sleep(max(0.0, begun + number / HZ - time.monotonic()))

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    port.send(server.server_address[1])
    server.serve_forever()


@contextlib.contextmanager
def camera(jpegs: list[bytes]) -> Iterator[str]:
    """The address of a network camera that shows the pictures."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(jpegs, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/video.mjpg"
    finally:
        process.terminate()
        process.join()


def decoding(jpegs: list[bytes]) -> dict[str, float]:
    """CPU milliseconds to decode one JPEG picture."""
    arrays: list[NDArray[Any]] = [np.frombuffer(jpeg, np.uint8) for jpeg in jpegs[:30]]
    spent = {}
    for name, mode in (("color", cv2.IMREAD_COLOR), ("gray", cv2.IMREAD_GRAYSCALE)):
        started = time.process_time()
        for array in arrays * 5:
            cv2.imdecode(array, mode)
        spent[name] = (time.process_time() - started) * 1e3 / len(arrays) / 5
    return spent


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--mediapipe", required=True, help="a Python that has mediapipe")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the long run; the short one has 2 s")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    many = round(args.seconds * HZ)
    jpegs = pictures(args.clip, 300)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name, camera(jpegs) as url:
        for number in range(args.rounds):

            def monitor(frames: int, number: int = number) -> float:
                out = Path(name) / f"{number}-{frames}"
                command = [sys.executable, "-m", "monitor", url, "--headless", "-q", "--out", str(out)]
                return cpu([*command, "--max-frames", str(frames)])[0]

            def detector(frames: int) -> float:
                return cpu([args.mediapipe, "-c", THEIRS, url, str(frames)])[0]

            ours.append((monitor(many) - monitor(FEW)) * 1e3 / (many - FEW))
            theirs.append((detector(many) - detector(FEW)) * 1e3 / (many - FEW))
    spent = decoding(jpegs)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(f"{processor()}; {args.clip.name}, 640x480 MJPEG at {HZ} Hz, {many - FEW} frames, {args.rounds} rounds\n")
    print("| run | CPU ms per frame (rounds) |\n|---|---|")
    for title, values in (("the whole program, headless", ours), ("OpenCV capture + MediaPipe detector", theirs)):
        print(f"| {title} | {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) |")
    print(f"\nratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), wanted 0.50")
    print("decoding one picture: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in spent.items()))


if __name__ == "__main__":
    main()
