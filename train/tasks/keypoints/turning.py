"""Makes turned copies of training heads, because in most photographs people look ahead and drivers often do not.

A rigid face fitted to the reference keypoints gives each picture a depth, and the picture is rendered again with the
head turned about its neck ("face profiling", Zhu et al. 2016, 3DDFA). The keypoints move with it, so the labels stay
exact.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.types import Image
from monitor.networks.keypoints import POINTS
from train.data.faceset import BOX, FaceSet, Pictures, face_squares
from train.system import resources
from train.system.progress import track
from train.tasks.keypoints.headshape import Shape, fitted, rest, rotation, sizes
from train.tasks.keypoints.rendering import PIVOT, Motion, rendered

log = logging.getLogger("train")

Floats = NDArray[np.float64]
COPIES = 3
"""Copies of each turned head in memory while the set is assembled."""
AHEAD, LEAST, MOST = 22.0, 30.0, 52.0
"""Largest present yaw of a head that is turned, and the range of yaw it is turned to, in degrees. Beyond it, the far
cheek is not in the picture."""
NOD, MOST_PITCH = 12.0, 25.0
"""Largest added pitch, and the pitch that must not be exceeded, in degrees."""
DRIVERS = 0.3
"""Share of drivers among the turned heads: there are few, but their light and cabins match the app's use."""
AROUND = 2.0
"""Side of the cut-out of a driver's frame in face squares: about what pictures of heads show."""


def turned(
    image: Image, points: NDArray[np.float32], pose: NDArray[np.float32], shape: Shape, *, by: float, nod: float = 0.0
) -> tuple[Image, NDArray[np.float32]]:
    """One head turned by some degrees of yaw and pitch.

    Args:
        image: (H, W) uint8 gray.
        points: (19, 2) pixels.
        pose: (3,) present yaw, pitch and roll in degrees.
        shape: The rigid head.
        by: Degrees of yaw to add.
        nod: Degrees of pitch to add.

    Returns:
        The picture, of the same size, and its keypoints.
    """
    yaw, pitch, roll = (float(v) for v in pose)
    before, after = rotation(yaw, pitch, roll), rotation(yaw + by, pitch + nod, roll)
    own = points[: len(POINTS)].astype(np.float64)
    size = float(sizes(before[None, :2], shape.points, (own - own.mean(axis=0))[None])[0])
    origin = own.mean(axis=0)
    solid = np.concatenate([shape.points, rest(shape)])
    moved = (solid - PIVOT) @ (after - before).T
    places = solid @ before[:2].T
    places[: len(POINTS)] = (own - origin) / size
    out = rendered(image, Motion(places, moved[:, :2], solid @ after[2], origin, size, before))
    found = points.astype(np.float32).copy()
    found[: len(POINTS)] += (size * moved[: len(POINTS), :2]).astype(np.float32)
    found[BOX:] += (size * moved[: len(POINTS), :2].mean(axis=0)).astype(np.float32)
    found[BOX:, 0] += (size * (shape.edges(yaw + by) - shape.edges(yaw))).astype(np.float32)
    found[BOX:, 1] += (size * _lifted(shape, yaw + by, pitch, nod)).astype(np.float32)
    return out, found


def _lifted(shape: Shape, yaw: float, pitch: float, nod: float) -> Floats:
    """(2,) how far brow and chin, the ends of the mesh, move down against the mean keypoint when a head nods."""
    moved = shape.points @ (rotation(yaw, pitch + nod, 0) - rotation(yaw, pitch, 0))[1]
    return np.asarray(moved[[POINTS.index("brow"), POINTS.index("chin")]] - moved.mean())


