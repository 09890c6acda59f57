"""Recall of anger and surprise on held-out crops, with the mouth closed and open.

``python -m benchmarks.mouths --data runs/mixed.npz [--model models/emotion.tflite]``

Crop and mirror image are averaged, as in the app. The mouth's opening is the keypoint network's.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.turned import read
from monitor.core.labels import EMOTIONS
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import KeypointNet
from train.data import datasets
from train.data.framing import look

CLOSED = 0.08
"""Opening over width of the mouth below which the lips count as closed."""


def main() -> None:
    """Prints recall and the most frequent wrong answer of each source, expression and mouth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path("runs/mixed.npz"))
    parser.add_argument("--model", type=Path, default=None, help="default: the shipped one")
    args = parser.parse_args()
    data = datasets.load(args.data).part("validation")
    wanted = [EMOTIONS.index(name) for name in ("angry", "surprise")]
    data = data.take(np.isin(data.truth, wanted))
    keypoints = KeypointNet(find_model("keypoints.tflite"))
    found = [look(keypoints, image) for image in data.images]
    opening = np.array([np.nan if face is None else float(face.openness[2]) for face in found])
    answers = read(EmotionNet(args.model or find_model("emotion.tflite")), data.images).argmax(axis=1)
    for label in wanted:
        for name, mouth in (("closed", opening < CLOSED), ("open", opening >= CLOSED)):
            for source in data.sources:
                own = (data.truth == label) & mouth & (data.source == source if len(data.source) else True)
                wrong = Counter(EMOTIONS[k] for k in answers[own] if k != label).most_common(1)
                most = f"; {wrong[0][1]} {wrong[0][0]}" if wrong else ""
                recall = np.mean(answers[own] == label) if own.any() else np.nan
                print(f"{EMOTIONS[label]}, mouth {name}, {source or data.name}: {recall:.3f}, N = {own.sum()}{most}")


if __name__ == "__main__":
    main()
