"""Open or shut eyes: the eye network against the lid distance of the keypoints, judged by a reference.

python -m benchmarks.eyes ../shared/videos [--step 2]

The box of the reference locates the face; two passes of the keypoint network locate the eyes, as in following. An eye
is shut when the lid distance of the reference, relative to the eye width, is at most 0.12, and open from 0.25 on.
Values in between and heads turned by more than 42 degrees are left out. AUC: probability that the shut eye of a random
pair has the lower value. The reference is the output of another program, which rates eyes that look down as shut.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import find_model
from monitor.networks.eyes import TURNED, EyeNet
from monitor.networks.keypoints import KeypointNet, haar_box

SHUT, OPEN = 0.12, 0.25


def auc(shut: NDArray[np.float64], opened: NDArray[np.float64]) -> float:
    """Area under the ROC curve of telling shut from open by a low value."""
    if not len(shut) or not len(opened):
        return float("nan")
    order = np.concatenate([shut, opened]).argsort(kind="stable").argsort(kind="stable") + 1
    return float(1 - (order[: len(shut)].sum() - len(shut) * (len(shut) + 1) / 2) / (len(shut) * len(opened)))


def main() -> None:
    """Prints a row per clip and one for all clips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--step", type=int, default=2, help="use every STEP-th frame")
    args = parser.parse_args()
    reference: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    with gzip.open(args.folder / "reference.csv.gz", "rt") as handle:
        for row in csv.DictReader(handle):
            if row["face"] == "0":
                reference[row["file"]][int(row["frame"])] = row
    net, eyes = KeypointNet(find_model("keypoints.tflite")), EyeNet(find_model("eyes.tflite"))
    columns = ("clip", "shut eyes", "open eyes", "AUC: eye network / lid distance", "shut < 0.2 / open > 0.4")
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    every: list[tuple[float, float, float, float]] = []
    for name in sorted(reference):
        seen = clip(args.folder / name, reference[name], args.step, net, eyes)
        every += seen
        print(line(name, seen))
    print(line("all", every))


def clip(
    path: Path, rows: dict[int, dict[str, str]], step: int, net: KeypointNet, eyes: EyeNet
) -> list[tuple[float, float, float, float]]:
    """Reference openness, network openness, quality and the keypoints' lid distance of each eye of a clip."""
    video, seen, index = cv2.VideoCapture(str(path)), [], -1
    while True:
        ok, read = video.read()
        index += 1
        if not ok:
            break
        row = rows.get(index)
        if row is None or index % step or abs(float(row["yaw"])) > TURNED:
            continue
        image = np.asarray(read, np.uint8)
        x, y, w, h = (float(row[k]) for k in ("x", "y", "w", "h"))
        box = haar_box((x, y), (x + w, y + h))
        keypoints = net.read(image, box)
        keypoints = net.read(image, keypoints.box) if keypoints is not None else None
        if keypoints is None or keypoints.presence < 0.4:
            continue
        for side, (reading, key) in enumerate(zip(eyes.read(image, keypoints), ("eye_r", "eye_l"), strict=True)):
            seen.append((float(row[key]), reading.open, reading.quality, float(keypoints.openness[side])))
    video.release()
    return seen


def line(name: str, seen: list[tuple[float, float, float, float]]) -> str:
    """A row of the table."""
    values = np.array(seen, np.float64).reshape(-1, 4)
    values = values[values[:, 2] >= 0.35]
    shut, opened = values[values[:, 0] <= SHUT], values[values[:, 0] >= OPEN]
    found = (shut[:, 1] < 0.2).mean() if len(shut) else float("nan")
    awake = (opened[:, 1] > 0.4).mean() if len(opened) else float("nan")
    areas = " / ".join(f"{auc(shut[:, c], opened[:, c]):.3f}" for c in (1, 3))
    return f"| {name} | {len(shut)} | {len(opened)} | {areas} | {found:.3f} / {awake:.3f} |"


if __name__ == "__main__":
    main()
