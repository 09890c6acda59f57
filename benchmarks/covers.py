"""Covered faces through the whole program: told, followed, read, by kind of cover.

``python -m benchmarks.covers runs/keypoints.npz --clips ../shared/videos``. Covers are drawn over the held-out heads
and driver frames of the prepared set; the keypoint network follows each face from its true box and the expression
network reads what it then crops. "told" = the covered half is named, "named" = an expression is read from it all the
same. On clips, which show nobody masked, the covered frames are counted.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.kinds import open_source
from monitor.core.types import Image, Keypoints
from monitor.faces.admission import CERTAIN, LIKELY, steady
from monitor.faces.follower import Follower
from monitor.faces.quality import visibility
from monitor.networks.card import find_model
from monitor.networks.covers import HALVES, CoverNet
from monitor.networks.emotion import EmotionNet
from monitor.networks.load import load
from monitor.run.assembly import build
from monitor.settings import config as configuration
from train.data import faceset, keypoints
from train.data.faceset import FaceSet
from train.tasks.covers.canvas import Canvas
from train.tasks.covers.coverings import CLEAR, COVERED, hidden_shares
from train.tasks.covers.drawing import COVERS
from train.tasks.covers.figures import calibration_error

SOURCES = ("faces", "driver")


class Probed(CoverNet):
    """Remembers the last answer of the cover network."""

    last = (0.0, 0.0)

    def covered(self, crop: Image) -> tuple[float, float]:
        """See ``CoverNet.covered``."""
        self.last = super().covered(crop)
        return self.last


def covered_pictures(
    data: FaceSet, kind: str, count: int, rng: np.random.Generator
) -> Iterator[tuple[int, Image, tuple[float, float]]]:
    """Held-out rows, their pictures with something drawn on, and the hidden shares of eyes and mouth."""
    rows = np.flatnonzero((data.split == "validation") & np.isin(data.source, SOURCES))
    rows = rows[np.abs(data.pose[rows, 0]) < 30]
    for row in rng.choice(rows, count):
        image = data.pictures[int(data.picture[row])]
        canvas = Canvas(_squared(image), data.points[row][:17].copy())
        if kind != "none":
            COVERS[kind](canvas, rng)
        height, width = image.shape
        yield int(row), np.clip(np.rint(canvas.pixels[:height, :width]), 0, 255).astype(np.uint8), hidden_shares(canvas)


def _squared(image: Image) -> NDArray[np.float32]:
    """The picture padded to a square, which canvases need."""
    side = max(image.shape)
    padded = cv2.copyMakeBorder(
        image, 0, side - image.shape[0], 0, side - image.shape[1], cv2.BORDER_REPLICATE
    )  # fmt: skip
    return padded.astype(np.float32)


def main() -> None:
    """Prints one line per kind of cover, then one per clip."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--count", type=int, default=400, help="faces of each kind; five times as many without a cover")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    config = configuration.load(None, args.set)[0]
    data = keypoints.load(args.data)
    _faces(data, config, args.count)
    if args.clips is not None:
        _clips(args.clips, config)


def _faces(data: FaceSet, config: configuration.Config, count: int) -> None:
    probe = Probed(find_model(config.emotion.covers))
    emotion = EmotionNet(find_model(config.emotion.model), covers=probe)
    networks, rng = load(config), np.random.default_rng(3)
    assert networks.keypoints is not None
    follower = Follower(networks.keypoints, config.follow)
    answers, truths = [], []
    print("kind: faces; told; named all the same; followed; accepted as a new face")
    for kind in ("none", *COVERS):
        tally: Counter[str] = Counter()
        for row, image, shares in covered_pictures(data, kind, count * (5 if kind == "none" else 1), rng):
            truth = [1.0 if s >= COVERED else 0.0 if s <= CLEAR else -1.0 for s in shares]
            if (max(truth) < 1) != (kind == "none"):
                continue
            tally["n"] += 1
            box = _box(data, row)
            keypoints_ = follower.follow(image, box)
            accepted = follower.accept(image, box)
            tally["accepted"] += accepted is not None and _admitted(follower, image, accepted)
            if keypoints_ is None:
                continue
            tally["followed"] += 1
            visible = visibility([float(v) for v in keypoints_.pose], keypoints_)
            reading = emotion.read(image, keypoints_.box, float(keypoints_.pose[2]), visible=visible)
            tally["named"] += reading.quality >= config.emotion.min_quality
            told = [reading.covered in (half, "both") for half in HALVES]
            tally["told"] += any(t for t, y in zip(told, truth, strict=True) if y == 1 or kind == "none")
            for p, y in zip(probe.last, truth, strict=True):
                if y >= 0:
                    answers.append(p)
                    truths.append(y)
        n, followed = tally["n"], max(1, tally["followed"])
        print(
            f"{kind}: {n}; {tally['told'] / followed:.1%}; {tally['named'] / followed:.1%}; "
            f"{tally['followed'] / n:.1%}; {tally['accepted'] / n:.1%}"
        )
    error = calibration_error(np.array(answers), np.array(truths, np.float32))
    print(f"ECE of the halves: {error:.3f} (N = {len(truths)})")


def _admitted(follower: Follower, image: Image, found: Keypoints) -> bool:
    """Whether ``Admission`` takes it for a face in the first frame, even if no cascade confirms it."""
    return found.presence >= CERTAIN or (found.presence >= LIKELY and steady(follower, image, found))


def _box(data: FaceSet, row: int) -> tuple[float, float, float, float]:
    cx, cy, side = (float(v) for v in faceset.face_squares(data.points[row : row + 1])[0])
    return faceset.square_box(cx, cy, side)


def _clips(folder: Path, config: configuration.Config) -> None:
    networks = load(config)
    print("clip: frames with a face; covered: half, frames")
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".mp4", ".avi", ".mov", ".gif")):
        pipeline, source = build(config, networks), open_source(str(path), config.source)
        seen = 0
        halves: defaultdict[str, int] = defaultdict(int)
        while (frame := source.read()) is not None:
            for face in pipeline.step(frame).faces:
                seen += 1
                halves[face.covered] += 1
        source.close()
        print(f"{path.name}: {seen}; { ({k: v for k, v in halves.items() if k}) }", flush=True)


if __name__ == "__main__":
    main()
