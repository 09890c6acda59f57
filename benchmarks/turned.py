"""Reads held-out crops whose faces are turned aside by rendering, beside the same crops as they are.

``python -m benchmarks.turned --data runs/mixed.npz [--model models/emotion.tflite] [--count 3000]``

Crop and mirror image are averaged, as in the app. The renderer also makes turned faces for training, of other people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import KeypointNet
from train.data import datasets
from train.reports.metrics import accuracy, mean_recall
from train.tasks.expression.turned import LEAST, MOST, copies


def read(net: EmotionNet, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 7) logits of crops, the mean over each crop and its mirror image."""

    def both(image: Image) -> NDArray[np.float32]:
        crop = net.prepared(image)
        return np.asarray((net.logits(crop) + net.logits(np.ascontiguousarray(crop[:, ::-1]))) / 2)

    return np.stack([both(image) for image in images])


def main() -> None:
    """Prints accuracy and mean recall of each source, as they are and turned."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("runs/mixed.npz"))
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    parser.add_argument("--count", type=int, default=3000)
    args = parser.parse_args()
    data = datasets.load(args.data).part("validation")
    data = data.take(data.truth >= 0)
    rows, turned = copies(data, args.count, seed=1, net=KeypointNet(find_model("keypoints.tflite")))
    net = EmotionNet(args.model or find_model("emotion.tflite"))
    plain, aside = read(net, data.images[rows]), read(net, turned.images)
    print(f"{len(rows)} held-out faces turned to {LEAST:.0f} to {MOST:.0f} degrees; accuracy / mean recall")
    recalls = []
    for source in data.sources:
        own = turned.source == source if len(turned.source) else np.ones(len(turned), bool)
        truth = turned.truth[own]
        recalls.append([mean_recall(logits[own], truth) for logits in (plain, aside)])
        figures = " -> ".join(
            f"{accuracy(logits[own], truth):.3f} / {mean_recall(logits[own], truth):.3f}" for logits in (plain, aside)
        )
        print(f"{source or data.name}: {figures}, N = {own.sum()}")
    print("mean over the sources: " + " -> ".join(f"{value:.3f}" for value in np.mean(recalls, axis=0)))


if __name__ == "__main__":
    main()
