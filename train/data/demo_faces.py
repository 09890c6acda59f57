"""Makes the faces of the ``demo`` source: averages over many training faces, which show no real person.

Each face is aligned by its keypoints, then at least ``MINIMUM`` faces of an expression are averaged. Two "people" come
from two disjoint halves of the data, split by the length of the face.
"""

from __future__ import annotations

import csv
import gzip
import logging
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.system.wholefile import whole
from train.data.datasets import Dataset
from train.system import resources

log = logging.getLogger("train")

SIDE = 112
MINIMUM = 12
MOST = 150
POINTS = ("r_eye_out", "r_eye_in", "l_eye_in", "l_eye_out", "nose", "mouth_r", "mouth_l", "chin")


def read_keypoints(path: Path) -> dict[int, dict[str, float]]:
    """Keypoint columns by row number, without rows that show no face.

    Raises:
        ConfigError: The file is missing or lacks columns.
    """
    try:
        with gzip.open(path, "rt") as handle:
            rows = [r for r in csv.DictReader(handle) if r["x"]]
        return {int(r["row"]): {k: float(v) for k, v in r.items() if v and k != "found"} for r in rows}
    except (OSError, EOFError, zlib.error, KeyError, ValueError, csv.Error) as error:
        raise ConfigError(f"{path}: is not a gzipped keypoint table ({error})") from None


def average_faces(data: Dataset, keypoints: dict[int, dict[str, float]]) -> NDArray[np.uint8]:
    """Mean faces, (2 people, 7 expressions, SIDE, SIDE) uint8.

    Raises:
        ConfigError: Too few clear faces of an expression.
    """
    if data.skipped:
        raise ConfigError(f"{data.name}: {data.skipped} rows were skipped, so rows and keypoints no longer match")
    rows = [
        row
        for row, p in keypoints.items()
        if row < len(data) and data.split[row] == "train" and data.truth[row] >= 0
        if abs(p["yaw"]) < 18 and abs(p["pitch"]) < 20
    ]
    if not rows:
        raise ConfigError(f"{data.name}: no clear training face has keypoints in that table")
    points = np.array([[(keypoints[r][f"{n}_x"], keypoints[r][f"{n}_y"]) for n in POINTS] for r in rows])
    mean = _mean_shape(points)
    length = np.linalg.norm(points[:, -1] - points[:, 4], axis=1) / np.linalg.norm(points[:, 0] - points[:, 3], axis=1)
    labels, share = data.truth[rows], data.targets[rows].max(axis=1)
    faces = np.zeros((2, len(EMOTIONS), SIDE, SIDE), dtype=np.uint8)
    for person, half in enumerate((length <= np.median(length), length > np.median(length))):
        for e, name in enumerate(EMOTIONS):
            chosen = np.flatnonzero(half & (labels == e))
            chosen = chosen[np.argsort(-share[chosen], kind="stable")]
            chosen = _distinct(chosen, data.images[[rows[i] for i in chosen]])[:MOST]
            if len(chosen) < MINIMUM:
                raise ConfigError(f"only {len(chosen)} clear {name} faces; at least {MINIMUM} are needed to average")
            own = _blend_shape(points[chosen], mean)
            total = np.zeros((SIDE, SIDE), dtype=np.float64)
            for i in chosen:
                warped = _warp(data.images[rows[i]], points[i], own)
                total += (warped.astype(np.float64) - warped.mean()) / (warped.std() + 1)
            faces[person, e] = _finish(total / len(chosen))
            log.info("person %d %s: mean of %d faces", person + 1, name, len(chosen))
    return faces


def _distinct(chosen: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Drops near-duplicates (the data set repeats pictures), so that no person dominates an average."""
    kept: list[int] = []
    looks = np.empty((0, 256), dtype=np.float32)
    for index, image in zip(chosen.tolist(), images, strict=True):
        small = cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small = (small - small.mean()) / (small.std() + 1)
        if not len(looks) or float((looks @ small).max()) / 256 < 0.9:
            kept.append(index)
            looks = np.vstack([looks, small])
        if len(kept) >= MOST:
            break
    return np.array(kept, dtype=np.int64)


def _mean_shape(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median keypoint positions, scaled from 48 to SIDE pixels and centred sideways."""
    shape = np.median(points, axis=0) * SIDE / 48
    shape[:, 0] += SIDE / 2 - shape[[0, 3], 0].mean()
    return np.asarray(shape)


def _blend_shape(points: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median shape of an expression (open mouths lower the chin), with the eyes at their mean place."""
    own = np.median(points, axis=0)
    matrix = cv2.estimateAffinePartial2D(own[:4].astype(np.float32), mean[:4].astype(np.float32))[0]
    return np.asarray(own @ matrix[:, :2].T + matrix[:, 2])


def _warp(image: NDArray[np.uint8], points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The face moved onto the target shape by the least-squares affine map."""
    ones = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    matrix = np.linalg.lstsq(ones, target, rcond=None)[0].T
    return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8, copy=False
    )


def _finish(mean: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Sharpens an average and stretches it to the contrast of a photograph."""
    soft = cv2.GaussianBlur(mean, (0, 0), 4.0)
    sharp = mean + 1.2 * (mean - soft)
    out = 128 + 52 * (sharp - sharp.mean()) / sharp.std()
    return np.asarray(np.clip(out, 0, 255), dtype=np.uint8)


def save(faces: NDArray[np.uint8], path: Path) -> None:
    """Writes the faces as one wide JPEG, which keeps the package small: people down, expressions across."""
    sheet = np.vstack([np.hstack(list(person)) for person in faces])
    ok, content = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 92])
    if not ok:
        raise ConfigError(f"{path}: cannot be encoded as JPEG")
    with resources.writing(path), whole(path) as part:
        part.write_bytes(content.tobytes())
