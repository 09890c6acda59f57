"""Stability of the label when the box is off by 5 %, on pictures with surroundings, with the program's own crop.

``python -m benchmarks.jitter [--data runs/keypoints.npz]`` uses held-out heads and driver frames up to 30 degrees of
yaw. They have no expression labels, so it measures the agreement with the exact box, not the accuracy.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from monitor.core.types import Box
from monitor.faces.crop import crop
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from train.data import faceset, keypoints
from train.system.progress import track
from train.tasks.keypoints.figures import FRONTAL

OFF = 0.05
"""Shift and change of size, in box sides."""
TURNS = [(math.cos(n * math.pi / 4), math.sin(n * math.pi / 4)) for n in range(8)]
BOXES = [(0.0, 0.0, 1.0), *((x * OFF, y * OFF, 1.0) for x, y in TURNS), (0.0, 0.0, 1 + OFF), (0.0, 0.0, 1 - OFF)]
"""Horizontal and vertical shift in box sides, and scale: the exact box, eight directions, too large, too small."""


def main() -> None:
    """Prints the share of readings, and of faces, with a stable label."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("runs/keypoints.npz"))
    parser.add_argument("--model", type=Path, default=find_model("emotion.tflite"))
    args = parser.parse_args()
    faces, net = keypoints.load(args.data), EmotionNet(args.model)
    frontal = (faces.split == "validation") & (np.abs(faces.pose[:, 0]) <= FRONTAL)
    for source in ("faces", "driver"):
        rows = np.flatnonzero(frontal & (faces.source == source))
        labels = np.array([_labels(faces, int(row), net) for row in track(rows, source)])
        same = labels[:, 1:] == labels[:, :1]
        print(
            f"{source}: same label in {same.mean():.4f} of the readings, in all {len(BOXES) - 1} boxes for "
            f"{same.all(axis=1).mean():.4f} of the faces, N = {len(rows)}"
        )


def _labels(faces: faceset.FaceSet, row: int, net: EmotionNet) -> list[int]:
    """The class in the exact box and in each shifted one."""
    image = faces.pictures[int(faces.picture[row])]
    cx, cy, side = (float(v) for v in faceset.face_squares(faces.points[row : row + 1])[0])
    roll, out = float(faces.pose[row, 2]), []
    for dx, dy, size in BOXES:
        x, y, half = cx + dx * side, cy + dy * side, side * size / 2
        box: Box = (x - half, y - half, x + half, y + half)
        out.append(int(net.logits(crop(image, box, net.card.crop, roll)).argmax()))
    return out


if __name__ == "__main__":
    main()