def openness(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Opening over width of right eye, left eye and mouth, as in the reference tables (to 0.003).

    Args:
        points: (17 or more, 2) pixels.
    """
    apart = [
        np.linalg.norm(points[POINTS.index(a)] - points[POINTS.index(b)])
        for a, b in (
            ("r_eye_top", "r_eye_bot"), ("l_eye_top", "l_eye_bot"), ("lip_top", "lip_bot"),
            ("r_eye_out", "r_eye_in"), ("l_eye_out", "l_eye_in"), ("mouth_r", "mouth_l"),
        )
    ]  # fmt: skip
    opening, width = np.array(apart, np.float32).reshape(2, 3)
    return np.asarray(opening / np.maximum(width, 1e-3), np.float32)


def with_turned(data: FaceSet, count: int, seed: int) -> FaceSet:
    """The set with turned copies of training heads added as the source "turned".

    Args:
        data: Faces.
        count: Number of copies.
        seed: Seed for the choice of heads and angles.

    Raises:
        ConfigError: No head looks ahead, all poses are nearly the same, or memory does not suffice.
    """
    ahead = (data.split == "train") & (np.abs(data.pose[:, 0]) <= AHEAD)
    kinds = [own for name in ("faces", "driver") if len(own := np.flatnonzero(ahead & (data.source == name)))]
    if not kinds:
        raise ConfigError(f"{data.name}: has no heads that look ahead and could be turned; leave heads_turned out")
    size = float(data.pictures.shapes[data.picture[kinds[0]]].astype(np.int64).prod(axis=1).mean())
    resources.require(f"heads_turned {count}", memory=COPIES * count * size + data.pictures.pixels.nbytes)
    known = (data.split == "train") & (data.source != "fer")
    shape = fitted(data.points[known], data.pose[known])
    rng = np.random.default_rng([seed, 1])
    drivers = round(DRIVERS * count) if len(kinds) > 1 else 0
    chosen = [
        rng.choice(own, number, replace=number > len(own))
        for own, number in zip(kinds, (count - drivers, drivers), strict=False)
    ]
    images, points, poses, opens = [], [], [], []
    rows = np.concatenate(chosen)
    for row in track(rows, "turning heads"):
        pose = data.pose[row].copy()
        side = rng.choice([-1.0, 1.0]) if abs(pose[0]) < 8 else float(np.sign(pose[0]))
        by = side * float(rng.uniform(LEAST, MOST)) - float(pose[0])
        nod = float(rng.uniform(-NOD, NOD)) if abs(pose[1]) + NOD <= MOST_PITCH else 0.0
        picture, own_points = _around(data, int(row))
        image, found = turned(picture, own_points, pose, shape, by=by, nod=nod)
        pose[:2] += by, nod
        images.append(image)
        points.append(found)
        poses.append(pose)
        opens.append(openness(found))
    log.info("%d heads turned to %.0f to %.0f degrees", count, LEAST, MOST)
    return replace(
        data, pictures=data.pictures.followed_by(Pictures.pack(images)),
        picture=np.concatenate([data.picture, len(data.pictures) + np.arange(count)]),
        points=np.concatenate([data.points, np.stack(points)]), pose=np.concatenate([data.pose, np.stack(poses)]),
        openness=np.concatenate([data.openness, np.stack(opens)]),
        source=np.concatenate([data.source, np.full(count, "turned")]),
        split=np.concatenate([data.split, np.full(count, "train")]),
        origin=np.concatenate([data.origin, data.origin[rows]]),
    )  # fmt: skip


def _around(data: FaceSet, row: int) -> tuple[Image, NDArray[np.float32]]:
    """A face's picture and its keypoints in it; a driver's frame is cut to the surroundings of the face."""
    image, points = data.pictures[int(data.picture[row])], data.points[row]
    if data.source[row] != "driver":
        return image, points
    cx, cy, side = (float(v) for v in face_squares(points[None])[0])
    half = AROUND * side / 2
    left, top = max(0, int(cx - half)), max(0, int(cy - half))
    return image[top : int(cy + half) + 1, left : int(cx + half) + 1], points - np.array([left, top], np.float32)
