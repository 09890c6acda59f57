"""Accuracy in low light: PublicTest at a share of its light, with camera noise.

``python -m benchmarks.darkness [--model models/emotion.tflite]`` prints for each share the mean gray level and standard
deviation of the crops, the share that the program reads (``quality`` of a large frontal face at least
``emotion.min_quality``), and the accuracy of these and of all crops.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from monitor.faces.quality import light_for, quality
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.settings.config import EmotionConfig
from train.data import datasets
from train.reports.metrics import accuracy
from train.system.progress import track

BOX = (0.0, 0.0, 200.0, 200.0)
SHARES = (1.0, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("runs/data.npz"))
    parser.add_argument("--model", type=Path, default=find_model("emotion.tflite"))
    parser.add_argument("--noise", type=float, default=1.0, help="standard deviation of the noise in gray levels")
    args = parser.parse_args()
    data, net, least = datasets.load(args.data).part("validation"), EmotionNet(args.model), EmotionConfig().min_quality
    data = data.take(data.truth >= 0)
    light = light_for(net.card.crop_contrast)
    print(f"N = {len(data)}, noise of {args.noise:g} gray levels")
    print("| light | mean gray level | deviation | read | right of these | right of all |\n|---|---|---|---|---|---|")
    for share in SHARES:
        rng = np.random.default_rng(0)
        noisy = data.images * share + rng.normal(0, args.noise, data.images.shape) + 0.5
        crops = noisy.clip(0, 255).astype(np.uint8)
        read = np.array([quality(c, BOX, light=light) >= least for c in crops])
        logits = np.stack([net.logits(net.prepared(c)) for c in track(crops, f"{share:.0%}")])
        among = f"{accuracy(logits[read], data.truth[read]):.1%}" if read.any() else "–"
        print(
            f"| {share:.0%} | {crops.mean():.0f} | {np.mean(crops.std(axis=(1, 2))):.1f} | {read.mean():.1%} | "
            f"{among} | {accuracy(logits, data.truth):.1%} |"
        )


if __name__ == "__main__":
    main()
