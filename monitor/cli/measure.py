"""Measures the cost of each stage on frames of a source."""

from __future__ import annotations

import logging
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.capture.kinds import open_source
from monitor.capture.names import revealed, shown
from monitor.capture.opening import answered
from monitor.core.errors import SourceError
from monitor.core.types import Frame, Image
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.load import load as load_networks
from monitor.outputs.logs.columns import columns
from monitor.outputs.logs.table import TableSink
from monitor.run.assembly import build
from monitor.settings.config import Config
from monitor.system.machine import peak_rss_mb
from monitor.system.processor import processor

log = logging.getLogger("monitor")

HZ = 30.0
"""Rate of the frame clock in Hz, which determines when searches and readings are due."""
WARM_UP = 60
"""Frames before the measurement, in which buffers are allocated and faces get their ids."""
LIVE_S = 5.0
"""A camera that delivers no picture for this long counts as failed."""
MOST_FRAMES, MOST_BYTES = 300, 400_000_000
"""Most frames and bytes of the source that are held in memory and played repeatedly."""
PI_4_MS_PER_MMAC = 0.057
"""Pi 4 (Cortex-A72), int8 with XNNPACK, one thread: 17 ms for 300 MMAC (XNNPACK's README)."""
PI_3_SLOWER, PI_5_FASTER = 2.2, 2.6
"""Single-core speed relative to a Pi 4, from published benchmarks; not verified."""
PARTS = 5
"""Number of parts of the measurement; the spread of the estimates comes from their means."""


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds of the thread that runs the pipeline.

    Attributes:
        stages: Stage name to (N,) milliseconds per frame.
        decode: (M,) milliseconds to read one frame of the source.
        faces: Mean number of faces per frame.
        wall_s: Seconds that the N frames took.
        size: Width and height of the frames.
        mmac_ms: Milliseconds per million multiply-adds of the expression network on this machine.
        mmac_range: Lowest and highest of ``PARTS`` measurements of it.
    """

    stages: dict[str, NDArray[np.float64]]
    decode: NDArray[np.float64]
    faces: float
    wall_s: float
    size: tuple[int, int]
    mmac_ms: float
    mmac_range: tuple[float, float] | None = None

    @property
    def total(self) -> NDArray[np.float64]:
        """(N,) milliseconds per frame of all stages, without decoding."""
        return np.asarray(np.sum(list(self.stages.values()), axis=0), np.float64)


def load(name: str, config: Config) -> tuple[list[Image], NDArray[np.float64]]:
    """Frames of a source and the CPU milliseconds spent on reading each.

    Raises:
        SourceError: It cannot be opened or delivers no picture.
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
        raise SourceError(f"--source {shown(name)}: delivered no readable picture")
    return images, np.array(spent)


def measure(images: list[Image], config: Config, seconds: float) -> tuple[dict[str, list[float]], float, float]:
    """Plays frames repeatedly on a 30 Hz clock, as fast as possible, for ``seconds`` of real time.

    Returns:
        Milliseconds of each stage and frame, mean faces per frame, and the seconds it took.
    """
    networks = load_networks(config)
    pipeline = build(config, networks, clock=time.thread_time)
    stages: dict[str, list[float]] = {}
    faces, counted = 0, 0
    wanted = columns(keypoints=config.output.keypoints, driver=config.driver.enabled, labels=networks.emotion.labels)
    with tempfile.TemporaryDirectory() as folder:
        table = TableSink(Path(folder) / "faces.csv", "bench", config.output, wanted)
        began = time.monotonic()
        number = 0
        while counted < 10 or time.monotonic() - began < seconds:
            # Played forwards and backwards, so that no face jumps where the clip repeats.
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
    # On its own thread, so that the main thread can handle signals while a device hangs.
    images, decode = answered(lambda: load(name, config), shown(name), math.inf)
    log.info("%d frames of %s read; measuring for %.0f s", len(images), shown(name), seconds)
    stages, faces, wall = measure(images, config, seconds)
    mmac = _mmac_ms(config)
    size = (images[0].shape[1], images[0].shape[0])
    return Measured(
        {k: np.array(v) for k, v in stages.items()}, decode, faces, wall, size, float(np.median(mmac)),
        (min(mmac), max(mmac)),
    )  # fmt: skip


def _mmac_ms(config: Config) -> list[float]:
    """Milliseconds per million multiply-adds of the expression network, ``PARTS`` times."""
    emotion = EmotionNet(find_model(config.emotion.model), 1)
    pixels = np.full((emotion.card.input_side,) * 2, 128, np.uint8)
    mmac = float(emotion.card.metrics.get("mmac", 26.4))
    parts = []
    for _ in range(PARTS):
        spent = []
        for _ in range(40):
            started = time.thread_time()
            emotion.logits(pixels)
            spent.append(time.thread_time() - started)
        parts.append(float(np.median(spent)) * 1e3 / mmac)
    return parts


def report(measured: Measured, name: str) -> dict[str, Any]:
    """The measurement as plain numbers, with the estimates for Raspberry Pis."""
    total = measured.total
    mean = float(total.mean())
    factor = PI_4_MS_PER_MMAC / measured.mmac_ms
    boards = {"Pi 3": PI_3_SLOWER, "Pi 4": 1.0, "Pi 5": 1 / PI_5_FASTER}
    means = [float(part.mean()) for part in np.array_split(total, PARTS) if len(part)]
    fastest, slowest = measured.mmac_range or (measured.mmac_ms, measured.mmac_ms)
    low, high = min(means) * PI_4_MS_PER_MMAC / slowest, max(means) * PI_4_MS_PER_MMAC / fastest
    return {
        "source": name, "processor": processor(),
        "width": measured.size[0], "height": measured.size[1], "frames": len(total),
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
        "estimates": {board: round(mean * factor * times, 1) for board, times in boards.items()},
        "estimate_range": {board: [round(low * times, 1), round(high * times, 1)] for board, times in boards.items()},
    }  # fmt: skip


def _at(values: NDArray[np.float64], share: float) -> float:
    return round(float(np.percentile(values, share)), 3)
