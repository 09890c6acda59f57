"""Runs the monitor on a folder of clips and prints figures of its logs: faces, ids, label changes.

python -m benchmarks.clips ../shared/videos
"""

from __future__ import annotations

import argparse
import csv
import itertools
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from monitor.capture.names import VIDEO_SUFFIXES
from monitor.cli import main as cli

Row = dict[str, str]


@dataclass(frozen=True)
class ClipFigures:
    """Figures of one clip."""

    frames: int
    with_face: int
    ids: int
    seconds: float
    raw_changes: int
    shown_changes: int
    labels: Counter[str]


def run_clip(path: Path, folder: Path, settings: list[str]) -> list[Row]:
    """Runs the headless monitor on one clip; returns the rows of faces.csv."""
    flags = [flag for setting in settings for flag in ("--set", setting)]
    code = cli.main(["--source", str(path), "--headless", "-q", "--out", str(folder), *flags])
    if code:
        raise SystemExit(f"{path}: exit code {code}")
    with (folder / "faces.csv").open() as handle:
        return list(csv.DictReader(handle))


def figures(rows: list[Row]) -> ClipFigures:
    """Figures of one table; a change is a different label in the next row of the same face."""
    tracks: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["success"] == "1":
            tracks[row["face_id"]].append(row)

    def changes(key: str) -> int:
        return sum(
            a != b for track in tracks.values() for a, b in itertools.pairwise([r[key] for r in track if r[key]])
        )

    return ClipFigures(
        frames=len({r["frame"] for r in rows}),
        with_face=len({r["frame"] for r in rows if r["success"] == "1"}),
        ids=len(tracks),
        seconds=sum(float(t[-1]["video_time"]) - float(t[0]["video_time"]) for t in tracks.values()),
        raw_changes=changes("raw_emotion"),
        shown_changes=changes("emotion"),
        labels=Counter(r["emotion"] for t in tracks.values() for r in t),
    )


def main() -> None:
    """Prints one line per clip, and the changes of all clips together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--only", default="", help="only clips whose name contains this text")
    args = parser.parse_args()
    print("| clip | frames | with a face | ids | raw changes/min | shown changes/min | shown labels (frames) |")
    print("|---|---|---|---|---|---|---|")
    every: list[ClipFigures] = []
    for path in sorted(args.folder.iterdir()):
        if path.suffix.lower() not in VIDEO_SUFFIXES or args.only not in path.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            f = figures(run_clip(path, Path(folder) / "session", args.set))
        every.append(f)
        minutes = f.seconds / 60 or 1.0
        labels = ", ".join(f"{name} {n}" for name, n in f.labels.most_common(5))
        print(
            f"| {path.name} | {f.frames} | {f.with_face / max(1, f.frames):.1%} | {f.ids} | "
            f"{f.raw_changes / minutes:.0f} | {f.shown_changes / minutes:.0f} | {labels} |", flush=True,
        )  # fmt: skip
    minutes = sum(f.seconds for f in every) / 60 or 1.0
    raw, shown = sum(f.raw_changes for f in every) / minutes, sum(f.shown_changes for f in every) / minutes
    print(f"all: {raw:.1f} raw and {shown:.1f} shown changes a minute of a face in view, {minutes:.1f} minutes")


if __name__ == "__main__":
    main()
