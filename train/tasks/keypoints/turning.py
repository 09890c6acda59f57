"""Heads turned further than the camera saw them: most photographs look ahead, and drivers do not.

A rigid face fitted to the reference points gives each picture a depth, and the picture is rendered anew with the head
turned about its neck ("face profiling", Zhu et al. 2016, 3DDFA). The points move with it, so the labels stay exact.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.keypoints import POINTS, SWAP
from train.data.faceset import BOX, FaceSet, Image, Pictures, face_squares
from train.engine import resources
from train.engine.progress import track

log = logging.getLogger("train")

Floats = NDArray[np.float64]
ROUNDS = 40
"""Alternations of sizes and shape: more move no point of the shipped set's shape by 0.001 eye distances."""
LEAST_SPREAD = 0.01
"""Mean square of the sine of how far heads are turned against one another, below which they do not tell depth well:
with a standard deviation of 9 degrees points are found within 0.02 eye distances, with 1 degree within 0.13 (300 heads,
points 1.5 px off)."""
RIM = np.array(
    [(1.1, 0.2, 0.65), (0.95, 0.85, 0.55), (1.15, -0.5, 0.6), (0.5, 1.35, 0.2), (0.75, -1.1, 0.3), (1.0, -1.6, 0.9),
     (1.25, 0.0, 1.0), (0.7, 1.8, 0.8), (0.62, 0.25, 0.12), (0.25, 0.22, -0.15), (0.85, -0.8, 0.4)]
)  # fmt: skip
"""The rest of the left half of a head in distances of the irises, to the right, down and away from the camera: cheek,
jaw, temple, chin's side, forehead, hair, ear, neck, cheekbone, wing of the nose, brow. Set by looking at some heads:
they shape the picture between the points, not the points."""
MIDDLE = np.array([(0.0, -1.6, 0.35), (0.0, 1.8, 0.5), (0.0, -0.15, -0.12), (0.0, -0.4, 0.0)])
"""Crown, throat and bridge of the nose, alike."""
PIVOT = np.array([0.0, 0.1, 0.4])
"""What stays in place, alike: nearer than the neck, so that the head does not leave its picture."""
HEAD = np.array([1.45, 1.95])
"""Half axes of the ellipse that turns as a head does, alike; beyond, up to ``FADE`` times as far, ever less so."""
FADE = 1.7
GRID, FINE, OUT = 2, 3, 2
"""Pixels between the places whose movement is computed; samples drawn per pixel and pixels per pixel drawn on: a
stretch of up to FINE / OUT leaves no hole, and the few holes of more are filled."""
SMOOTH = 1e-3
"""How little the spline smooths: it leaves points where they are to 0.002 eye distances."""
COPIES = 3
"""Times that a turned head is held at once while its set is put together."""
AHEAD, LEAST, MOST = 22.0, 30.0, 52.0
"""Degrees of yaw up to which a head is taken, and what it is turned to: beyond, its far cheek was never seen."""
NOD, MOST_PITCH = 12.0, 25.0
"""Degrees by which it also nods at most, and of pitch beyond which it does not."""
DRIVERS = 0.3
"""Share of drivers among the turned heads: they are few, but their light and cabins are what the app will see."""
AROUND = 2.0
"""Face squares that a driver's picture shows around the face: about what the pictures of heads show."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A rigid face in distances of its irises, to the right, down and away from the camera.

    Attributes:
        points: (17, 3) ``POINTS``, their mean at 0.
        edge: (4,) powers 0 to 3 of yaw over 30 degrees: where the left edge of a mesh's box lies.
    """

    points: Floats
    edge: Floats

    def edges(self, yaw: float) -> Floats:
        """(2,) left and right edge of the box of a face at that yaw."""
        powers = (yaw / 30) ** np.arange(4)
        return np.array([powers @ self.edge, -(((-yaw) / 30) ** np.arange(4)) @ self.edge])


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """(3, 3) rotation of a head by degrees, in the convention of ``faces.csv``."""
    a, b, c = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def fitted(points: NDArray[np.float32], pose: NDArray[np.float32]) -> Shape:
    """The rigid face that explains the points of many heads best (scaled orthographic, alternating least squares).

    Args:
        points: (N, 19, 2) pixels; the last two are the box's corners.
        pose: (N, 3) degrees.

    Returns:
        The shape, symmetric.

    Raises:
        ConfigError: All heads look the same way, and from one side a face has no depth.
    """
    seen = points[:, : len(POINTS)].astype(np.float64)
    seen -= seen.mean(axis=1, keepdims=True)
    views = np.array([rotation(*(float(v) for v in p))[:2] for p in pose]).reshape(-1, 2, 3)
    spread = np.einsum("nji,njk->ik", views, views) / max(1, len(views))
    if np.linalg.eigvalsh(spread)[0] < LEAST_SPREAD:
        raise ConfigError("heads_turned: too few heads are turned to tell a face's depth from; leave it out")
    shape = np.zeros((len(POINTS), 3))
    shape[:, :2] = seen.mean(axis=0)
    for _ in range(ROUNDS):
        size = _sizes(views, shape, seen)
        right = np.einsum("nji,npj->pi", views, seen / size[:, None, None]) / len(views)
        shape = right @ np.linalg.inv(spread).T
        shape = (shape + shape[list(SWAP)] * [-1, 1, 1]) / 2
        shape -= shape.mean(axis=0)
        shape /= np.linalg.norm(shape[POINTS.index("r_iris")] - shape[POINTS.index("l_iris")])
    size = _sizes(views, shape, seen)
    middle = points[:, : len(POINTS), 0].mean(axis=1)
    yaw = pose[:, 0] / 30
    level = np.abs(pose[:, 2]) < 12
    sides = ((points[:, BOX, 0] - middle) / size, -(points[:, BOX + 1, 0] - middle) / size)
    powers = [np.stack([(sign * yaw[level]) ** n for n in range(4)], axis=1) for sign in (1, -1)]
    edge = np.linalg.lstsq(np.concatenate(powers), np.concatenate([s[level] for s in sides]), rcond=None)[0]
    return Shape(shape, edge)


