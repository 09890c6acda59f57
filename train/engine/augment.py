"""Augmentation of crops: the effects of cameras, light and imprecise face boxes.

It uses NumPy and OpenCV on one 48×48 uint8 crop (about 50 µs), so that it never slows down training on two cores.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.settings.fields import integer, number

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Augment:
    """Strength and frequency of each disturbance."""

    flip: float = number(0.5, 0, 1, "chance of mirroring")
    rotate: float = number(12.0, 0, 45, "largest in-plane rotation", "degrees")
    shift: float = number(0.07, 0, 0.5, "largest shift", "of the side")
    zoom: float = number(0.12, 0, 0.5, "largest zoom in or out", "of the size")
    aspect: float = number(0.05, 0, 0.3, "largest stretch of one axis", "of the size")
    light: float = number(0.35, 0, 1, "largest change of contrast and of gamma (in log2 units)")
    brightness: float = number(30.0, 0, 128, "largest added brightness", "gray levels")
    side_light: float = number(0.2, 0, 1, "chance of light from one side")
    blur: float = number(0.12, 0, 1, "chance of defocus or of a low-resolution source")
    noise: float = number(0.12, 0, 1, "chance of sensor noise")
    jpeg: float = number(0.08, 0, 1, "chance of JPEG compression")
    erase: float = number(0.25, 0, 1, "chance of a random rectangle hiding a part")
    mixup: float = number(0.0, 0, 1, "alpha of MixUp's beta distribution; 0 = no MixUp")

    def weaker(self, gone: float) -> Augment:
        """The same disturbances with less strength; mirroring and MixUp stay unchanged.

        A network trained on the hardest pictures until the end never fits undisturbed ones well (docs/experiments.csv,
        run 17).

        Args:
            gone: Share of the strength to remove, 0..1.
        """
        kept = ("flip", "mixup")
        names = [f.name for f in fields(self) if f.name not in kept]
        return replace(self, **{name: getattr(self, name) * (1 - gone) for name in names})


@dataclass(frozen=True, slots=True)
class Jitter:
    """Errors of the box around a face."""

    regions: int = integer(36000, 64, 1_000_000, "regions (or eyes) in an epoch")
    shift: float = number(0.28, 0, 1, "largest shift of the box", "of its side")
    smaller: float = number(0.66, 0.3, 1, "smallest size of the face against the box's")
    larger: float = number(1.55, 1, 3, "largest size of the face against the box's")
    rotate: float = number(40.0, 0, 90, "largest in-plane rotation", "degrees")
    stretch: float = number(0.0, 0, 0.3, "largest stretch of one axis of a face", "of the size")
    wide: float = number(0.4, 0, 1, "chance that the error of the box covers the whole range; otherwise 0.4 of it")
    turned: float = number(0.5, 0, 1, "chance of a rotation over the whole range; otherwise over 0.3 of it")
    hide: float = number(0.25, 0, 1, "chance that a hand-like patch hides a part")
    frame: float = number(0.12, 0, 1, "chance that the frame's border cuts the region")


def augment(image: Image, how: Augment, side: int, rng: np.random.Generator) -> Image:
    """One disturbed copy of a face crop.

    Args:
        image: (H, W) uint8 gray crop.
        how: Strengths and chances.
        side: Side of the square result in pixels.
        rng: Source of randomness; the same state gives the same picture.

    Returns:
        (side, side) uint8.
    """
    return disturb(_geometry(image, how, side, rng), how, rng)


def disturb(image: Image, how: Augment, rng: np.random.Generator) -> Image:
    """The disturbances without movement: light, blur, noise, compression and erasing.

    Args:
        image: (S, S) uint8 gray.
        how: Strengths and chances.
        rng: Source of randomness.

    Returns:
        (S, S) uint8.
    """
    out = _light(image, how, rng)
    if rng.random() < how.blur:
        out = _blur(out, rng)
    if rng.random() < how.noise:
        grain = rng.normal(0.0, rng.uniform(2, 12), out.shape)
        out = np.clip(np.rint(out + grain), 0, 255).astype(np.uint8)
    if rng.random() < how.jpeg:
        quality = int(rng.integers(20, 70))
        packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    if rng.random() < how.erase:
        out = _erase(out, rng)
    return out


def _geometry(image: Image, how: Augment, side: int, rng: np.random.Generator) -> Image:
    """Flip, rotation, zoom, stretch and shift in one warp, so that pixels are interpolated only once."""
    height, width = image.shape
    angle = np.deg2rad(rng.uniform(-how.rotate, how.rotate))
    zoom = (1 + how.zoom) ** rng.uniform(-1, 1) * side / width
    stretch = (1 + how.aspect) ** rng.uniform(-1, 1)
    flip = -1.0 if rng.random() < how.flip else 1.0
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    matrix = np.array([[cos * stretch * flip, -sin], [sin * stretch * flip, cos]])
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    target = np.full(2, (side - 1) / 2) + rng.uniform(-how.shift, how.shift, 2) * side
    offset = target - matrix @ centre
    warp = np.hstack([matrix, offset[:, None]])
    return cv2.warpAffine(image, warp, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8, copy=False
    )


def _light(image: Image, how: Augment, rng: np.random.Generator) -> Image:
    """Contrast, gamma and brightness by one lookup table; sometimes light from one side."""
    levels = np.arange(256, dtype=np.float32) / 255
    gamma = 2.0 ** rng.uniform(-how.light, how.light)
    contrast = 2.0 ** rng.uniform(-how.light, how.light)
    table = ((levels**gamma - 0.5) * contrast + 0.5) * 255 + rng.uniform(-how.brightness, how.brightness)
    out = cv2.LUT(image, np.clip(np.rint(table), 0, 255).astype(np.uint8))
    if rng.random() < how.side_light:
        side = image.shape[0]
        axis = np.linspace(-1, 1, side, dtype=np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
        gain = 1 + rng.uniform(0.2, 0.7) * ramp
        out = np.clip(np.rint(out * gain), 0, 255).astype(np.uint8)
    return out.astype(np.uint8, copy=False)


def _blur(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.3)).astype(np.uint8, copy=False)
    side = image.shape[0]
    small = max(8, int(side * rng.uniform(0.4, 0.8)))
    shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _erase(image: Image, rng: np.random.Generator) -> Image:
    """Random erasing (Zhong et al. 2020): a rectangle of 2–20 % of the area filled with one gray or noise."""
    side = image.shape[0]
    area, ratio = rng.uniform(0.02, 0.2) * side * side, np.exp(rng.uniform(-0.9, 0.9))
    height, width = (int(np.clip(np.sqrt(area * r), 2, side - 1)) for r in (ratio, 1 / ratio))
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    out = image.copy()
    patch = out[top : top + height, left : left + width]
    if rng.random() < 0.5:
        patch[:] = rng.integers(0, 256)
    else:
        patch[:] = rng.integers(0, 256, patch.shape)
    return out
