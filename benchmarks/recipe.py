"""The common recipe beside this program, on the same drives: eye and mouth aspect ratios of MediaPipe's face mesh.

python -m benchmarks.recipe ../shared/videos [--sessions FOLDER] [--minutes 10]

The recipe: a closure is an eye aspect ratio below 0.2 for 1 s, a microsleep for 1.5 s, a yawn a mouth aspect ratio
above 0.6 for 1.5 s. Both ratios come from ``reference.csv.gz``, which MediaPipe made; its lid distance over eye width
stands for the ratio, which is the mean of two such distances. Only clips of the reference are compared. ``--sessions``
is the folder that ``benchmarks.drives --out`` keeps.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.drives import AWAKE, LABELLED, PAUSE_S, evidence_of, judged, logged_evidence, looped, spans
from benchmarks.judging import read_reference
from monitor.cli import intervals, score
from monitor.cli.intervals import Interval
from monitor.settings import config as configuration

EAR, CLOSURE_S, MICROSLEEP_S = 0.2, 1.0, 1.5
MAR, YAWN_S = 0.6, 1.5


@dataclass(frozen=True, slots=True)
class Ratios:
    """The two ratios at one time; None without a face."""

    t: float
    eyes: float | None
    mouth: float | None


def ratios(clip: Path, rows: dict[int, list[dict[str, float]]]) -> list[Ratios]:
    """The ratios of a clip's first face, frame by frame."""
    video = cv2.VideoCapture(str(clip))
    fps, count = video.get(cv2.CAP_PROP_FPS), int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    video.release()
    found = []
    for index in range(max(count, max(rows, default=0) + 1)):
        face = next((row for row in rows.get(index, []) if row["face"] == 0), None)
        eyes = None if face is None else (face["eye_r"] + face["eye_l"]) / 2
        found.append(Ratios(index / fps, eyes, None if face is None else face["mouth"]))
    return found


def stretches(times: list[float], on: list[bool], least: float) -> tuple[list[Interval], list[float]]:
    """Intervals in which something is so for ``least`` seconds and more, and when that was reached."""
    found, alerts = [], []
    start: float | None = None
    for t, is_on in zip([*times, times[-1] + 1], [*on, False], strict=True):
        if is_on:
            start = t if start is None else start
            last = t
        elif start is not None:
            if last - start >= least:
                found.append(Interval(start, last, ""))
                alerts.append(start + least)
            start = None
    return found, alerts


def looped_ratios(part: list[Ratios], seconds: float) -> list[Ratios]:
    """Repeats a clip like ``drives.looped``."""
    made: list[Ratios] = []
    start = 0.0
    while start < seconds:
        made += [Ratios(one.t + start - part[0].t, one.eyes, one.mouth) for one in part]
        start = made[-1].t + PAUSE_S
    return made


def by_recipe(drive: list[Ratios]) -> dict[str, tuple[list[Interval], list[float]]]:
    """The recipe's closures, microsleeps and yawns."""
    times = [one.t for one in drive]
    shut = [one.eyes is not None and one.eyes < EAR for one in drive]
    wide = [one.mouth is not None and one.mouth > MAR for one in drive]
    return {
        "closures": stretches(times, shut, CLOSURE_S),
        "microsleeps": stretches(times, shut, MICROSLEEP_S),
        "yawns": stretches(times, wide, YAWN_S),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=Path, help="folder that benchmarks.drives --out keeps")
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    config, _ = configuration.load(None, ["output.rows=every"], "driver")
    reference = read_reference(args.folder)
    with (args.folder / "intervals.csv").open() as handle:
        names = sorted({row["file"] for row in csv.DictReader(handle)})
    labels = {name: intervals.read_labels(args.folder / "intervals.csv", name) for name in names}
    print(
        "| drive | kind | labelled | found: this program | recipe | false: this program | recipe |\n" + "|---" * 7 + "|"
    )
    sums: dict[str, list[int]] = {}
    hours = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        for clip in (*LABELLED, *AWAKE):
            if clip not in reference:
                continue
            kept = args.sessions / clip if args.sessions else None
            log = logged_evidence(kept) if kept else evidence_of(args.folder / clip, config, Path(temporary))
            drive, truth = looped([(clip, log)], args.minutes * 60, labels)
            events, seconds = judged(drive, config), drive[-1].t - drive[0].t
            theirs = by_recipe(looped_ratios(ratios(args.folder / clip, reference[clip]), args.minutes * 60))
            hours += seconds / 3600
            shut = [i for i in truth if i.what == "eyes_closed" and i.end - i.start >= CLOSURE_S]
            for kind, sign, level, wanted in (
                ("closures", "eyes_closed", 1, shut), ("microsleeps", "eyes_closed", 2, shut),
                ("yawns", "yawn", 1, [i for i in truth if i.what == "yawn"]),
            ):  # fmt: skip
                both = [score.score(*found, wanted, 1.0) for found in (spans(events, sign, level), theirs[kind])]
                counts = [len(wanted), *(s.found for s in both), *(s.events - s.right for s in both)]
                sums[kind] = [a + b for a, b in zip(sums.get(kind, [0] * 5), counts, strict=True)]
                if any(counts):
                    print(f"| {clip} | {kind} | " + " | ".join(map(str, counts)) + " |", flush=True)
    for kind, counts in sums.items():
        print(f"| all, {hours:.2f} h | {kind} | " + " | ".join(map(str, counts)) + " |")


if __name__ == "__main__":
    main()
