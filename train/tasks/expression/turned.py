"""Makes turned copies of training crops, because most labelled faces look ahead and people in front of a camera often
do not."""

from __future__ import annotations

import logging
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.types import Image, Keypoints
from monitor.faces.follower import Reader
from monitor.networks.keypoints import FACE_H, FACE_W, FACE_Y, haar_box
from train.data.crops import SIDE
from train.data.datasets import Dataset, concatenated
from train.data.framing import cut, look
from train.engine.batches import sampling
from train.system.progress import track
from train.tasks.keypoints.headshape import Shape, fitted
from train.tasks.keypoints.turning import turned

log = logging.getLogger("train")

AHEAD, LEAST, MOST = 20.0, 20.0, 42.0
"""Largest present yaw of a face that is turned, and the range of yaw it is turned to, in degrees. From 45 degrees on,
the app reads no expression."""
NOD = 10.0
"""Largest added pitch in degrees."""
PAD = 12
"""Pixels of repeated border around a crop, so that a face that moves when it turns stays in the picture."""
SPARE = 1.6
"""Number of crops examined for each copy: in some the keypoint network finds no face, others already look aside."""
FEWEST = 30
"""Least number of faces for the fit of a head's shape."""


def with_turned(data: Dataset, count: int, seed: int, net: Reader) -> Dataset:
    """The set with turned copies of its crops added; see ``copies``."""
    added = copies(data, count, seed, net)[1]
    return replace(concatenated([data, added]), name=data.name, skipped=data.skipped)


def copies(data: Dataset, count: int, seed: int, net: Reader) -> tuple[NDArray[np.int64], Dataset]:
    """Turned copies of crops; targets and source are those of the original.

    Args:
        data: Crops.
        count: Number of copies; fewer where there are not enough faces that look ahead.
        seed: Seed for the choice of crops and angles.
        net: The keypoint network.

    Returns:
        Rows (N,) of the originals, and the copies.

    Raises:
        ConfigError: Too few faces look ahead, or all have nearly the same pose.
    """
    rng = np.random.default_rng([seed, 2])
    chances = sampling(data.targets, 0.5, data.source, 0.5)
    tried = rng.choice(len(data), min(len(data), round(SPARE * count)), replace=False, p=chances)
    seen = {int(row): found for row in track(tried, "finding keypoints") if (found := look(net, data.images[row]))}
    if len(seen) < FEWEST:
        raise ConfigError(
            f"{data.name}: {len(seen)} crops show a face to turn, {FEWEST} are needed; leave heads_turned out"
        )
    poses = np.array([found.pose for found in seen.values()], np.float32)
    shape = fitted(np.stack([_corners(found) for found in seen.values()]), poses)
    ahead = [row for row, found in seen.items() if abs(float(found.pose[0])) <= AHEAD][:count]
    images = [_turned(data.images[row], seen[row], shape, rng) for row in track(ahead, "turning faces")]
    log.info("%d crops turned to %.0f to %.0f degrees", len(images), LEAST, MOST)
    rows = np.array(ahead, np.int64)
    return rows, replace(data.take(rows), images=np.stack(images))


def _corners(found: Keypoints) -> NDArray[np.float32]:
    """(19, 2) keypoints and the corners of the face mesh, see ``haar_box``."""
    x1, y1, x2, y2 = found.box
    side = x2 - x1
    middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2 + FACE_Y * side])
    half = np.array([FACE_W, FACE_H]) * side / 2
    corners = np.stack([middle - half, middle + half])
    return np.concatenate([found.points, corners]).astype(np.float32)


def _turned(crop: Image, found: Keypoints, shape: Shape, rng: np.random.Generator) -> Image:
    """A crop whose face is turned, cut again around the face."""
    yaw = float(found.pose[0])
    side = rng.choice([-1.0, 1.0]) if abs(yaw) < 8 else float(np.sign(yaw))
    by, nod = side * float(rng.uniform(LEAST, MOST)) - yaw, float(rng.uniform(-NOD, NOD))
    wide = cv2.copyMakeBorder(crop, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
    image, points = turned(wide, _corners(found) + np.float32(PAD), found.pose, shape, by=by, nod=nod)
    x1, y1, x2, y2 = haar_box(points[-2].tolist(), points[-1].tolist())
    size = len(image)
    return cut(image, (x1 / size, y1 / size, x2 / size, y2 / size), float(found.pose[2]), SIDE)
