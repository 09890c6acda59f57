"""CPU time of a batch beside bare decoding of the same file, and the cost of a file, of a worker and of a long file.

    python -m benchmarks.archives ../shared/videos/pyfeat_single_face.mp4 --size 1920x1080
    python -m benchmarks.archives ../shared/videos/pyfeat_single_face.mp4 --size 640x480
    python -m benchmarks.archives ../shared/videos/push_blink4.mp4

The clip is repeated and encoded as H.264 (x264, medium, CRF 23). Then these processes take turns for some rounds:

- ``ffmpeg -f null`` on the video stream,
- one worker's analysis (``monitor.batch.analyse``) through PyAV and through OpenCV, at every frame and at ``--fps``.

Two ratios of CPU times are printed: of the whole processes, and without the start, which is the same for a file of
any length (Python, packages, networks; for ffmpeg a run of one frame).
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from monitor.system.processor import processor

BARE = "ffmpeg -f null"
ONE_RUN = """
import sys, time
from pathlib import Path
from monitor.batch import spans
from monitor.batch.analyse import Request, analyse, networks
from monitor.batch.dataset import face_table
from monitor.settings.config import load
config, _ = load(None, [f"source.reader={sys.argv[3]}"], "")
networks(config)
face_table({"frame": []})
started = time.process_time()
part = analyse(Path(sys.argv[1]), spans.plan(0, 0, 0)[0], 0.0, Request(config, float(sys.argv[2])))
face_table(part.table)
print(part.frames, sum(v == 1 for v in part.table["success"]), started)
"""


def encoded(clip: Path, size: str, seconds: float, target: Path) -> None:
    """Repeats a clip and encodes it as H.264; ``size`` "" keeps its own size."""
    box = size.replace("x", ":")
    fit = f"scale={box}:force_original_aspect_ratio=decrease,pad={box}:(ow-iw)/2:(oh-ih)/2,setsar=1" if size else "null"
    before = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-stream_loop", "-1", "-i", str(clip), "-t", str(seconds)]
    codec = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "23", "-preset", "medium"]
    subprocess.run([*before, "-an", "-vf", fit, *codec, str(target)], check=True)


def cpu(command: Sequence[str]) -> tuple[float, str]:
    """Seconds of CPU time of a process and its children, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout.strip()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--size", default="", help="width x height; default the clip's own")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the encoded file")
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "clip.mp4"
        encoded(args.clip, args.size, args.seconds, path)

        def ours(every_s: float, reader: str) -> list[str]:
            return [sys.executable, "-c", ONE_RUN, str(path), str(every_s), reader]

        decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-map", "0:v:0"]
        contenders = {
            "ffmpeg -f null": [
                "ffmpeg",
                "-v",
                "error",
                "-nostdin",
                "-i",
                str(path),
                "-map",
                "0:v:0",
                "-f",
                "null",
                "-",
            ],
            "every frame, PyAV": ours(0.0, "auto"),
            f"{args.fps:g} a second, PyAV": ours(1 / args.fps, "auto"),
            "every frame, OpenCV": ours(0.0, "opencv"),
            f"{args.fps:g} a second, OpenCV": ours(1 / args.fps, "opencv"),
        }
        first = [*decode, "-frames:v", "1", "-f", "null", "-"]
        whole: dict[str, list[float]] = {title: [] for title in contenders}
        reading: dict[str, list[float]] = {title: [] for title in contenders}
        said = dict.fromkeys(contenders, "")
        for _ in range(args.rounds):
            for title, command in contenders.items():
                seconds, said[title] = cpu(command)
                start = float(said[title].split()[2]) if said[title] else cpu(first)[0]
                whole[title].append(seconds)
                reading[title].append(seconds - start)
        megabytes = path.stat().st_size / 1e6
    frames = int(said["every frame, PyAV"].split()[0])
    print(f"{processor()}; {args.clip.name} {args.size}, {frames} frames, {megabytes:.1f} MB, {args.rounds} rounds\n")
    print("| run | frames analysed | rows with a face | CPU ms per frame | ÷ ffmpeg (rounds) | whole process |")
    print("|---|---|---|---|---|---|")
    for title in contenders:
        counts = (said[title] or "0 0").split()
        ratios = _ratios(reading[title], reading[BARE])
        print(
            f"| {title} | {counts[0]} | {counts[1]} | {statistics.median(reading[title]) * 1e3 / frames:.2f} | "
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | "
            f"{statistics.median(_ratios(whole[title], whole[BARE])):.2f} |"
        )


def _ratios(values: list[float], bases: list[float]) -> list[float]:
    return [value / base for value, base in zip(values, bases, strict=True)]


if __name__ == "__main__":
    main()
