"""Preprocessing: from a frame and a face box to the input pixels of a network.

The application and the training share this definition. Its parameters are part of the model card, and a test checks
that both produce identical bytes.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image

UPRIGHT = 2.0
"""Degrees of roll below which a face counts as upright."""
GREY = 128.0
"""Mean gray level of crops with normalised contrast."""
GAIN_STEP, LEAST_GAIN, MOST_GAIN = 0.025, -28, 44
"""Contrast is changed in steps of 2.5 %, so that each lookup table is computed only once, and by a factor of 0.5 to 3,
because more gain would turn a flat crop into noise."""
MIDDLE = 0.6
"""Gray levels are measured in the middle of a crop, this share of its side, because bright windows and dark seats often
surround the face."""


class CropSpec(NamedTuple):
    """The parameters that turn a box into a crop.

    Attributes:
        side: Side of the square crop in pixels.
        margin: Added to the box's larger side, as a share of it.
        shift_y: The centre moves down by this share of the box's larger side.
        align: Whether a known in-plane rotation of the face is removed.
        contrast: Standard deviation to which the gray levels of the crop's middle are scaled, around middle gray; 0 =
            gray levels stay unchanged.

    The defaults give a Haar box the framing of FER2013: over 2,212 photographs (faces.zip, |yaw| < 20°) the median face
    mesh is 0.970 × 1.092 of a Haar box and centred 0.081 below its middle; in FER2013 it is 0.820 × 0.920 of the
    picture and centred 0.045 below its middle. A factor of 1.185 and a shift of 0.03 map the first framing to the
    second."""

    side: int = 48
    margin: float = 0.185
    shift_y: float = 0.03
    align: bool = False
    contrast: float = 0.0


def square(box: Box, spec: CropSpec) -> tuple[int, int, int]:
    """The square cut from the frame: left, top and side in whole pixels, side at least 1."""
    x1, y1, x2, y2 = box
    size = max(x2 - x1, y2 - y1)
    side = max(1, round(size * (1 + spec.margin)))
    left = round((x1 + x2 - side) / 2)
    top = round((y1 + y2 - side) / 2 + spec.shift_y * size)
    return left, top, side


def crop(image: Image, box: Box, spec: CropSpec, roll: float = 0.0) -> Image:
    """Cuts a face out of a frame as gray pixels.

    Outside the frame, its border pixels are repeated. Shrinking averages areas to avoid aliasing; enlarging is bilinear
    (``shrunk``).

    Args:
        image: (H, W) gray or (H, W, 3) BGR, uint8, not empty.
        box: x1, y1, x2, y2 in the image's pixels.
        spec: Margin, shift and size.
        roll: The face's in-plane rotation in degrees, clockwise; removed when ``spec.align``.

    Returns:
        (side, side) uint8, a new array.

    Raises:
        ValueError: The image is empty or the box does not touch it.
    """
    turned = spec.align and abs(roll) >= UPRIGHT
    return evened(_upright(image, box, spec, roll) if turned else _cut(image, box, spec), spec.contrast)


def evened(pixels: Image, contrast: float) -> Image:
    """Normalises the gray levels of a crop: its middle gets a mean of ``GREY`` and the given contrast.

    Args:
        pixels: (S, S) uint8.
        contrast: Standard deviation of the result in gray levels; 0 = unchanged.

    Returns:
        (S, S) uint8.
    """
    if not contrast:
        return pixels
    mean, deviation = middle_levels(pixels)
    step = round(math.log(contrast / max(deviation, 1e-3)) / GAIN_STEP)
    levels = _gained(min(MOST_GAIN, max(LEAST_GAIN, step)))
    first = 255 - round(mean)
    return cv2.LUT(pixels, levels[first : first + 256]).astype(np.uint8, copy=False)


def middle_levels(pixels: Image) -> tuple[float, float]:
    """Mean and standard deviation of the gray levels of a crop's (S, S) uint8 middle, where the face is."""
    edge = round(pixels.shape[0] * (1 - MIDDLE) / 2)
    mean, deviation = cv2.meanStdDev(pixels[edge:-edge, edge:-edge])
    return float(mean[0, 0]), float(deviation[0, 0])


