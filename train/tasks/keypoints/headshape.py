"""A rigid head, fitted to the keypoints of many faces and completed by parts without a keypoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.networks.keypoints import POINTS, SWAP
from train.data.faceset import BOX

Floats = NDArray[np.float64]
ROUNDS = 40
"""Iterations that alternate between sizes and shape; further ones move no keypoint of the shipped set's shape by 0.001
eye distances."""
LEAST_SPREAD = 0.01
"""Least mean square of the sine of the angles between heads: below it depth is uncertain. With a standard deviation of
9 degrees keypoints are found within 0.02 eye distances, with 1 degree within 0.13 (300 heads, keypoints 1.5 px off)."""
RIM = np.array(
    [(1.1, 0.2, 0.65), (0.95, 0.85, 0.55), (1.15, -0.5, 0.6), (0.5, 1.35, 0.2), (0.75, -1.1, 0.3), (1.0, -1.6, 0.9),
     (1.25, 0.0, 1.0), (0.7, 1.8, 0.8), (0.62, 0.25, 0.12), (0.25, 0.22, -0.15), (0.85, -0.8, 0.4)]
)  # fmt: skip
"""Parts of the left half of a head without a keypoint, in the units of ``Shape``: cheek, jaw, temple, side of the chin,
forehead, hair, ear, neck, cheekbone, wing of the nose, brow. Set by eye: they affect the picture between the keypoints,
not the keypoints."""
MIDDLE = np.array([(0.0, -1.6, 0.35), (0.0, 1.8, 0.5), (0.0, -0.15, -0.12), (0.0, -0.4, 0.0)])
"""Crown, throat and bridge of the nose, in the same units."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A rigid face in units of its iris distance; axes to the right, down and away from the camera.

    Attributes:
        points: (17, 3) ``POINTS``, with mean 0.
        edge: (4,) coefficients of the left edge of the mesh's box, a cubic in yaw over 30 degrees.
    """

    points: Floats
    edge: Floats

    def edges(self, yaw: float) -> Floats:
        """(2,) left and right edge of the box at a yaw in degrees."""
        powers = (yaw / 30) ** np.arange(4)
        return np.array([powers @ self.edge, -(((-yaw) / 30) ** np.arange(4)) @ self.edge])


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """(3, 3) rotation of a head by angles in degrees, in the convention of ``faces.csv``."""
    a, b, c = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def fitted(points: NDArray[np.float32], pose: NDArray[np.float32]) -> Shape:
    """The rigid face that fits the keypoints of many heads best (scaled orthographic, alternating least squares).

    Args:
        points: (N, 19, 2) pixels; the last two are the box's corners.
        pose: (N, 3) degrees.

    Returns:
        The shape, symmetric.

    Raises:
        ConfigError: All heads have nearly the same pose, which does not show depth.
    """
    seen = points[:, : len(POINTS)].astype(np.float64)
    seen -= seen.mean(axis=1, keepdims=True)
    views = np.array([rotation(*(float(v) for v in p))[:2] for p in pose]).reshape(-1, 2, 3)
    spread = np.einsum("nji,njk->ik", views, views) / max(1, len(views))
    if np.linalg.eigvalsh(spread)[0] < LEAST_SPREAD:
        raise ConfigError("heads_turned: the heads' poses differ too little to estimate depth; leave it out")
    shape = np.zeros((len(POINTS), 3))
    shape[:, :2] = seen.mean(axis=0)
    for _ in range(ROUNDS):
        size = sizes(views, shape, seen)
        right = np.einsum("nji,npj->pi", views, seen / size[:, None, None]) / len(views)
        shape = right @ np.linalg.inv(spread).T
        shape = (shape + shape[list(SWAP)] * [-1, 1, 1]) / 2
        shape -= shape.mean(axis=0)
        shape /= np.linalg.norm(shape[POINTS.index("r_iris")] - shape[POINTS.index("l_iris")])
    size = sizes(views, shape, seen)
    middle = points[:, : len(POINTS), 0].mean(axis=1)
    yaw = pose[:, 0] / 30
    level = np.abs(pose[:, 2]) < 12
    sides = ((points[:, BOX, 0] - middle) / size, -(points[:, BOX + 1, 0] - middle) / size)
    powers = [np.stack([(sign * yaw[level]) ** n for n in range(4)], axis=1) for sign in (1, -1)]
    edge = np.linalg.lstsq(np.concatenate(powers), np.concatenate([s[level] for s in sides]), rcond=None)[0]
    return Shape(shape, edge)


def sizes(views: Floats, shape: Floats, seen: Floats) -> Floats:
    """(N,) pixels per iris distance of heads seen from ``views``."""
    model = np.einsum("nij,pj->npi", views, shape)
    model -= model.mean(axis=1, keepdims=True)
    return np.asarray((model * seen).sum(axis=(1, 2)) / (model * model).sum(axis=(1, 2)))


def rest(shape: Shape) -> Floats:
    """The parts of the head without a keypoint, (N, 3), relative to the mean of ``shape``."""
    eyes = shape.points[[POINTS.index("r_iris"), POINTS.index("l_iris")]].mean(axis=0)
    # RIM and MIDDLE were measured from the mean of the keypoints, 0.352 below the irises and 0.107 before them.
    return np.asarray(np.concatenate([RIM, RIM * [-1, 1, 1], MIDDLE]) + eyes - np.array([0, -0.352, 0.107]))
