"""Fits ``driver.anger`` to the shipped expression network, leaving out one clip at a time.

python -m benchmarks.anger_fit ../shared/videos --sessions FOLDER [--faces ../shared/data/fer2013.zip]

Nobody in the shared clips is angry, so every ``anger_like`` event is false. The fitted threshold is the lowest of
``THRESHOLDS`` at which no other clip raises one, and ``MARGIN`` more; it is then judged on the clip left out.
``--faces`` shows what the threshold costs: the share of FER2013's held-out faces, by FER+ majority, above it.
``--sessions`` is the folder that ``benchmarks.drives --out`` keeps.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drives import AWAKE, LABELLED, judged, logged_evidence, looped, spans
from monitor.core.labels import EMOTIONS
from monitor.driver.evidence import DISGUST_SHARE
from monitor.networks.load import load
from monitor.settings import config as configuration
from monitor.settings.config import Config

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
MARGIN = 0.05
EVERY = 3
"""Rows are judged at a third of the frame rate."""
SECONDS = 100.0
"""Length of each drive: the calibration, and some time after it."""


def events_of(sessions: Path, name: str, config: Config) -> dict[float, int]:
    """Number of ``anger_like`` events of one clip by threshold."""
    drive, _ = looped([(name, logged_evidence(sessions / name)[::EVERY])], SECONDS, {})
    return {
        at: len(spans(judged(drive, replace(config, driver=replace(config.driver, anger=at))), "anger_like", 1)[0])
        for at in THRESHOLDS
    }


def fitted(clips: list[dict[float, int]]) -> float:
    """The lowest threshold without an event, and the margin; the highest if there is none."""
    silent = [at for at in THRESHOLDS if not any(clip[at] for clip in clips)]
    return round(min(silent, default=THRESHOLDS[-1]) + MARGIN, 2)


def shares(faces: Path, config: Config) -> tuple[list[float], list[int]]:
    """Anger-like share and label of FER2013's held-out faces with a clear majority of FER+'s votes."""
    from train.data import fer2013, votes

    rows = fer2013.read(faces)
    assert rows.votes is not None
    labels = votes.majority(rows.votes)
    chosen = np.flatnonzero((rows.split == "validation") & (labels >= 0))
    net = load(config).emotion
    found = []
    for row in chosen:
        picture = np.asarray(cv2.resize(rows.images[row], (net.card.input_side,) * 2), np.uint8)
        probs = net.probabilities(net.prepared(picture))
        found.append(float(probs[EMOTIONS.index("angry")] + DISGUST_SHARE * probs[EMOTIONS.index("disgust")]))
    return found, [int(labels[row]) for row in chosen]


def main() -> None:
    """Prints the events by threshold and clip, the cross-fitted threshold of each, and the fit on all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=Path, required=True, help="folder that benchmarks.drives --out keeps")
    parser.add_argument("--faces", type=Path, help="fer2013.zip")
    args = parser.parse_args()
    config, _ = configuration.load(None, [], "driver")
    clips = {name: events_of(args.sessions, name, config) for name in (*LABELLED, *AWAKE)}
    print("| clip | " + " | ".join(f"{at}" for at in THRESHOLDS) + " | fitted without it | events |")
    print("|" + "---|" * (len(THRESHOLDS) + 3))
    false = 0
    for name, counts in clips.items():
        at = fitted([other for key, other in clips.items() if key != name])
        nearest = min(THRESHOLDS, key=lambda one: abs(one - at))
        false += counts[nearest]
        print(f"| {name} | " + " | ".join(str(counts[t]) for t in THRESHOLDS) + f" | {at} | {counts[nearest]} |")
    print(f"\nfitted on all: {fitted(list(clips.values()))}; cross-fitted: {false} events in "
          f"{len(clips) * SECONDS / 60:.0f} minutes")  # fmt: skip
    if args.faces:
        found, labels = shares(args.faces, config)
        for name in EMOTIONS:
            own = np.array([share for share, label in zip(found, labels, strict=True) if EMOTIONS[label] == name])
            above = " | ".join(f"{(own > at).mean():.3f}" for at in THRESHOLDS)
            print(f"| {name}, N={len(own)} | {above} |")


if __name__ == "__main__":
    main()
