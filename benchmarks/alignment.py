"""Effect of turning faces upright on the expression network: PublicTest with and without its reference roll.

``python -m benchmarks.alignment --keypoints ../shared/data/landmarks/fer2013.csv.gz``
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from train.data import datasets
from train.data.demo_faces import read_keypoints
from train.reports.metrics import accuracy, mean_recall

TILTS = (0, 4, 8, 12, 16, 24, 90)
"""Limits of the ranges of tilt, in degrees."""


def main() -> None:
    """Prints accuracy and mean recall as they are and upright, for all faces and by tilt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("runs/data.npz"))
    parser.add_argument("--keypoints", type=Path, required=True)
    args = parser.parse_args()
    data = datasets.load(args.data)
    rolls = {row: keypoints["roll"] for row, keypoints in read_keypoints(args.keypoints).items()}
    rows = np.array([r for r in rolls if data.split[r] == "validation" and data.truth[r] >= 0])
    net = EmotionNet(find_model("emotion.tflite"))
    roll = np.array([rolls[r] for r in rows])
    plain = np.stack([net.logits(net.prepared(data.images[r])) for r in rows])
    upright = []
    for r, angle in zip(rows, roll, strict=True):
        turn = cv2.getRotationMatrix2D((23.5, 23.5), float(angle), 1.0)
        image = cv2.warpAffine(data.images[r], turn, (48, 48), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        upright.append(net.logits(net.prepared(image.astype(np.uint8, copy=False))))
    tilt = np.abs(roll)
    ranges = {f"tilted by {low:g} to {high:g} degrees": (tilt >= low) & (tilt < high) for low, high in pairwise(TILTS)}
    for name, chosen in {"all": tilt >= 0, "tilted over 8 degrees": tilt > 8, **ranges}.items():
        truth = data.truth[rows][chosen]
        for what, logits in (("as they are", plain), ("upright", np.stack(upright))):
            own = logits[chosen]
            print(
                f"{name}, {what}: accuracy {accuracy(own, truth):.4f}, "
                f"mean recall {mean_recall(own, truth):.4f}, N = {len(own)}"
            )


if __name__ == "__main__":
    main()
