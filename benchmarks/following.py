"""What following is worth: recall, identities, jitter, flicker, pose and cost on the shared clips.

``python -m benchmarks.following ../shared/videos`` prints the tables of docs/FOLLOWING.md. The reference
is another program's reading (reference.csv.gz), used to judge, never to train. Reference boxes are face
meshes, ours are Haar boxes; an IoU of 0.4 or more counts as the same face.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.kinds import open_source
from monitor.core.labels import UNKNOWN
from monitor.core.types import Frame, Image
from monitor.faces.detector import Detector, iou, make_detector
from monitor.networks.keypoints import POINTS
from monitor.run.assembly import build
from monitor.settings import config as configuration
from monitor.settings.config import Config, DetectConfig

Found = tuple[Any, Any, Any]
"""A face found: its box, its yaw or None, its keypoints or None."""
SAME = 0.4
TURNED = 30
"""Degrees of the reference's yaw from which a face counts as turned."""
STILL = 0.01
"""A reference box that moves less than this share of its size between frames rests."""
STEADY_WINDOW = 15
"""Frames over which a resting face's jitter is taken."""
ABSENT_S = 0.5
"""After so long without anybody in the reference, who comes is a newcomer."""


@dataclass
class Tally:
    """What one way of finding faces made of one clip."""

    expected: int = 0
    hit: int = 0
    after: int = 0
    hit_after: int = 0
    false_frames: int = 0
    ids: set[int] = field(default_factory=set)
    boxes: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    yaw: list[float] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    first: int | None = None
    delays: list[float] = field(default_factory=list)
    came: float | None = None
    unfound: int = 0
    last: float = -math.inf

    def take(self, number: int, t: float, found: list[Found], reference: list[dict[str, float]]) -> None:
        """Counts one frame at ``t`` seconds."""
        boxes = [np.array(box) for box, _, _ in found]
        matched = set()
        if reference and t - self.last > ABSENT_S:
            self.came = t
        if reference:
            self.last = t
        elif self.came is not None and t - self.last > ABSENT_S:  # gone again, and nobody had found them
            self.unfound += 1
            self.came = None
        for row in reference:
            true = corners(row)
            overlaps = [iou(box, true) for box in boxes]
            best = int(np.argmax(overlaps)) if overlaps else -1
            good = best >= 0 and overlaps[best] >= SAME
            self.expected += 1
            self.hit += good
            if good:
                matched.add(best)
                if self.first is None:
                    self.first = number
                yaw = found[best][1]
                if yaw is not None:
                    self.yaw.append(abs(yaw - row["yaw"]))
                if found[best][2] is not None:
                    self.points.append((abs(row["yaw"]), points_off(found[best][2], row)))
            if self.first is not None:
                self.after += 1
                self.hit_after += good
        if matched and self.came is not None:
            self.delays.append(t - self.came)
            self.came = None
        # A box is false when no reference face, not even a doubtful one, is near it.
        self.false_frames += any(
            n not in matched and not any(iou(box, corners(row)) > 0.1 for row in reference)
            for n, box in enumerate(boxes)
        )
        if len(found) == 1:
            x1, y1, x2, y2 = boxes[0]
            self.boxes[number] = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1)

    def jitter(self, still: NDArray[np.bool_]) -> float | None:
        """Median over resting stretches of the deviation of centre and size, in face sizes."""
        values = []
        for start in range(0, len(still) - STEADY_WINDOW, STEADY_WINDOW):
            span = range(start, start + STEADY_WINDOW)
            if not still[start : start + STEADY_WINDOW].all() or not all(n in self.boxes for n in span):
                continue
            rows = np.array([self.boxes[n] for n in span])
            # A slow drift is the face's own; what is left is jitter.
            rows = rows - np.stack(
                [np.polyval(np.polyfit(range(len(rows)), c, 1), range(len(rows))) for c in rows.T], 1
            )
            values.append(float(rows.std(axis=0).mean() / self.boxes[start][2]))
        return float(np.median(values)) if values else None

    def row(self, still: NDArray[np.bool_]) -> dict[str, Any]:
        """The figures."""
        changes = sum(a != b for a, b in zip(self.labels, self.labels[1:], strict=False))
        jitter = self.jitter(still)
        unfound = self.unfound + (self.came is not None)
        return {
            "recall": _share(self.hit, self.expected),
            "recall_after_first": _share(self.hit_after, self.after),
            "false_frames": self.false_frames,
            "ids": len(self.ids),
            "newcomers": len(self.delays) + unfound,
            "newcomers_unfound": unfound,
            "newcomer_s": round(max(self.delays), 3) if self.delays else None,
            "jitter": None if jitter is None else round(jitter, 4),
            "label_changes": changes,
            "unknown": _share(sum(label == UNKNOWN for label in self.labels), len(self.labels)),
            "yaw_error": round(float(np.mean(self.yaw)), 2) if self.yaw else None,
            "points": mean_off(self.points, 0, TURNED),
            "points_turned": mean_off(self.points, TURNED, 180),
            "cpu_ms": round(float(np.mean(self.cpu_ms)), 2) if self.cpu_ms else None,
            "cpu_p95_ms": round(float(np.percentile(self.cpu_ms, 95)), 2) if self.cpu_ms else None,
        }


