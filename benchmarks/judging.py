"""Judges the faces found in a clip by a reference: recall, identities, jitter, label changes, pose and keypoints."""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.boxes import iou
from monitor.core.labels import UNKNOWN
from monitor.networks.keypoints import POINTS

Found = tuple[Any, Any, Any]
"""A found face: box, yaw or None, keypoints or None."""
SAME = 0.4
"""IoU from which two boxes are the same face."""
TURNED = 30
"""Yaw of the reference, in degrees, from which a face counts as turned."""
STILL = 0.01
"""A face is at rest in a frame when its reference box moves by less than this share of its size."""
STEADY_WINDOW = 15
"""Number of frames at rest over which the jitter is measured."""
ABSENT_S = 0.5
"""A face that appears after this long without any face in the reference is a newcomer."""


@dataclass
class Tally:
    """Counts of one way of finding faces on one clip."""

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
        elif self.came is not None and t - self.last > ABSENT_S:  # gone again without having been found
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
        """Jitter at rest: median over spans of the deviation of centre and size, in face sizes; None without a span."""
        values = []
        for start in range(0, len(still) - STEADY_WINDOW, STEADY_WINDOW):
            span = range(start, start + STEADY_WINDOW)
            if not still[start : start + STEADY_WINDOW].all() or not all(n in self.boxes for n in span):
                continue
            rows = np.array([self.boxes[n] for n in span])
            # A slow drift is motion of the face; the rest is jitter.
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
    """Mean distance of the keypoints from those of the reference, relative to its distance of the irises."""
    true = np.array([[row[f"{name}_x"], row[f"{name}_y"]] for name in POINTS])
    eyes = np.linalg.norm(true[POINTS.index("r_iris")] - true[POINTS.index("l_iris")])
    return float(np.linalg.norm(points[: len(POINTS)] - true, axis=1).mean() / max(float(eyes), 1e-3))


def mean_off(points: list[tuple[float, float]], low: float, high: float) -> str | None:
    """Mean keypoint error of the frames with a yaw from ``low`` to below ``high`` degrees, and their number."""
    off = [error for yaw, error in points if low <= yaw < high]
    return f"{100 * np.mean(off):.2f} % (N={len(off)})" if off else None


def corners(row: dict[str, float]) -> NDArray[np.float64]:
    """A reference face's box as x1, y1, x2, y2."""
    return np.array([row["x"], row["y"], row["x"] + row["w"], row["y"] + row["h"]])


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def read_reference(folder: Path) -> dict[str, dict[int, list[dict[str, float]]]]:
    """The faces of the reference by clip and frame."""
    table: dict[str, dict[int, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / "reference.csv.gz", "rt") as handle:
        for row in csv.DictReader(handle):
            if row["x"]:
                numbers = {k: float(v) for k, v in row.items() if k not in ("file", "frame") and v}
                table[row["file"]][int(row["frame"])].append(numbers)
    return table
