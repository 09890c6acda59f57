"""Repeatability of the keypoint reference, which limits how exactly a network can be measured.

    python -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.14
    python -m benchmarks.reference runs/keypoints.npz --mediapipe /tmp/mp/bin/python

The reference keypoints come from MediaPipe's face mesh on an enlarged crop. Here the same mesh is applied twice more to
the same held-out faces: with a slightly different crop, and to the mirrored picture. Both outputs are compared with the
reference like the output of a network (mean distance of the 17 keypoints, relative to the distance of the irises). The
last columns compare the reference and our network with the mean of both outputs, on faces that all of them detect.

The second table compares our network with the labels, but only with repeatable ones: both further outputs lie within a
limit of the label.

    python -m benchmarks.reference runs/keypoints.npz --mediapipe /tmp/mp/bin/python --doubts train/data/doubtful.txt

checks all faces (20 minutes on one core) and writes those with a label that is not repeatable: see
``train.data.doubts``.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.networks.card import find_model
from monitor.networks.keypoints import SWAP, KeypointNet
from train.data import doubts, faceset, keypoints
from train.data.faceset import FaceSet
from train.system.progress import track
from train.tasks.keypoints.figures import FRONTAL, looked, near_box, points_off

AGAIN = (0.1, doubts.SHARE, np.inf)
"""Limits, as shares of the eye distance, within which a label is repeatable; infinite: all labels."""
AT_ONCE = 1000
"""Number of faces per call of the mesh."""
THEIRS = """
import sys
import cv2, numpy as np
import mediapipe as mp
MESH = [33, 133, 159, 145, 362, 263, 386, 374, 468, 473, 1, 61, 291, 13, 14, 152, 10]
given = np.load(sys.argv[1])
model = mp.solutions.face_mesh.FaceMesh(
    static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.1)
