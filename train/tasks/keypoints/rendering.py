"""Renders a picture with its head turned: interpolates the movement between known points and draws nearer parts over
farther ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image

Floats = NDArray[np.float64]
PIVOT = np.array([0.0, 0.1, 0.4])
"""Fixed point of the rotation in units of ``Shape``: nearer than the neck, so that the head stays in the picture."""
HEAD = np.array([1.45, 1.95])
"""Half axes of the ellipse that turns with the head; outside of it, up to ``FADE`` times as far, the movement decreases
to 0."""
FADE = 1.7
GRID, FINE, OUT = 2, 3, 2
"""Pixels between grid points; samples per pixel of the picture, and pixels of the output per pixel. A stretch of up to
FINE / OUT leaves no hole; the few holes of larger ones are filled."""
SMOOTH = 1e-3
"""Smoothing of the spline, so small that keypoints move by at most 0.002 eye distances."""


@dataclass(frozen=True, slots=True)
class Motion:
    """The movement of the points of a head when it turns, in units of ``Shape`` from ``origin``.

    Attributes:
        places: (N, 2) positions of the points in the picture.
        moved: (N, 2) their displacements.
        depth: (N,) their distance from the camera afterwards.
        origin: (2,) pixels of the zero point.
        size: Pixels per unit.
        before: (3, 3) rotation of the head in the picture.
    """

    places: Floats
    moved: Floats
    depth: Floats
    origin: Floats
    size: float
    before: Floats


def rendered(image: Image, motion: Motion) -> Image:
    """The picture with the head moved; nearer parts are drawn over farther ones.

    Args:
        image: (H, W) uint8 gray.
        motion: How it moves.

    Returns:
        (H, W) uint8.
    """
    field, columns = _field(image, motion)
    drawn, known = _splatted(image, field, columns)
    if not known.all():
        drawn = cv2.inpaint(drawn, 1 - known, OUT, cv2.INPAINT_TELEA).astype(np.uint8)
    height, width = image.shape
    return cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _field(image: Image, m: Motion) -> tuple[Floats, int]:
    """Movement in pixels and depth (M, 3) on a grid over the picture, and the grid's columns."""
    height, width = image.shape
    y, x = np.mgrid[0 : height + GRID : GRID, 0 : width + GRID : GRID].astype(np.float64)
    at = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5 - m.origin) / m.size
    field = _spline(m.places, np.column_stack([m.moved, m.depth]), at)
    aside = (at - (m.before @ PIVOT)[:2]) @ (m.before[:2, :2] / np.linalg.norm(m.before[:2, :2], axis=0))
    inside = np.clip((FADE - np.linalg.norm(aside / HEAD, axis=1)) / (FADE - 1), 0, 1)[:, None]
    inside = inside**2 * (3 - 2 * inside)
    field = np.concatenate([field[:, :2] * inside * m.size, field[:, 2:] * inside + 3 * (1 - inside)], axis=1)
    return field, x.shape[1]


def _splatted(image: Image, field: Floats, columns: int) -> tuple[Image, Image]:
    """The moved picture at ``OUT`` times its size, and a mask of the pixels that were drawn."""
    height, width = image.shape
    fine_y, fine_x = (np.mgrid[0 : height * FINE, 0 : width * FINE].astype(np.float32) + 0.5) / FINE - 0.5
    dense = cv2.remap(
        field.reshape((-1, columns, 3)).astype(np.float32), fine_x / GRID, fine_y / GRID, cv2.INTER_LINEAR,
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
    return out, drawn


def _spline(places: Floats, values: Floats, at: Floats) -> Floats:
    """Thin-plate spline through ``values`` (N, K) at ``places`` (N, 2), evaluated at ``at`` (M, 2)."""

    def kernel(a: Floats, b: Floats) -> Floats:
        square = ((a[:, None] - b[None]) ** 2).sum(axis=2)
        return np.asarray(square * np.log(np.maximum(square, 1e-12)))

    count = len(places)
    flat = np.column_stack([np.ones(count), places])
    system = np.block([[kernel(places, places) + SMOOTH * np.eye(count), flat], [flat.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]))
    return np.asarray(kernel(at, places) @ weights[:count] + np.column_stack([np.ones(len(at)), at]) @ weights[count:])
