"""Alignment of faces by their keypoints, and a score whether two of them come from one photograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from train.clean.faces import Face

SIDE = 64
"""Side of an aligned picture in pixels; the face fills only its middle, so that hair and background are compared,
too."""
BLOCK = 8
"""Side in pixels of the blocks that are compared one by one."""
SHAPE = np.array(
    [[-1.41, -0.61], [-0.58, -0.57], [-1.05, -0.73], [-0.99, -0.51], [0.58, -0.57], [1.41, -0.61], [1.05, -0.73],
     [0.99, -0.51], [-1.01, -0.62], [1.01, -0.62], [0.0, 0.49], [-0.86, 1.25], [0.86, 1.25], [0.0, 1.2], [0.0, 1.43],
     [0.0, 2.55], [0.0, -2.08]], np.float32,
)  # fmt: skip
"""Mean keypoints of 800 faces of expressions.zip turned by less than 15 degrees, made symmetric; their root mean square
is 1."""
PLACES = SHAPE * np.float32(0.17 * SIDE) + np.float32(SIDE / 2)
INNER = 12
"""Pixels at each edge that ``Aligned.signature`` leaves out."""
COARSE = 16
"""Side of a signature."""
SEEN = 250
"""Value of the mask from which a pixel is wholly inside the picture."""
LEAST_SEEN = 0.2
"""Share of the aligned picture that must lie inside both pictures."""
STEPS = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 1e-3)
QUANTILE = 0.6
"""Quantile of the blocks' correlations that is their agreement."""
LOCAL = 6.0
"""Standard deviation in pixels of the neighbourhood whose mean lightness is subtracted."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A picture in the frame of a mean face.

    Attributes:
        pixels: (SIDE, SIDE) uint8 gray; outside of the picture its border is repeated.
        mask: (SIDE, SIDE) uint8, 255 inside the picture.
    """

    pixels: Image
    mask: Image

    def mirrored(self) -> Aligned:
        """The mirror image."""
        return Aligned(np.ascontiguousarray(self.pixels[:, ::-1]), np.ascontiguousarray(self.mask[:, ::-1]))

    def signature(self) -> NDArray[np.float32]:
        """The face at a low resolution, (COARSE**2,) float32 of mean 0 and norm 1."""
        part = cv2.GaussianBlur(self.pixels[INNER:-INNER, INNER:-INNER], (0, 0), 1.5)
        values = cv2.resize(part, (COARSE, COARSE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        values -= values.mean()
        return np.asarray(values / (np.linalg.norm(values) + 1e-6), np.float32)


def align(image: Image, face: Face) -> Aligned | None:
    """Turns, scales and shifts a picture so that its keypoints fit the mean face best; None without keypoints.

    Args:
        image: (H, W) uint8 gray.
        face: Its face.
    """
    if face.points is None:
        return None
    points = face.points * np.array(image.shape[::-1], np.float32)
    matrix = similarity(points, PLACES)
    pixels = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(np.full(image.shape, 255, np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return Aligned(np.asarray(pixels, np.uint8), np.asarray(mask, np.uint8))


def whole(image: Image) -> Aligned:
    """A whole picture in the same size, to compare pictures of one framing without regard to faces."""
    pixels = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return Aligned(np.asarray(pixels, np.uint8), np.full((SIDE, SIDE), 255, np.uint8))


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rotation, scale and shift (2, 3) that maps points (N, 2) to others with least squared error."""
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    a, b = source - middle, target - aim
    size = float((a * a).sum()) + 1e-9
    cosine = float((a * b).sum()) / size
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    turn = np.array([[cosine, -sine], [sine, cosine]])
    return np.hstack([turn, (aim - turn @ middle)[:, None]]).astype(np.float32)


class Agreement(NamedTuple):
    """The agreement of two pictures.

    Attributes:
        detail: -1..1, of their fine detail; -1 if they cannot be registered or overlap too little.
        light: -1..1, of their gray levels; -1 likewise. Faces drawn in one style, such as averages over many people,
            share detail but not light; a watermark changes light but not most of the detail.
    """

    detail: float
    light: float


NONE = Agreement(-1.0, -1.0)


def agreement(one: Aligned, other: Aligned) -> Agreement:
    """Scores whether two pictures come from one photograph.

    The second one is registered on the first (ECC, Evangelidis and Psarakis 2008), the lightness of each pixel's
    neighbourhood is subtracted, and the blocks inside both pictures are correlated. Their 0.6 quantile, weighted by the
    lesser contrast, is robust against captions and watermarks.
    """
    matrix: NDArray[Any] = np.eye(2, 3, dtype=np.float32)
    first, second = (cv2.GaussianBlur(picture.pixels, (0, 0), 1.0) for picture in (one, other))
    try:
        matrix = cv2.findTransformECC(first, second, matrix, cv2.MOTION_AFFINE, STEPS, other.mask, 1)[1]
    except cv2.error:  # it does not converge
        return NONE
    back = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(second, matrix, (SIDE, SIDE), flags=back, borderMode=cv2.BORDER_REPLICATE)
    mask = np.minimum(one.mask, cv2.warpAffine(other.mask, matrix, (SIDE, SIDE), flags=back)) > SEEN
    if mask.mean() < LEAST_SEEN:
        return NONE
    seen = mask.astype(np.float32)
    amount = cv2.GaussianBlur(seen, (0, 0), LOCAL) + 1e-3
    a, b = (_detail(picture.astype(np.float32), seen, amount) for picture in (first, moved))
    whole = _blocks(seen) > 0.75 * BLOCK * BLOCK
    powers = _blocks(a * a)[whole], _blocks(b * b)[whole]
    weight = np.sqrt(np.minimum(*powers))
    if not weight.sum():
        return NONE
    shares = _blocks(a * b)[whole] / (np.sqrt(powers[0] * powers[1]) + 1e-3)
    order = np.argsort(shares)
    heap = np.cumsum(weight[order])
    detail = float(shares[order][min(len(order) - 1, np.searchsorted(heap, heap[-1] * QUANTILE))])
    spread = first[mask].std() * moved[mask].std()
    light = float(np.cov(first[mask], moved[mask], bias=True)[0, 1] / spread) if spread else 0.0
    return Agreement(detail, light)


def _detail(pixels: NDArray[np.float32], seen: NDArray[np.float32], amount: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray((pixels - cv2.GaussianBlur(pixels * seen, (0, 0), LOCAL) / amount) * seen, np.float32)


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    count = SIDE // BLOCK
    return np.asarray(values.reshape(count, BLOCK, count, BLOCK).sum(axis=(1, 3)), np.float32)