def _sizes(views: Floats, shape: Floats, seen: Floats) -> Floats:
    """(N,) pixels per distance of the irises."""
    model = np.einsum("nij,pj->npi", views, shape)
    model -= model.mean(axis=1, keepdims=True)
    return np.asarray((model * seen).sum(axis=(1, 2)) / (model * model).sum(axis=(1, 2)))


def turned(
    image: Image, points: NDArray[np.float32], pose: NDArray[np.float32], by: float, shape: Shape, nod: float = 0.0
) -> tuple[Image, NDArray[np.float32]]:
    """One head turned by some degrees of yaw, and of pitch.

    Args:
        image: (H, W) uint8 gray.
        points: (19, 2) pixels.
        pose: (3,) degrees as it is.
        by: Degrees of yaw to add.
        shape: The face.
        nod: Degrees of pitch to add.

    Returns:
        The picture, of the same size, and its points.
    """
    yaw, pitch, roll = (float(v) for v in pose)
    before, after = rotation(yaw, pitch, roll), rotation(yaw + by, pitch + nod, roll)
    own = points[: len(POINTS)].astype(np.float64)
    size = float(_sizes(before[None, :2], shape.points, (own - own.mean(axis=0))[None])[0])
    origin = own.mean(axis=0)
    solid = np.concatenate([shape.points, _rest(shape)])
    moved = (solid - PIVOT) @ (after - before).T
    places = solid @ before[:2].T
    places[: len(POINTS)] = (own - origin) / size
    out = _rendered(image, places, moved[:, :2], solid @ after[2], before, origin, size)
    found = points.astype(np.float32).copy()
    found[: len(POINTS)] += (size * moved[: len(POINTS), :2]).astype(np.float32)
    found[BOX:] += (size * moved[: len(POINTS), :2].mean(axis=0)).astype(np.float32)
    found[BOX:, 0] += (size * (shape.edges(yaw + by) - shape.edges(yaw))).astype(np.float32)
    found[BOX:, 1] += (size * _lifted(shape, yaw + by, pitch, nod)).astype(np.float32)
    return out, found


def _lifted(shape: Shape, yaw: float, pitch: float, nod: float) -> Floats:
    """(2,) how far forehead and chin, the mesh's ends, move down against the mean point when a head nods."""
    moved = shape.points @ (rotation(yaw, pitch + nod, 0) - rotation(yaw, pitch, 0))[1]
    return np.asarray(moved[[POINTS.index("brow"), POINTS.index("chin")]] - moved.mean())


def _rest(shape: Shape) -> Floats:
    """The parts of the head that are no points, about the middle of ``shape``."""
    eyes = shape.points[[POINTS.index("r_iris"), POINTS.index("l_iris")]].mean(axis=0)
    # RIM and MIDDLE were measured from the mean of the points, 0.352 below the irises and 0.107 before them.
    return np.asarray(np.concatenate([RIM, RIM * [-1, 1, 1], MIDDLE]) + eyes - np.array([0, -0.352, 0.107]))


