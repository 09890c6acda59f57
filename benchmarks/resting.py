"""Effect of the personal baseline (``emotion.baseline: auto``) on clips: labels of each face with and without it.

``python -m benchmarks.resting ../shared/videos`` reads the longest-seen face of each clip once, without a baseline, and
plays its readings in a loop for two minutes through ``expression.resting``. A clip is too short for 30 calm seconds by
itself, so a loop stands for a person who continues as in the clip. A face that smiles in the clip must still smile
afterwards.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.api import Monitor
from monitor.capture.names import VIDEO_SUFFIXES
from monitor.core.labels import EMOTIONS
from monitor.expression.resting import Calibration

SECONDS = 120.0
"""Length of the looped story in seconds."""
FEWEST = 20
"""Clips with fewer readings of one face are left out."""


def readings(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times (N,) in seconds and raw distributions (N, 7) of the face that is read most often."""
    found: dict[int, list[tuple[float, NDArray[np.float32]]]] = defaultdict(list)
    with Monitor() as monitor:
        for result in monitor.watch(path):
            for face in result.faces:
                if face.raw is not None:
                    found[face.id].append((result.frame.t, face.raw))
    rows = max(found.values(), key=len, default=[])
    return np.array([t for t, _ in rows]), np.array([raw for _, raw in rows], np.float32).reshape(-1, len(EMOTIONS))


def corrected(times: NDArray[np.float64], raw: NDArray[np.float32]) -> tuple[NDArray[np.float32], dict[str, float]]:
    """The last round (N, 7) of the loop, corrected, and the nats removed of each expression."""
    calibration = Calibration(itertools.count(1))
    period = float(times[-1] - times[0]) + 1 / 30
    last = raw
    for start in np.arange(0.0, SECONDS, period):
        last = np.array(
            [calibration.corrected(1, probs, start + t, start + t) for t, probs in zip(times, raw, strict=True)]
        )
    ends = [event for event in calibration.take() if event.phase == "end"]
    return last, dict(ends[0].data["corrected"]) if ends else {}


def shares(probs: NDArray[np.float32]) -> str:
    """Shares of the top labels, the three most frequent ones."""
    count = Counter(EMOTIONS[k] for k in probs.argmax(axis=1))
    return ", ".join(f"{name} {n / len(probs):.0%}" for name, n in count.most_common(3))


def main() -> None:
    """Prints one line per clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    print("| clip | readings | without | with | corrected (nats) |")
    print("|---|---|---|---|---|")
    for path in sorted(args.folder.iterdir()):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            continue
        times, raw = readings(path)
        if len(raw) < FEWEST:
            continue
        last, shift = corrected(times, raw)
        told = ", ".join(f"{name} {value:.1f}" for name, value in shift.items()) or "–"
        print(f"| {path.name} | {len(raw)} | {shares(raw)} | {shares(last)} | {told} |", flush=True)


if __name__ == "__main__":
    main()
