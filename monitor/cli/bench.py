"""``emotion-monitor bench``: what the readings cost on this machine, stage by stage."""

from __future__ import annotations

import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from monitor.capture.kinds import open_source
from monitor.capture.names import revealed, shown
from monitor.capture.opening import answered
from monitor.core.errors import EXIT_OK, SourceError
from monitor.core.types import Frame, Image
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.outputs.logs.table import TableSink
from monitor.run.assembly import build
from monitor.settings.config import Config
from monitor.system.machine import peak_rss_mb
from monitor.system.terminal import wide_console

HZ = 30.0
"""Rate of the frame clock: what the intervals of searches and readings are counted in."""
WARM_UP = 60
"""Frames before counting starts: buffers are made, the faces have their ids."""
LIVE_S = 5.0
"""A camera that gives no picture for so long is taken for one that gives none."""
MOST_FRAMES, MOST_BYTES = 300, 400_000_000
"""Frames of the source that are kept in memory and played over and over."""
PI_4_MS_PER_MMAC = 0.057
"""Pi 4 (Cortex-A72), int8 with XNNPACK, one thread: 17 ms for 300 MMAC (XNNPACK's README)."""
PI_3_SLOWER, PI_5_FASTER = 2.2, 2.6
"""Against a Pi 4: single-core ratios as published benchmarks have them; unchecked."""


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds of this process's working thread.

    Attributes:
        stages: Stage name to (N,) milliseconds per frame.
        decode: (M,) milliseconds to read one frame of the source.
        faces: Mean number of faces per frame.
        wall_s: Time the N frames took.
        size: Width and height of the frames.
        mmac_ms: Milliseconds per million multiply-adds of the expression network here.
    """

    stages: dict[str, NDArray[np.float64]]
    decode: NDArray[np.float64]
    faces: float
    wall_s: float
    size: tuple[int, int]
    mmac_ms: float

    @property
    def total(self) -> NDArray[np.float64]:
        """(N,) milliseconds per frame of all stages, decoding apart."""
        return np.asarray(np.sum(list(self.stages.values()), axis=0), np.float64)


def load(name: str, config: Config) -> tuple[list[Image], NDArray[np.float64]]:
    """Frames of a source and the CPU milliseconds that reading each took.

    Raises:
        SourceError: It cannot be opened, or gives no picture.
    """
    source = open_source(revealed(name), config.source)
    images: list[Image] = []
    spent: list[float] = []
    asked = time.monotonic()
    try:
        while len(images) < MOST_FRAMES and sum(i.nbytes for i in images[:1]) * len(images) < MOST_BYTES:
            started = time.process_time()
            frame = source.read()
            if frame is None:
                if source.live and time.monotonic() - asked < LIVE_S:
                    continue  # a camera may miss a picture
                break
            asked = time.monotonic()
            spent.append((time.process_time() - started) * 1e3)
            images.append(frame.image)
    finally:
        source.close()
    if not images:
        raise SourceError(f"--source {shown(name)}: gave no readable picture")
    return images, np.array(spent)


def measure(images: list[Image], config: Config, seconds: float) -> tuple[dict[str, list[float]], float, float]:
    """Plays frames over and over on a 30 Hz clock for ``seconds`` of real time, as fast as they go.

    Returns:
        Milliseconds of each stage and frame, mean faces per frame, and the seconds it took.
    """
    pipeline = build(config, clock=time.thread_time)
    stages: dict[str, list[float]] = {}
    faces, counted = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        table = TableSink(Path(folder) / "faces.csv", "bench", config.output, driver=config.driver.enabled)
        began = time.monotonic()
        number = 0
        while counted < 10 or time.monotonic() - began < seconds:
            # The clip's end does not follow from its beginning: played to and fro nothing jumps.
            at = number % (2 * len(images))
            image = images[at] if at < len(images) else images[2 * len(images) - 1 - at]
            result = pipeline.step(Frame(number, number / HZ, time.time(), image, "bench"))
            started = time.thread_time()
            table.handle(result)
            logged = (time.thread_time() - started) * 1e3
            number += 1
            if number == WARM_UP:
                began = time.monotonic()
            if number > WARM_UP:
                counted += 1
                faces += len(result.faces)
                for name, ms in (*result.timings_ms.items(), ("log", logged)):
                    stages.setdefault(name, []).append(ms)
        wall = time.monotonic() - began
        table.close([])
    return stages, faces / max(1, counted), wall


def run(name: str, config: Config, seconds: float) -> Measured:
    """Measures a source.

    Raises:
        UserError: The source or a model cannot be used.
    """
    # Apart: the main thread must be able to answer a signal while a device does not.
    images, decode = answered(lambda: load(name, config), shown(name), math.inf)
    stages, faces, wall = measure(images, config, seconds)
    emotion = EmotionNet(find_model(config.emotion.model), 1)
    pixels = np.full((emotion.card.input_side,) * 2, 128, np.uint8)
    spent = []
    for _ in range(200):
        started = time.thread_time()
        emotion.logits(pixels)
        spent.append(time.thread_time() - started)
    mmac = float(emotion.card.metrics.get("mmac", 26.4))
    size = (images[0].shape[1], images[0].shape[0])
    return Measured(
        {k: np.array(v) for k, v in stages.items()}, decode, faces, wall, size, float(np.median(spent)) * 1e3 / mmac
    )


def report(measured: Measured, name: str) -> dict[str, Any]:
    """Everything as plain numbers."""
    total = measured.total
    mean = float(total.mean())
    factor = PI_4_MS_PER_MMAC / measured.mmac_ms
    boards = {"Pi 3": factor * PI_3_SLOWER, "Pi 4": factor, "Pi 5": factor / PI_5_FASTER}
    return {
        "source": name, "width": measured.size[0], "height": measured.size[1], "frames": len(total),
        "faces_per_frame": round(measured.faces, 2),
        "cpu_ms": {"mean": round(mean, 3), "p50": _at(total, 50), "p95": _at(total, 95)},
        "stages": {
            stage: {
                "mean": round(float(ms.mean()), 3), "p50": _at(ms, 50), "p95": _at(ms, 95),
                "share": round(float(ms.mean()) / mean, 3),
            }
            for stage, ms in measured.stages.items()
        },
        "decode_ms": {"mean": round(float(measured.decode.mean()), 3), "p95": _at(measured.decode, 95)},
        "fps_possible": round(1000 / mean, 1), "wall_s": round(measured.wall_s, 2),
        "core_at_15_fps": round(15 * mean / 1000, 4), "peak_rss_mb": round(peak_rss_mb(), 1),
        "mmac_ms": round(measured.mmac_ms, 5),
        "estimates": {board: round(mean * times, 1) for board, times in boards.items()},
    }  # fmt: skip


def _at(values: NDArray[np.float64], share: float) -> float:
    return round(float(np.percentile(values, share)), 3)


def command(source: str, config: Config, seconds: float, as_json: bool) -> int:
    """Measures and prints.

    Raises:
        UserError: The source or a model cannot be used.
    """
    found = report(run(source, config, seconds), shown(source))
    if as_json:
        print(json.dumps(found, indent=1))
        return EXIT_OK
    console = wide_console()
    table = Table(box=None, padding=(0, 2, 0, 0), title_justify="left", min_width=100,
                  title=f"{found['source']}, {found['width']}x{found['height']}, {found['faces_per_frame']} faces, "
                        f"N = {found['frames']} frames: CPU ms per frame of the working thread")  # fmt: skip
    for column in ("stage", "mean", "p50", "p95", "share"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for stage, ms in found["stages"].items():
        table.add_row(stage, *(f"{ms[k]:.3f}" for k in ("mean", "p50", "p95")), f"{ms['share']:.0%}")
    table.add_row("all", *(f"{found['cpu_ms'][k]:.3f}" for k in ("mean", "p50", "p95")), "", style="bold")
    console.print(table)
    cpu, pi = found["cpu_ms"], found["estimates"]
    print(f"decoding apart: {found['decode_ms']['mean']:.2f} ms (p95 {found['decode_ms']['p95']:.2f})")
    print(f"fps possible on one core: {found['fps_possible']:.0f}; latency of a step p50 {cpu['p50']:.2f}, "
          f"p95 {cpu['p95']:.2f} ms; peak memory {found['peak_rss_mb']:.0f} MB with the frames held here")  # fmt: skip
    print(f"at 15 fps this uses {found['core_at_15_fps']:.1%} of one core")
    boards = ", ".join(f"{board} {ms:.0f} ms" for board, ms in pi.items())
    print(f"estimate, not measured, per frame: {boards} (this mean x {PI_4_MS_PER_MMAC} ms per MMAC on a Pi 4 /")
    print(f"{found['mmac_ms']:.4f} here; a Pi 3 taken as {PI_3_SLOWER} times slower, a Pi 5 as {PI_5_FASTER} faster)")
    return EXIT_OK