def _rendered(
    image: Image, places: Floats, moved: Floats, depth: Floats, before: Floats, origin: Floats, size: float
) -> Image:
    """The picture with ``places`` moved, what is nearer drawn over what is farther."""
    height, width = image.shape
    y, x = np.mgrid[0 : height + GRID : GRID, 0 : width + GRID : GRID].astype(np.float64)
    at = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5 - origin) / size
    field = _spline(places, np.column_stack([moved, depth]), at)
    aside = (at - (before @ PIVOT)[:2]) @ (before[:2, :2] / np.linalg.norm(before[:2, :2], axis=0))
    inside = np.clip((FADE - np.linalg.norm(aside / HEAD, axis=1)) / (FADE - 1), 0, 1)[:, None]
    inside = inside**2 * (3 - 2 * inside)
    field = np.concatenate([field[:, :2] * inside * size, field[:, 2:] * inside + 3 * (1 - inside)], axis=1)
    fine_y, fine_x = (np.mgrid[0 : height * FINE, 0 : width * FINE].astype(np.float32) + 0.5) / FINE - 0.5
    dense = cv2.remap(
        field.reshape((*x.shape, 3)).astype(np.float32), fine_x / GRID, fine_y / GRID, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    column = np.floor((fine_x + 0.5 + dense[..., 0]) * OUT).astype(np.int64)
    row = np.floor((fine_y + 0.5 + dense[..., 1]) * OUT).astype(np.int64)
    shown = (row >= 0) & (column >= 0) & (row < height * OUT) & (column < width * OUT)
    order = np.argsort(-dense[..., 2][shown], kind="stable")
    samples = cv2.resize(image, (width * FINE, height * FINE), interpolation=cv2.INTER_CUBIC)
    out = np.zeros((height * OUT, width * OUT), np.uint8)
    drawn = np.zeros(out.shape, np.uint8)
    target = row[shown][order], column[shown][order]
    out[target], drawn[target] = samples[shown][order], 1
    if not drawn.all():
        out = cv2.inpaint(out, 1 - drawn, OUT, cv2.INPAINT_TELEA).astype(np.uint8)
    return cv2.resize(out, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _spline(places: Floats, values: Floats, at: Floats) -> Floats:
    """Thin-plate spline through ``values`` (N, K) at ``places`` (N, 2), read at ``at`` (M, 2)."""

    def kernel(a: Floats, b: Floats) -> Floats:
        square = ((a[:, None] - b[None]) ** 2).sum(axis=2)
        return np.asarray(square * np.log(np.maximum(square, 1e-12)))

    count = len(places)
    flat = np.column_stack([np.ones(count), places])
    system = np.block([[kernel(places, places) + SMOOTH * np.eye(count), flat], [flat.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]))
    return np.asarray(kernel(at, places) @ weights[:count] + np.column_stack([np.ones(len(at)), at]) @ weights[count:])


def openness(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Opening over width in the picture of right eye, left eye and mouth, as the reference tables have them (to 0.003).

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
    """The set with turned copies of training heads added, as the source "turned".

    Args:
        data: Faces.
        count: How many.
        seed: Which heads, and how far.

    Raises:
        ConfigError: There is no head that looks ahead, all look the same way, or memory will not suffice.
    """
    ahead = (data.split == "train") & (np.abs(data.pose[:, 0]) <= AHEAD)
    kinds = [own for name in ("faces", "driver") if len(own := np.flatnonzero(ahead & (data.source == name)))]
    if not kinds:
        raise ConfigError(f"{data.name}: has no heads that look ahead, to be turned; leave heads_turned out")
    size = float(data.pictures.shapes[data.picture[kinds[0]]].astype(np.int64).prod(axis=1).mean())  # drivers' are cut
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
        image, found = turned(picture, own_points, pose, by, shape, nod)
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
    """A face's picture and its points in it; of a driver's frame only what is around the face."""
    image, points = data.pictures[int(data.picture[row])], data.points[row]
    if data.source[row] != "driver":
        return image, points
    cx, cy, side = (float(v) for v in face_squares(points[None])[0])
    half = AROUND * side / 2
    left, top = max(0, int(cx - half)), max(0, int(cy - half))
    return image[top : int(cy + half) + 1, left : int(cx + half) + 1], points - np.array([left, top], np.float32)
