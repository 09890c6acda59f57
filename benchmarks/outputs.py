"""Cost of logging, recording and the window per frame.

    python -m benchmarks.outputs ../shared/videos/pyfeat_single_face.mp4            # DISPLAY=:9 for the window

The results of a clip are computed once and passed to each output repeatedly, on a 30 Hz clock and as fast as the
output takes them. Measured are the CPU time of all threads of the process, the encoder included, and how long each
call blocks. A recording has its own thread and queue: its caller blocks only because the benchmark is faster than the
encoder; a live run drops frames of the recording instead.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.speed import load
from monitor.cli.measure import HZ
from monitor.core.types import Frame, Image, Result
from monitor.outputs.drawing.annotator import Annotator
from monitor.outputs.drawing.canvas import Canvas, Detail
from monitor.outputs.live.window import DisplayProbe, Window
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.events import EventSink
from monitor.outputs.logs.stats import StatsSink
from monitor.outputs.logs.table import TableSink
from monitor.outputs.sink import Background, Sink
from monitor.outputs.video.recorder import Target
from monitor.outputs.video.video import VideoSink
from monitor.run.assembly import build
from monitor.settings.config import Config, DisplayConfig, OutputConfig


def analysed(images: Sequence[Image], *, driver: bool) -> list[Result]:
    """The results of the frames of a clip."""
    config = Config()
    config = replace(config, driver=replace(config.driver, enabled=driver))
    pipeline = build(config)
    return [pipeline.step(Frame(n, n / HZ, time.time(), image, "bench")) for n, image in enumerate(images)]


def played(results: Sequence[Result], count: int) -> list[Result]:
    """``count`` results, forwards and backwards in turn, with new indices and times."""
    there_and_back = [*results, *results[::-1]]
    chosen = [there_and_back[n % len(there_and_back)] for n in range(count)]
    return [replace(r, frame=replace(r.frame, index=n, t=n / HZ), events=()) for n, r in enumerate(chosen)]


def measured(name: str, take: Callable[[Result], object], results: Sequence[Result], warm_up: int = 60) -> str:
    """One row: CPU milliseconds of the process per result, and how long the calls blocked."""
    held: list[float] = []
    used = 0.0
    for number, result in enumerate(results):
        if number == warm_up:
            used = time.process_time()
        started = time.perf_counter()
        take(result)
        held.append(time.perf_counter() - started)
    cpu = (time.process_time() - used) * 1e3 / (len(results) - warm_up)
    ms = np.array(held[warm_up:]) * 1e3
    return f"| {name} | {len(ms)} | {cpu:.3f} | {ms.mean():.3f} | {np.median(ms):.3f} | {np.percentile(ms, 95):.3f} |"


def recording(results: Sequence[Result], folder: Path, name: str, config: OutputConfig) -> str:
    """One row for a recording behind its queue; the queue is encoded completely before the measurement ends."""
    video = VideoSink(
        Target(lambda suffix: folder / f"video{suffix}", HZ), config, Canvas(lambda: Annotator(DisplayConfig()))
    )
    video.switch(on=True)
    video.handle(results[0])  # tries the codec, which is not part of the cost of a frame
    sink = Background(video, drop=False, patience_s=lambda: 60.0)
    before = spent()
    for result in results[1:]:
        sink.handle(result)
    sink.close([])
    cpu = (spent() - before) * 1e3 / (len(results) - 1)
    size = sum(file.stat().st_size for file in video.files) / 1e6 / (len(results) / HZ / 60)
    for file in video.files:
        file.unlink()
    encoder = video.recorder.proven.name if video.recorder.proven is not None else "none"
    return f"| {name} ({encoder}) | {len(results) - 1} | {cpu:.3f} | {size:.1f} MB a minute | | |"


def spent() -> float:
    """CPU seconds of this process and of its children that have ended, an encoder's included."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def all_of(sinks: Sequence[Sink]) -> Callable[[Result], None]:
    """A function that passes a result to all sinks."""

    def take(result: Result) -> None:
        for sink in sinks:
            sink.handle(result)

    return take


def drawn(annotator: Annotator, detail: Detail, result: Result) -> None:
    """Draws one picture."""
    annotator.annotate(result, detail)


def window(results: Sequence[Result]) -> list[str]:
    """One row for picture and window, or the reason why there is no display."""
    reason = DisplayProbe().reason()
    if reason:
        return [f"| window | 0 | not measured: {reason} | | | |"]
    config = DisplayConfig()
    shown, annotator = Window(config.max_width, config.max_height), Annotator(config)

    def show(result: Result) -> None:
        shown.show(annotator.annotate(result))
        shown.key(1)

    # Waiting for a key takes no CPU: only the first column is meaningful.
    row = measured("window: picture, display, keys", show, results)
    shown.close()
    return [row]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clip")
    parser.add_argument("--size", default="640x480")
    parser.add_argument("--frames", type=int, default=660, help="number of results, 60 of them for warming up")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    width, height = (int(n) for n in args.size.split("x"))
    images = load(args.clip, width, height, 120)
    results, driven = (played(analysed(images, driver=driver), args.frames) for driver in (False, True))
    print(f"{args.size}, DISPLAY={os.environ.get('DISPLAY', '')!r}")
    print("| output | N | CPU ms a frame | blocked ms mean | p50 | p95 |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, given, driver in (("logs", results, False), ("logs, driver mode", driven, True)):
            table = TableSink(folder / f"{title}.csv", "bench", OutputConfig(), columns(driver=driver))
            events = EventSink(folder / f"{title}.jsonl", "bench")
            print(measured(title, all_of([StatsSink(), table, events]), given), flush=True)
            table.close([])
            events.close([])
        details: tuple[Detail, ...] = ("calm", "full")
        for detail in details:
            for title, given in (("picture", results), ("picture, driver mode", driven)):
                annotator = Annotator(DisplayConfig())
                print(measured(f"{title}, {detail}", partial(drawn, annotator, detail), given), flush=True)
        for codec in ("h264", "mp4v", "MJPG"):
            row = recording(results, folder, f"recording, {codec}", OutputConfig(video_codec=codec))
            print(row, flush=True)
        print(recording(results, folder, "recording, without overlay", OutputConfig(clean=True)), flush=True)
    for row in window(results):
        print(row, flush=True)


if __name__ == "__main__":
    main()
