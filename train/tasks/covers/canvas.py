"""The canvas on which covers are drawn over a face, with shapes and materials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.networks.keypoints import POINTS

Floats = NDArray[np.float32]
SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates."""
_AT = {name: POINTS.index(name) for name in POINTS}


@dataclass(slots=True)
class Canvas:
    """A face over which covers are drawn.

    Attributes:
        pixels: (S, S) float32 gray levels.
        points: (17, 2) float32 keypoints in its pixels.
        hidden: (S, S) float32 total opacity of everything drawn, 0..1.
    """

    pixels: Floats
    points: Floats
    hidden: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.hidden = np.zeros_like(self.pixels)

    def at(self, name: str) -> Floats:
        """(2,) a keypoint."""
        return np.asarray(self.points[_AT[name]], np.float32)

    @property
    def eyes(self) -> Floats:
        """(2,) the middle between the eyes."""
        return np.asarray((self.at("r_iris") + self.at("l_iris")) / 2, np.float32)

    @property
    def mouth(self) -> Floats:
        """(2,) the middle of the mouth."""
        return np.asarray((self.at("mouth_r") + self.at("mouth_l")) / 2, np.float32)

    @property
    def down(self) -> Floats:
        """(2,) from the eyes to the chin."""
        return np.asarray(self.at("chin") - self.eyes, np.float32)

    def across(self, side: float) -> Floats:
        """(2,) from the middle of the eyes to a point ``side`` times as far out as an outer eye corner; a negative
        side is the person's right."""
        corner = self.at("l_eye_out") if side > 0 else self.at("r_eye_out")
        return np.asarray((corner - self.eyes) * abs(side), np.float32)

    @property
    def unit(self) -> float:
        """Distance of the outer eye corners in pixels, or half the height of the face if that is more (turned)."""
        wide = float(np.linalg.norm(self.at("l_eye_out") - self.at("r_eye_out")))
        return max(wide, 0.6 * float(np.linalg.norm(self.down)), 8.0)

    def lay(self, layer: Floats | float, opacity: Floats) -> None:
        """Lays gray levels over the face."""
        self.pixels = np.asarray(self.pixels * (1 - opacity) + layer * opacity, np.float32)
        self.hidden = np.asarray(1 - (1 - self.hidden) * (1 - opacity), np.float32)

    def skin(self) -> float:
        """Gray level of the nose and the forehead."""
        spots = np.clip(np.stack([self.at("nose"), self.at("brow")]).astype(int), 1, len(self.pixels) - 2)
        return float(np.mean([self.pixels[y - 1 : y + 2, x - 1 : x + 2].mean() for x, y in spots]))


def shape(side: int, corners: Floats, blur: float) -> Floats:
    """Opacity (side, side) of a filled polygon with corners (N, 2), its edge blurred by ``blur`` pixels."""
    out = np.zeros((side, side), np.float32)
    fixed = np.round(corners * (1 << SHIFT)).astype(np.int32)
    cv2.fillPoly(out, [fixed], 1.0, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(out, (0, 0), max(blur, 0.3)).astype(np.float32, copy=False)


def lines(side: int, paths: Sequence[NDArray[np.floating[Any]]], width: float, blur: float) -> Floats:
    """Opacity (side, side) of lines of a width in pixels."""
    out = np.zeros((side, side), np.float32)
    fixed = [np.round(path * (1 << SHIFT)).astype(np.int32) for path in paths]
    cv2.polylines(
        out, fixed, isClosed=False, color=1.0, thickness=max(1, round(width)), lineType=cv2.LINE_AA, shift=SHIFT
    )
    return cv2.GaussianBlur(out, (0, 0), max(blur, 0.3)).astype(np.float32, copy=False)


def oval(centre: Floats, axes: tuple[float, float], angle: float) -> Floats:
    """Corners (24, 2) of an ellipse; ``angle`` in radians."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = axes[0] * np.cos(t), axes[1] * np.sin(t)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(np.stack([x * cos - y * sin, x * sin + y * cos], 1) + centre, np.float32)


def box(centre: Floats, axes: tuple[float, float], angle: float) -> Floats:
    """Corners (4, 2) of a rectangle with half sides ``axes``."""
    own = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * axes
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(own @ np.array([[cos, sin], [-sin, cos]]) + centre, np.float32)


def cloth(side: int, level: float, rng: np.random.Generator) -> Floats:
    """Gray levels (side, side) of a material: a base with shading, folds, grain and sometimes a print."""
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    angle, fold = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    waves = np.cos(fold) * axis[None, :] + np.sin(fold) * axis[:, None]
    out = level + ramp * rng.uniform(0, 35) + rng.normal(0, rng.uniform(0, 5), (side, side))
    if rng.random() < 0.5:
        out = out + np.sin(waves * rng.uniform(6, 40) + rng.uniform(0, 6)) * rng.uniform(2, 22)
    if rng.random() < 0.25:
        few = int(rng.integers(4, 20))
        spots = cv2.resize(rng.normal(0, 1, (few, few)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        out = out + spots * rng.uniform(8, 45)
    return np.asarray(np.clip(out, 0, 255), np.float32)
