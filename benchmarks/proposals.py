"""Recall and cost of a full search: the proposal network against cascades, each frame by itself.

``python -m benchmarks.proposals ../shared/videos`` takes every fifth frame of each clip. A reference face
(reference.csv.gz, never trained on) counts as proposed, or as accepted by the keypoint network, when a box
overlaps it with an IoU of 0.3 or more. "false" are accepted boxes without a reference face nearby.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.judging import corners, read_reference
from monitor.capture.kinds import open_source
from monitor.core.boxes import iou
from monitor.core.types import Detections, Image
from monitor.faces.detector import make_detector
from monitor.faces.follower import Follower
from monitor.faces.framesearch import FrameSearch
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from monitor.networks.proposals import ProposalNet
from monitor.settings.config import Config


@dataclass
class SearchTally:
    """Counts of one kind of search on one clip."""

    proposed: int = 0
    accepted: int = 0
    boxes: int = 0
    false: int = 0
    ms: list[float] = field(default_factory=list)


def main() -> None:
    """Prints one line per clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=find_model("proposals.tflite"))
    parser.add_argument("--least", type=float, default=Config().detect.propose)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--no-haar", action="store_true", help="leave out the cascades, which take longest")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    config = Config()
    net = ProposalNet(args.model)
    follower = Follower(KeypointNet(find_model("keypoints.tflite")), config.follow)
    searcher = FrameSearch(make_detector(config.detect), config.detect)
    reference = read_reference(args.folder)

    def proposals(image: Image) -> Detections:
        return net.propose(image, config.detect.min_face * image.shape[1] / 640, args.least)

    ways = {"net": proposals} | ({} if args.no_haar else {"haar": searcher.whole})
    print("clip, frames, faces; for each way: proposed %, accepted %, boxes a frame, false accepted, ms")
    names = sorted(p.name for p in args.folder.iterdir() if p.suffix in (".mp4", ".avi", ".mov", ".gif"))
    for name in names:
        tallies, faces, frames = {way: SearchTally() for way in ways}, 0, 0
        source = open_source(str(args.folder / name), config.source)
        number = -1
        while (frame := source.read()) is not None:
            number += 1
            if number % args.every:
                continue
            rows = reference.get(name, {}).get(number, [])
            frames, faces = frames + 1, faces + len(rows)
            for way, search in ways.items():
                _count(tallies[way], search, frame.image, [corners(row) for row in rows], follower)
        source.close()
        print(f"{name} {frames} {faces}")
        for way, tally in tallies.items():
            print(f"  {way:5} {100 * tally.proposed / max(1, faces):6.1f} {100 * tally.accepted / max(1, faces):6.1f} "
                  f"{tally.boxes / frames:6.2f} {tally.false:4d} {np.mean(tally.ms):6.2f}", flush=True)  # fmt: skip


def _count(
    tally: SearchTally,
    search: Callable[[Image], Detections],
    image: Image,
    truth: list[NDArray[Any]],
    follower: Follower,
) -> None:
    started = time.process_time()
    found = search(image).boxes
    tally.ms.append((time.process_time() - started) * 1e3)
    tally.boxes += len(found)
    accepted: list[NDArray[Any]] = []
    for box in found:
        x1, y1, x2, y2 = (float(v) for v in box)
        keypoints = follower.accept(image, (x1, y1, x2, y2))
        if keypoints is not None and not any(iou(np.array(keypoints.box), other) > 0.3 for other in accepted):
            accepted.append(np.array(keypoints.box))
    tally.proposed += sum(any(iou(box, true) >= 0.3 for box in found) for true in truth)
    tally.accepted += sum(any(iou(box, true) >= 0.3 for box in accepted) for true in truth)
    tally.false += sum(not any(iou(box, true) > 0.1 for true in truth) for box in accepted)


if __name__ == "__main__":
    main()
