"""Backgrounds of training regions: drawn ones, and soft edges between pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image

MASK = 24
"""Side of the masks that blend pictures into backgrounds."""
LETTERS = "abcdeghmnopqrsuwxBCDGOPQRS0368&@%8oooeeaa"
"""Letters of drawn backgrounds; round ones occur more often."""


def soft_mask(corners: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """A rectangle or ellipse of ones with a soft edge, (MASK, MASK) float32; ``corners`` in 0..1."""
    mask = np.zeros((MASK, MASK), np.float32)
    (x1, y1), (x2, y2) = corners * MASK
    if rng.random() < 0.5:
        mask[max(0, int(y1)) : int(y2), max(0, int(x1)) : int(x2)] = 1
    else:  # an ellipse as wide as the picture, without its corners
        centre = (int((x1 + x2) / 2), int((y1 + y2) / 2))
        cv2.ellipse(mask, centre, (int((x2 - x1) * 0.55), int((y2 - y1) * 0.6)), 0, 0, 360, 1.0, -1)
    blur = float(rng.uniform(0.01, 0.05)) * MASK
    out = cv2.GaussianBlur(mask, (0, 0), max(0.3, blur), borderType=cv2.BORDER_CONSTANT)
    return out.astype(np.float32, copy=False)


def mix(front: Image, back: Image, mask: NDArray[np.float32]) -> Image:
    """``front`` where the mask is 1, ``back`` where it is 0; all of the same size."""
    return np.asarray(front * mask + back * (1 - mask) + 0.5, dtype=np.uint8)


def drawn(side: int, rng: np.random.Generator) -> Image:
    """A drawn background (side, side): letters, soft blobs, stripes or a gradient."""
    kind = rng.random()
    if kind < 0.4:
        return _letters(side, rng)
    kind = rng.random()
    if kind < 0.4:
        small = rng.integers(0, 256, (int(rng.integers(2, 16)),) * 2).astype(np.uint8)
        return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    axis = np.linspace(-1, 1, side)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    wave = ramp if kind < 0.7 else np.sin(ramp * rng.uniform(4, 40))
    return np.asarray(np.clip(128 + wave * rng.uniform(5, 90) + rng.uniform(-90, 90), 0, 255), dtype=np.uint8)


def _letters(side: int, rng: np.random.Generator) -> Image:
    """Letters and digits: two round ones side by side look like eyes to a network that was not trained on them."""
    light, dark = rng.uniform(90, 255), rng.uniform(0, 160)
    image = np.full((side, side), light, np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        word = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 6))))
        font, thick = int(rng.integers(0, 8)), int(rng.integers(1, 7))
        place = (int(rng.integers(-10, side // 2)), int(rng.integers(side // 4, side + 8)))
        cv2.putText(image, word, place, font, float(rng.uniform(0.5, 2.4)), dark, thick, cv2.LINE_AA)
        if rng.random() < 0.5:  # an outline
            cv2.putText(image, word, place, font, float(rng.uniform(0.5, 2.4)), light * 0.6, 1, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.2))).astype(np.uint8, copy=False)
