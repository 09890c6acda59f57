"""Fits the weights of the fatigue score, leaving out one clip at a time.

python -m benchmarks.fatigue_fit ../shared/videos --sessions FOLDER [--minutes 10]

The parts of the score (points of perclos, blinks, yawns, nods, microsleeps) of each drive are sampled once a second
and weighed by one factor each, so that the sum lies on the right side of the levels' bounds. There is no public ground
truth of sleepiness; what the level should be follows from the labelled intervals of the last five minutes
(``wanted``). A clip's figures come from factors fitted without it; synthetic drives are always in the fit, because no
clip shows nods. ``--sessions`` is the folder that ``benchmarks.drives --out`` keeps.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drives import AWAKE, LABELLED, logged_evidence, looped
from benchmarks.synthetic_camera import CAMERAS, Camera
from benchmarks.synthetic_conditions import CONDITIONS
from benchmarks.synthetic_driver import DRIVE_S, evidence_of
from monitor.cli import intervals
from monitor.cli.intervals import Interval
from monitor.driver.evidence import Evidence
from monitor.driver.fatigue import EVENTS_S, FROM
from monitor.driver.state import DriverMonitor
from monitor.settings import config as configuration
from monitor.settings.config import Config

Floats = NDArray[np.float64]
PARTS = ("perclos", "blinks", "yawns", "nods", "microsleeps")
SOFT = 5.0
"""Points over which a score counts as doubtful beside a bound."""
KEEP = 0.02
"""Weight of the squared distance of the factors' logarithms from 0: parts that no drive tells apart stay."""
STEPS, RATE = 250, 0.03
"""Steps of the fit and their size."""
SYNTHETIC = ("awake", "slow blinks", "frequent blinks", "talk", "yawns", "yawns behind a hand", "glances down",
             "sleepy", "sleepy, 10 Hz", "sleepy, head sinks")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Samples:
    """One drive, once a second.

    Attributes:
        parts: (N, 5) points of each part.
        level: (N,) level that the labels ask for.
        told: (N,) level that the program told.
    """

    parts: Floats
    level: NDArray[np.int_]
    told: NDArray[np.int_]


def wanted(truth: list[Interval], t: float) -> int:
    """The level for the labels of the last five minutes.

    3: three microsleeps of 1.5 s, or 8 s of shut eyes in them. 2: two. 1: one, or four yawns. 0: otherwise.
    """
    recent = [i for i in truth if t - EVENTS_S <= i.end <= t]
    sleeps = [i.end - i.start for i in recent if i.what == "eyes_closed" and i.end - i.start >= 1.5]
    if len(sleeps) >= 3 or sum(sleeps) >= 8:
        return 3
    if len(sleeps) == 2:
        return 2
    return int(len(sleeps) == 1 or sum(i.what == "yawn" for i in recent) >= 4)


def samples(evidence: list[Evidence], truth: list[Interval], config: Config) -> Samples:
    """Judges a drive and samples it."""
    monitor = DriverMonitor(config.driver, itertools.count(1))
    parts, levels, told = [], [], []
    due = evidence[0].t + config.driver.calibrate_s
    for seen in evidence:
        state = monitor.update(seen)[0]
        if seen.t >= due:
            due += 1.0
            parts.append([state.parts.get(name, 0.0) for name in PARTS])
            levels.append(wanted(truth, seen.t))
            told.append(state.levels["fatigue"])
    return Samples(np.array(parts), np.array(levels), np.array(told))


def fit(drives: list[Samples]) -> Floats:
    """(5,) factors on the parts; each drive has the same weight."""
    logs, speed, size = (np.zeros(len(PARTS)) for _ in range(3))
    sides = [np.where(drive.level[:, None] >= np.arange(1, 4), -1.0, 1.0) for drive in drives]
    for step in range(1, STEPS + 1):  # Adam on the logistic loss of each bound
        factors, slope = np.exp(logs), 2 * KEEP * logs
        for drive, side in zip(drives, sides, strict=True):
            beyond = side * ((drive.parts @ factors)[:, None] - np.array(FROM)) / SOFT
            push = (side / (1 + np.exp(-np.clip(beyond, -40, 40)))).mean(axis=1) / SOFT
            slope = slope + factors * (drive.parts * push[:, None]).mean(axis=0) / len(drives)
        speed, size = 0.9 * speed + 0.1 * slope, 0.99 * size + 0.01 * slope**2
        logs = logs - RATE * (speed / (1 - 0.9**step)) / (np.sqrt(size / (1 - 0.99**step)) + 1e-8)
    return np.asarray(np.exp(logs), np.float64)


def levels_of(drive: Samples, factors: Floats) -> NDArray[np.int_]:
    """(N,) levels for factors, without hysteresis and without the bounds for parts that are not enough alone."""
    return np.asarray(((drive.parts @ factors)[:, None] >= np.array(FROM)).sum(axis=1), np.int_)


def off(levels: NDArray[np.int_], drive: Samples) -> str:
    """Shares of the time with a level that is too high and too low, and the highest level."""
    high, low = float((levels > drive.level).mean()), float((levels < drive.level).mean())
    return f"{high:.3f} | {low:.3f} | {levels.max()}"


def main() -> None:
    """Prints a table by clip, and the factors fitted on everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=Path, required=True, help="folder that benchmarks.drives --out keeps")
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    config, _ = configuration.load(None, [], "driver")
    with (args.folder / "intervals.csv").open() as handle:
        names = sorted({row["file"] for row in csv.DictReader(handle)})
    labels = {name: intervals.read_labels(args.folder / "intervals.csv", name) for name in names}
    clips, drawn = dict[str, Samples](), dict[str, Samples]()
    for name in (*LABELLED, *AWAKE):
        log = logged_evidence(args.sessions / name)
        clips[name] = samples(*looped([(name, log)], args.minutes * 60, labels), config)
    for number, name in enumerate(SYNTHETIC):
        script, camera, rate = CONDITIONS[name]
        rng = np.random.default_rng([7, number])
        acts, evidence = evidence_of(script, Camera(CAMERAS[camera], rng), rate, rng)
        truth = [Interval(a.start + a.shut[0], a.start + a.shut[1], a.what) for a in acts if a.shut]
        truth += [Interval(a.start, a.start + a.length, a.what) for a in acts if a.what == "yawn" and not a.shut]
        drawn[name] = samples(evidence, truth, config)
    print("Shares of the time with too high and too low a level, and the highest level\n")
    print("| drive | wanted | told: too high | too low | highest | cross-fitted: too high | too low | highest |")
    print("|" + "---|" * 8)
    for name, drive in (clips | drawn).items():
        factors = fit([other for key, other in (clips | drawn).items() if key != name])
        print(f"| {name} | {drive.level.max()} | {off(drive.told, drive)} | {off(levels_of(drive, factors), drive)} |")
    whole = fit([*clips.values(), *drawn.values()])
    print(f"\nfactors fitted on all ({DRIVE_S / 60:.0f} minutes of each synthetic drive): ", end="")
    print(", ".join(f"{name} {factor:.2f}" for name, factor in zip(PARTS, whole, strict=True)))


if __name__ == "__main__":
    main()
