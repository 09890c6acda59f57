"""Costs of a whole batch: per file, per worker and for a recording of hours.

    python -m benchmarks.manyfiles ../shared/videos/pyfeat_single_face.mp4 --files 1000
    python -m benchmarks.manyfiles ../shared/videos/pyfeat_single_face.mp4 --files 0 --hours 10

Batches of the command line run in processes of their own: many files of two seconds with one worker and with two, and
one file with the same frames. The overhead of a file is the difference of their CPU times by the number of files. CPU
times of all processes count, Dask's scheduler included. With ``--hours`` a film of one frame in five seconds and that
length is read as well; with ``--film`` a film of pictures of the clip, one a second, of which every one is analysed.

The gain of a second worker is seen in wall time only on a quiet machine with two free cores; on a busy one compare the
CPU times: work that two workers do in the same CPU time takes half the time on two free cores. Two cores that share a
cache or a clock are slower together. So one bare decoder (``ffmpeg -threads 1 -f null``) and two at once are measured
as well: their gain is the most that two workers can reach on the machine.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from monitor.batch.dataset import Dataset
from monitor.system.processor import processor

SECONDS = 2
"""Length of a small file."""


@dataclass(frozen=True, slots=True)
class Run:
    """One batch.

    Attributes:
        cpu: CPU seconds of all its processes.
        wall: Seconds.
        frames: Frames analysed.
        worker_mb: Largest resident memory of a worker in MB (10^6 bytes).
        cpu_workers: CPU seconds of the workers, at the last look at them.
    """

    cpu: float
    wall: float
    frames: int
    worker_mb: float
    cpu_workers: float


def films(clip: Path, folder: Path, count: int) -> None:
    """Files of ``SECONDS`` with the same pictures and different content (a title)."""
    base = folder.parent / "base.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", str(clip), "-t", str(SECONDS), "-an", str(base)],
        check=True,
    )
    folder.mkdir()
    data = base.read_bytes()
    for n in range(count):
        # A box "free" at the end, which players skip.
        (folder / f"{n:05d}.mp4").write_bytes(data + (16).to_bytes(4, "big") + b"free" + n.to_bytes(8, "big"))
    repeat = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(count - 1), "-i", str(base), "-c", "copy"]
    subprocess.run([*repeat, str(folder.parent / "joined.mp4")], check=True)


def batch(source: Path, out: Path, *flags: str) -> Run:
    """Runs a batch and watches its workers."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "monitor", "batch", str(source), "--out", str(out), *flags])
    seen: dict[int, tuple[float, float]] = {}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, seen, over))
    watcher.start()
    code = process.wait()
    over.set()
    watcher.join()
    if code:
        raise SystemExit(f"the batch ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    frames = sum(row["frames"] for row in Dataset(out).videos())
    memory = max((mb for mb, _ in seen.values()), default=0.0)
    return Run(cpu, time.monotonic() - started, frames, memory, sum(spent for _, spent in seen.values()))


def _watch(pid: int, seen: dict[int, tuple[float, float]], over: threading.Event) -> None:
    """Notes the largest memory and the CPU time of each worker until the batch is over."""
    while not over.wait(0.2):
        try:
            for child in psutil.Process(pid).children(recursive=True):
                if "spawn_main" in " ".join(child.cmdline()):
                    most = max(seen.get(child.pid, (0.0, 0.0))[0], child.memory_info().rss / 1e6)
                    seen[child.pid] = (most, sum(child.cpu_times()[:2]))
        except psutil.Error:
            continue


def decoders(film: Path, count: int) -> tuple[float, float]:
    """CPU seconds of all and wall seconds of bare decoders that run at once."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-threads",
        "1",
        "-i",
        str(film),
        "-map",
        "0:v:0",
        "-f",
        "null",
        "-",
    ]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for process in [subprocess.Popen(command) for _ in range(count)]:
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - started


def ceiling(film: Path, rounds: int = 3) -> str:
    """How much more two bare decoders do than one, in words."""
    gains = []
    for _ in range(rounds):
        (one_cpu, one_wall), (two_cpu, two_wall) = decoders(film, 1), decoders(film, 2)
        gains.append((4 * one_cpu / two_cpu, 2 * one_wall / two_wall))
    by_cpu, by_wall = (sorted(values)[rounds // 2] for values in zip(*gains, strict=True))
    return f"2 bare decoders: {by_cpu:.2f} times one by CPU time, {by_wall:.2f} in wall time"


def repeated(clip: Path, hours: float, film: Path) -> None:
    """Pictures of the clip at one a second, again and again; they are encoded once and then copied."""
    slow = film.with_name("slow.mp4")
    start = ["ffmpeg", "-v", "error", "-y"]
    pictures = ["-an", "-vf", "setpts=N/TB", "-r", "1", "-frames:v", "120", "-c:v", "libx264", "-pix_fmt", "yuv420p"]
    subprocess.run([*start, "-i", str(clip), *pictures, str(slow)], check=True)
    subprocess.run(
        [*start, "-stream_loop", "-1", "-i", str(slow), "-t", str(hours * 3600), "-c", "copy", str(film)], check=True
    )


def row(title: str, run: Run) -> str:
    """One row of the table."""
    return (
        f"| {title} | {run.frames} | {run.cpu:.1f} | {run.cpu_workers / max(1, run.frames) * 1e3:.2f} | "
        f"{run.wall:.0f} | {run.worker_mb:.0f} |"
    )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--files", type=int, default=1000, help="number of small files; 0 = none")
    parser.add_argument("--hours", type=float, default=0.0, help="length of a slow film; 0 = none")
    parser.add_argument("--film", action="store_true", help="fill --hours with pictures of the clip, one a second")
    args = parser.parse_args()
    print(f"{processor()}; {args.clip.name}\n")
    print("| batch | frames | CPU s | workers' CPU ms per frame | wall s | largest worker MB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.files:
            films(args.clip, folder / "films", args.files)
            joined = batch(folder / "joined.mp4", folder / "joined", "--workers", "1", "--span", "0")
            print(row("one file", joined), flush=True)
            one = batch(folder / "films", folder / "one", "--workers", "1")
            print(row(f"{args.files} files, 1 worker", one), flush=True)
            two = batch(folder / "films", folder / "two", "--workers", "2")
            print(row(f"{args.files} files, 2 workers", two), flush=True)
            most = ceiling(folder / "joined.mp4")
        if args.hours:
            film = folder / "long.mp4"
        if args.hours and args.film:
            repeated(args.clip, args.hours, film)
            long = batch(film, folder / "long", "--workers", "2", "--fps", "1")
            print(row(f"the clip for {args.hours:g} hours at 1 a second, 2 workers", long), flush=True)
        elif args.hours:
            source = f"testsrc2=size=320x240:rate=1/5:duration={args.hours * 3600:.0f}"
            encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"]
            subprocess.run(
                ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *encoder, str(film)], check=True
            )
            print(row(f"one film of {args.hours:g} hours, 2 workers", batch(film, folder / "long", "--workers", "2")))
    if args.files:
        print(f"\noverhead of a file: {(one.cpu - joined.cpu) / args.files * 1e3:.0f} ms of CPU time with 1 worker, "
              f"{(two.cpu - joined.cpu) / args.files * 1e3:.0f} with 2")  # fmt: skip
        speed = one.cpu_workers / two.cpu_workers
        print(most)
        print(f"2 workers: {2 * speed:.2f} times one by CPU time (free cores), {one.wall / two.wall:.2f} in wall time")


if __name__ == "__main__":
    main()