@cache
def _gained(step: int) -> NDArray[np.uint8]:
    """Lookup table (511,) uint8: the new gray level of a pixel -255 to 255 above the mean, for a gain of
    ``step`` steps."""
    above = np.arange(-255, 256, dtype=np.float32)
    levels: NDArray[np.uint8] = np.clip(above * math.exp(step * GAIN_STEP) + (GREY + 0.5), 0, 255).astype(np.uint8)
    return levels


def _cut(image: Image, box: Box, spec: CropSpec) -> Image:
    """The crop with neither rotation nor normalised gray levels."""
    left, top, side = square(box, spec)
    height, width = image.shape[:2]
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(width, left + side), min(height, top + side)
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f"box {box} does not touch the {width}x{height} image")
    part = image[y1:y2, x1:x2]
    beyond = (y1 - top, top + side - y2, x1 - left, left + side - x2)
    if any(beyond):
        part = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
    return shrunk(part, spec.side)


def shrunk(image: Image, side: int) -> Image:
    """Resizes a square picture and converts it to gray: by area averages when it shrinks, bilinearly when it grows.

    OpenCV takes ten times as long for area averages with a fractional factor as with a whole one (1.8 against 0.1 ms
    for 640×480 in color). Therefore a picture of more than twice the target size is first reduced bilinearly to twice
    that size, which skips some pixels of much larger pictures.

    Args:
        image: (S, S) gray or (S, S, 3) BGR, uint8, not empty.
        side: Side of the result in pixels.

    Returns:
        (side, side) uint8, always a new array.
    """
    if image.shape[0] > 2 * side:
        image = cv2.resize(image, (2 * side, 2 * side), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    image = as_gray(image)
    method = cv2.INTER_LINEAR if side > image.shape[0] else cv2.INTER_AREA
    return cv2.resize(image, (side, side), interpolation=method).astype(np.uint8, copy=False)


def as_gray(image: Image) -> Image:
    """Converts a (H, W, 3) BGR picture to gray (H, W); returns a gray picture as it is, without a copy."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _upright(image: Image, box: Box, spec: CropSpec, roll: float) -> Image:
    """The crop rotated upright around its centre: cuts a larger crop, rotates it and trims it."""
    wide = round(spec.side * 1.5)
    # The larger square has the same centre: margin and shift grow together.
    grown = CropSpec(wide, (1 + spec.margin) * wide / spec.side - 1, spec.shift_y)
    middle = ((wide - 1) / 2, (wide - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, roll, 1.0)
    turn = turn - np.array([[0.0, 0.0, (wide - spec.side) / 2]] * 2)
    out = cv2.warpAffine(_cut(image, box, grown), turn, (spec.side, spec.side), flags=cv2.INTER_LINEAR)
    return out.astype(np.uint8, copy=False)


TIE = 1e-3
"""Distance in quantisation steps within which a value counts as exactly between two steps."""


def to_unit(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Converts gray levels 0..255 to float32 in [-1, 1], the real-valued input of a network."""
    return (crops.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)


def int8_table(scale: float, zero_point: int) -> NDArray[np.int8]:
    """The quantised network input for each gray level: ``quantise(to_unit(level))``, with ties rounded up.

    When the range [-1, 1] is quantised in 256 steps, every level is a tie. Rounding to even, or by the last bit of a
    float, would merge every second pair of neighbours and lose a quarter of all gray levels.

    Args:
        scale: The input tensor's quantisation scale.
        zero_point: The input tensor's zero point.

    Returns:
        (256,) int8 lookup table.
    """
    unit = to_unit(np.arange(256, dtype=np.uint8))
    nearest = np.floor(unit.astype(np.float64) / scale + zero_point + 0.5 + TIE)
    table: NDArray[np.int8] = np.clip(nearest, -128, 127).astype(np.int8)
    return table


def quantised(pixels: Image, table: NDArray[np.int8]) -> NDArray[np.int8]:
    """Quantises gray pixels with the table of ``int8_table``; keeps their shape."""
    return cv2.LUT(pixels, table.view(np.uint8)).view(np.int8)
