"""Compares three ways of finding faces on clips: recall, identities, jitter, label changes, pose and cost.

``python -m benchmarks.following ../shared/videos`` prints the figures of three ways: a cascade in every frame, searches
around known faces, and following with the keypoint network. The reference (reference.csv.gz) is the output of another
program; it judges and was never trained on. Its boxes enclose face meshes, ours are Haar boxes: an IoU of 0.4 or more
counts as the same face.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.judging import STILL, TURNED, Found, Tally, corners, mean_off, read_reference
from monitor.capture.kinds import open_source
from monitor.core.types import Frame, Image
from monitor.faces.detector import Detector, make_detector
from monitor.run.assembly import build
from monitor.settings import config as configuration
from monitor.settings.config import Config, DetectConfig


def judge(
    path: Path, reference: dict[int, list[dict[str, float]]], config: Config, points: list[tuple[float, float]],
    *, only: bool,
) -> Any:  # fmt: skip
    """Measures all ways on one clip, or following only; appends the keypoint errors of following to ``points``."""
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
    """Boxes of a cascade in a whole frame that is scaled to a width of 640 px."""
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