out = []
for n, (x1, y1, x2, y2) in enumerate(given["boxes"]):
    image = given[f"image{n}"]
    side = int(max(x2 - x1, y2 - y1))
    left, top = int((x1 + x2) / 2 - side), int((y1 + y2) / 2 - side)
    wide = cv2.copyMakeBorder(image, *([2 * side] * 4), cv2.BORDER_REPLICATE)
    part = wide[top + 2 * side : top + 4 * side, left + 2 * side : left + 4 * side]
    found = model.process(cv2.cvtColor(cv2.resize(part, (512, 512), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB))
    if not found.multi_face_landmarks:
        out.append(np.full((17, 2), np.nan))
        continue
    keypoints = found.multi_face_landmarks[0].landmark
    out.append([[keypoints[i].x * 2 * side + left, keypoints[i].y * 2 * side + top] for i in MESH])
np.save(sys.argv[2], np.array(out, np.float32))
"""
"""``MESH``: the vertices of the mesh that correspond to ``POINTS``, numbered as in MediaPipe's documentation."""


def again(python: str, images: list[NDArray[np.uint8]], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keypoints (N, 17, 2) of the mesh in each picture around a box; NaN where it detects no face."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npy"
        np.savez(given, boxes=boxes, **{f"image{n}": image for n, image in enumerate(images)})  # type: ignore[arg-type]
        try:
            done = subprocess.run([python, "-c", THEIRS, str(given), str(answer)], stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise SystemExit(f"--mediapipe {python}: {error.strerror}; give a Python that has mediapipe") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SystemExit(f"--mediapipe {python}: {last}; it must have mediapipe==0.10.14")
        return np.asarray(np.load(answer), np.float32)


def looks(
    python: str, images: list[NDArray[np.uint8]], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keypoints of the mesh in the pictures and in their mirror images, (N, 17, 2) each; see ``again``.

    Args:
        python: Path of a Python that has mediapipe.
        images: Gray pictures.
        points: (N, 19, 2) labels; the last two are the box's corners.
    """
    boxes = points[:, -2:].reshape(-1, 4)
    widths = np.array([image.shape[1] for image in images], np.float32)[:, None]
    mirrored_boxes = np.concatenate(
        [widths - boxes[:, 2:3], boxes[:, 1:2], widths - boxes[:, :1], boxes[:, 3:]], axis=1
    )
    once = again(python, images, boxes)
    mirrored = again(python, [np.ascontiguousarray(i[:, ::-1]) for i in images], mirrored_boxes)
    mirrored = mirrored[:, list(SWAP)]
    mirrored[:, :, 0] = widths - mirrored[:, :, 0]
    return once, mirrored


def farther(
    once: NDArray[np.float32], mirrored: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(N,) larger distance of both outputs from the label, relative to the eye distance; NaN without a face in one."""
    return np.maximum(points_off(once, points), points_off(mirrored, points))


def _write_doubts(python: str, data: FaceSet, out: Path) -> None:
    doubtful = np.zeros(len(data), bool)
    for start in track(range(0, len(data), AT_ONCE), "checking labels"):
        rows = np.arange(start, min(start + AT_ONCE, len(data)))
        points = data.points[rows]
        once, mirrored = looks(python, [data.pictures[int(data.picture[row])] for row in rows], points)
        doubtful[rows] = ~(farther(once, mirrored, points) <= doubts.SHARE)
    head = [
        "# Faces whose reference label (mediapipe 0.10.14) is not repeatable within "
        f"{doubts.SHARE:.0%} of the eye distance,",
        f"# or where one of two further outputs has no face: {doubtful.sum()} of {len(data)}, "
        f"{date.today().isoformat()}.",
        "# Made by: python -m benchmarks.reference runs/keypoints.npz --mediapipe PYTHON "
        "--doubts train/data/doubtful.txt",
    ]
    out.write_text("\n".join([*head, *data.origin[doubtful].tolist()]) + "\n", encoding="utf-8")
    print(f"{out}: {doubtful.sum()} of {len(data)}")


def main() -> None:
    """Prints the tables, or writes the list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", help="packed set of keypoints: python -m train prepare --task keypoints")
    parser.add_argument("--mediapipe", required=True, help="a Python that has mediapipe==0.10.14")
    parser.add_argument("--model", type=Path, default=find_model("keypoints.tflite"), help="our network")
    parser.add_argument("--doubts", type=Path, metavar="FILE", help="write the doubtful labels of all faces instead")
    args = parser.parse_args()
    data = keypoints.load(Path(args.data))
    if args.doubts:
        _write_doubts(args.mediapipe, data, args.doubts)
        return
    rows = np.flatnonzero((data.split == "validation") & (data.source != "fer"))
    images = [data.pictures[int(data.picture[row])] for row in rows]
    points = data.points[rows]
    once, mirrored = looks(args.mediapipe, images, points)
    ours = _ours(KeypointNet(args.model), images, points)
    others = (once + mirrored) / 2
    yaw, source = np.abs(data.pose[rows, 0]), data.source[rows]
    print("| | N | again: mean | median | mirrored: mean | median | against both: reference | ours |")
    print("|---|---|---|---|---|---|---|---|")
    for name, chosen in (
        (f"yaw up to {FRONTAL:g}°", yaw <= FRONTAL),
        ("heads alone", (yaw <= FRONTAL) & (source == "faces")),
        ("drivers", (yaw <= FRONTAL) & (source == "driver")),
        (f"beyond {FRONTAL:g}°", yaw > FRONTAL),
    ):
        cells = []
        for seen in (once, mirrored):
            off = points_off(seen[chosen], points[chosen])
            off = off[np.isfinite(off)]
            cells.append(f"{off.mean():.2%} (N = {len(off)}) | {np.median(off):.2%}")
        both = chosen & np.isfinite(others).all(axis=(1, 2)) & np.isfinite(ours).all(axis=(1, 2))
        for seen in (points, ours):
            off = points_off(seen[both], others[both])
            cells.append(f"{off.mean():.2%}, median {np.median(off):.2%}")
        print(f"| {name} | {int(chosen.sum())} | {' | '.join(cells)} (N = {int(both.sum())}) |")
    worst = farther(once, mirrored, points)
    off = points_off(ours, points)
    print("\n| labels repeatable within | " + " | ".join(_limit(limit) for limit in AGAIN) + " |")
    print("|---|" + "---|" * len(AGAIN))
    for name, chosen in ((f"yaw up to {FRONTAL:g}°", yaw <= FRONTAL), (f"beyond {FRONTAL:g}°", yaw > FRONTAL)):
        kept = [chosen & np.isfinite(off) & ((worst <= limit) | np.isinf(limit)) for limit in AGAIN]
        print(f"| ours, {name} | " + " | ".join(f"{off[k].mean():.2%} (N = {int(k.sum())})" for k in kept) + " |")


def _limit(limit: float) -> str:
    return "(all)" if np.isinf(limit) else f"{limit:.0%} of the eye distance"


def _ours(net: KeypointNet, images: list[NDArray[np.uint8]], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Our keypoints (N, 17, 2) after two passes from an inexact box, as in ``train evaluate``; NaN without a face."""
    rng, out = np.random.default_rng(5), []
    for image, (cx, cy, side) in zip(images, faceset.face_squares(points).astype(float), strict=True):
        keypoints = looked(net, image, near_box(cx, cy, side, rng), 2)
        out.append(np.full((17, 2), np.nan) if keypoints is None else keypoints.points[:17])
    return np.asarray(out, np.float32)


if __name__ == "__main__":
    main()