def points_off(points: NDArray[np.float32], row: dict[str, float]) -> float:
    """Mean distance of the points from the reference's, over its distance of the irises."""
    true = np.array([[row[f"{name}_x"], row[f"{name}_y"]] for name in POINTS])
    eyes = np.linalg.norm(true[POINTS.index("r_iris")] - true[POINTS.index("l_iris")])
    return float(np.linalg.norm(points[: len(POINTS)] - true, axis=1).mean() / max(float(eyes), 1e-3))


def mean_off(points: list[tuple[float, float]], low: float, high: float) -> str | None:
    """Mean point error of the frames whose yaw is within a range, and their number."""
    off = [error for yaw, error in points if low <= yaw < high]
    return f"{100 * np.mean(off):.2f} % (N={len(off)})" if off else None


def corners(row: dict[str, float]) -> NDArray[np.float64]:
    """A reference face's box as x1, y1, x2, y2."""
    return np.array([row["x"], row["y"], row["x"] + row["w"], row["y"] + row["h"]])


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def read_reference(folder: Path) -> dict[str, dict[int, list[dict[str, float]]]]:
    """Clip to frame to the reference's faces."""
    table: dict[str, dict[int, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "reference.csv.gz", "rt") as handle:
        for row in csv.DictReader(handle):
            if row["x"]:
                numbers = {k: float(v) for k, v in row.items() if k not in ("file", "frame") and v}
                table[row["file"]][int(row["frame"])].append(numbers)
    return table


def judge(
    path: Path, reference: dict[int, list[dict[str, float]]], config: Config, points: list[tuple[float, float]],
    *, only: bool,
) -> Any:  # fmt: skip
    """The three ways on one clip, or the program as shipped only; adds to ``points`` what following made of them."""
    base = config
    searching = replace(base, detect=replace(base.detect, follow=False))
    ways = {"follow": build(base)} if only else {"search": build(searching), "follow": build(base)}
    every = make_detector(DetectConfig(width=640, scale_factor=1.1, profile="never"))
    tallies = {name: Tally() for name in (*([] if only else ["haar"]), *ways)}
    source = open_source(str(path), base.source)
    last, still = None, []
    number = counted = 0
    while (grabbed := source.read()) is not None:
        frame: Frame = grabbed
        rows = reference.get(number, [])
        now = corners(rows[0]) if len(rows) == 1 else None
        moved = 1.0 if now is None or last is None else float(np.abs(now - last).max() / max(1.0, now[2] - now[0]))
        still.append(moved < STILL)
        last = now
        if not only:
            found = _every_frame(every, frame.image)
            tallies["haar"].take(number, frame.t, [(box, None, None) for box in found], rows)
        for name, pipeline in ways.items():
            started = time.process_time()
            result = pipeline.step(frame)
            tallies[name].cpu_ms.append((time.process_time() - started) * 1e3)
            seen: list[Found] = [
                (f.box, f.pose[0] if f.pose else None, f.keypoints.points if f.keypoints else None)
                for f in result.faces
                if f.seen
            ]
            tallies[name].take(number, frame.t, seen, rows)
            if name == "follow":
                points += tallies[name].points[counted:]
                counted = len(tallies[name].points)
            tallies[name].ids |= {f.id for f in result.faces}
            if result.faces:
                tallies[name].labels.append(result.faces[0].label)
        number += 1
    source.close()
    return {"frames": number} | {name: tally.row(np.array(still)) for name, tally in tallies.items()}


def _every_frame(detector: Detector, image: Image) -> list[Any]:
    """What a cascade finds in a whole frame at 640 px."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = min(1.0, 640 / gray.shape[1])
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    raw = detector.find(small, 40, min(small.shape))
    return [box / scale for box, score in zip(raw.boxes, raw.scores, strict=True) if score >= 0.5]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", nargs="*", help="only these")
    parser.add_argument("--model", default="keypoints.tflite")
    parser.add_argument("--proposals", default="proposals.tflite")
    parser.add_argument("--only", action="store_true", help="leave out the cascade in every frame and region searches")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    config, _ = configuration.load(None, [f"follow.model={args.model}", f"detect.proposals={args.proposals}"])
    reference = read_reference(args.folder)
    names = sorted(p.name for p in args.folder.iterdir() if p.suffix in (".mp4", ".avi", ".mov", ".gif"))
    report: dict[str, Any] = {}
    points: list[tuple[float, float]] = []
    print("per clip: haar every frame / region search / following")
    for name in [n for n in names if not args.clips or n in args.clips]:
        r = report[name] = judge(args.folder / name, reference.get(name, {}), config, points, only=args.only)
        ways = [r[way] for way in ("haar", "search", "follow") if way in r]
        print(f"{name} N={r['frames']}", flush=True)
        for key in ways[0]:
            if any(way[key] is not None for way in ways):
                print(f"  {key:18} " + " / ".join(str(way[key]) for way in ways), flush=True)
    print(f"keypoints of followed faces, all clips: up to {TURNED} degrees of yaw {mean_off(points, 0, TURNED)}")
    print(f"  beyond {mean_off(points, TURNED, 180)}")
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
