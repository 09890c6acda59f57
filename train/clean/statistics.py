"""Statistics of a gray picture that distinguish photographs of people from drawings and other pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image

SIDE = 96
"""Larger side in pixels to which a picture is scaled for its description; proportions are preserved."""
LEVELS = 32
"""Gray levels of the histogram."""
CELLS, ORIENTATIONS = 6, 8
"""Cells on each axis and orientations of the histograms of gradients."""
BANDS = 8
"""Bands of the spectrum."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.9, 0.97)


def described(image: Image, crop: Image | None) -> NDArray[np.float32]:
    """The description of a picture.

    Args:
        image: (H, W) uint8 gray, any size.
        crop: (48, 48) uint8 crop of its face; None takes the picture's middle.

    Returns:
        (F,) float32: statistics of gray levels, edges, noise, blocks, border and spectrum of the picture, and gradient
        histograms of the picture and of the face.
    """
    small = fitted(image)
    face = middle(image) if crop is None else np.asarray(crop, np.uint8)
    parts = [
        _levels(small), _levels(face), _texture(small), _texture(face),
        _blocks(small), _border(small), _spectrum(small),
        gradients(np.asarray(cv2.resize(small, (48, 48), interpolation=cv2.INTER_AREA), np.uint8)), gradients(face),
        np.array([crop is None], np.float32),
    ]  # fmt: skip
    return np.concatenate(parts).astype(np.float32)


def fitted(image: Image) -> Image:
    """The picture scaled to a larger side of ``SIDE`` pixels, with an even number of rows and columns, at least 16."""
    scale = SIDE / max(image.shape)
    height, width = (max(16, round(size * scale / 2) * 2) for size in image.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)


def middle(image: Image) -> Image:
    """The middle square of a picture at 48 x 48 pixels, three quarters of its shorter side."""
    height, width = image.shape
    side = max(1, round(0.75 * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    part = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (48, 48), interpolation=cv2.INTER_AREA), np.uint8)


def _levels(image: Image) -> NDArray[np.float32]:
    """Mean, spread, entropy, and the shares of the most frequent and of the outer gray levels."""
    counts = np.bincount(image.ravel(), minlength=256) / image.size
    coarse = np.sort(counts.reshape(LEVELS, -1).sum(axis=1))[::-1]
    entropy = -(counts * np.log2(counts + 1e-9)).sum()
    top = np.sort(counts)[::-1]
    shares = [top[0], top[:4].sum(), coarse[0], coarse[:3].sum(), counts[:4].sum(), counts[252:].sum()]
    empty = (counts == 0).mean()
    return np.array([image.mean() / 255, image.std() / 64, entropy / 8, empty, *shares], np.float32)


def _texture(image: Image) -> NDArray[np.float32]:
    """Quantiles of gradient and fine noise, and the shares of flat, edge and fine-grained pixels."""
    gray = image.astype(np.float32)
    across, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    slope = np.hypot(across, down) / 8
    grain = np.abs(gray - cv2.medianBlur(image, 3))
    curve = np.abs(cv2.Laplacian(gray, cv2.CV_32F))
    quiet = slope < 2
    parts = [
        *np.log1p(np.quantile(slope, QUANTILES)), *np.log1p(np.quantile(grain, QUANTILES)),
        *np.log1p(np.quantile(curve, QUANTILES)),
        (slope < 0.5).mean(), quiet.mean(), (slope > 30).mean(), (grain == 0).mean(), (grain > 8).mean(),
        np.log1p(curve[quiet].mean() if quiet.any() else 0.0),
        np.log1p(slope.std() / (slope.mean() + 1)),
    ]  # fmt: skip
    return np.array(parts, np.float32)


def _blocks(image: Image) -> NDArray[np.float32]:
    """Quantiles of the spread within blocks of 8 x 8 pixels, and the share of blocks of one gray level."""
    rows, columns = image.shape[0] // 8, image.shape[1] // 8
    blocks = image[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).astype(np.float32)
    spread = blocks.std(axis=(1, 3))
    return np.array([*np.log1p(np.quantile(spread, QUANTILES)), (spread < 1).mean(), (spread < 3).mean()], np.float32)


def _border(image: Image) -> NDArray[np.float32]:
    """Spread and lightness of the outermost pixels, and their similarity to their median."""
    ring = np.concatenate([image[:2].ravel(), image[-2:].ravel(), image[:, :2].ravel(), image[:, -2:].ravel()])
    median = float(np.median(ring))
    near = (np.abs(ring.astype(np.float32) - median) < 3).mean()
    return np.array([ring.std() / 64, median / 255, near, abs(median - 127) / 127], np.float32)


def _spectrum(image: Image) -> NDArray[np.float32]:
    """Logarithm of the energy in bands of the cosine transform, relative to the total."""
    square = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    energy = cv2.dct(square) ** 2
    energy[0, 0] = 0
    band = np.minimum(BANDS - 1, (np.add.outer(np.arange(64), np.arange(64)) * BANDS / 100).astype(int))
    sums = np.bincount(band.ravel(), energy.ravel(), BANDS)
    return np.asarray(np.log10(sums / (sums.sum() + 1) + 1e-6), np.float32)


def gradients(image: Image) -> NDArray[np.float32]:
    """Histograms of oriented gradients (Dalal and Triggs 2005) of a (48, 48) picture, normalised as a whole."""
    gray = image.astype(np.float32)
    across, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    slope = np.hypot(across, down)
    turn = np.minimum(ORIENTATIONS - 1, (np.mod(np.arctan2(down, across), np.pi) * ORIENTATIONS / np.pi).astype(int))
    cell = np.arange(48) * CELLS // 48
    index = (cell[:, None] * CELLS + cell[None, :]) * ORIENTATIONS + turn
    sums = np.sqrt(np.bincount(index.ravel(), slope.ravel(), CELLS * CELLS * ORIENTATIONS))
    return np.asarray(sums / (np.linalg.norm(sums) + 1e-3) * np.sqrt(len(sums)), np.float32)
