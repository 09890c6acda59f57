"""THE preprocessing: from a frame and a face box to the pixels a network sees.

One definition for the app and for the training; its parameters travel in the model card, and a
test proves that both make the same bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image

UPRIGHT = 2.0
"""Degrees of roll below which a face is taken to be upright."""
GREY = 128.0
"""Where evened gray levels are centred."""
GAIN_STEP, LEAST_GAIN, MOST_GAIN = 0.025, -28, 44
"""Contrast is changed by steps of 2.5 % (so that their tables are made once), from half to three times what it was:
what is all but flat must not become noise."""
MIDDLE = 0.6
"""Share of a crop's side whose gray levels are measured: around the face stand bright windows and dark seats."""


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a box becomes a crop.

    Attributes:
        side: Side of the square result in pixels.
        margin: Added to the box's larger side, as a share of it.
        shift_y: The centre moves down by this share of the box's larger side.
        align: Whether in-plane rotation is removed where it is known.
        contrast: Standard deviation of gray levels that the crop's middle is brought to, around the middle gray; 0 =
            gray levels stay as they are.

    The defaults make a Haar box show what FER2013 shows: over 2,212 photographs (faces.zip, |yaw| <
    20°) the median face mesh is 0.970 × 1.092 of a Haar box and centred 0.081 below its middle; in
    FER2013 it is 0.820 × 0.920 of the picture and 0.045 below. 1.185 and 0.03 map one on the other.
    """

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

    What lies beyond the frame repeats the frame's border. Shrinking averages areas, so that a large
    face does not alias; enlarging is bilinear (``shrunk``).

    Args:
        image: (H, W) gray or (H, W, 3) BGR, uint8, not empty.
        box: x1, y1, x2, y2 in the image's pixels.
        spec: Margin, shift and size.
        roll: The face's in-plane rotation in degrees, clockwise; removed when ``spec.align``.

    Returns:
        (side, side) uint8, a copy of its own.

    Raises:
        ValueError: The image is empty or the box does not touch it.
    """
    turned = spec.align and abs(roll) >= UPRIGHT
    return evened(_upright(image, box, spec, roll) if turned else _cut(image, box, spec), spec.contrast)


def evened(pixels: Image, contrast: float) -> Image:
    """A crop whose middle is of mid gray on average and of that contrast: as in other light.

    Args:
        pixels: (S, S) uint8.
        contrast: Standard deviation wanted, in gray levels; 0 = leave as it is.

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
    """Gray levels of what is -255 to 255 above the mean, (511,) uint8, with contrast changed by so many steps."""
    above = np.arange(-255, 256, dtype=np.float32)
    levels: NDArray[np.uint8] = np.clip(above * math.exp(step * GAIN_STEP) + (GREY + 0.5), 0, 255).astype(np.uint8)
    return levels


def _cut(image: Image, box: Box, spec: CropSpec) -> Image:
    """The crop as it lies in the picture, gray levels as they are."""
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
    """A square picture at another size and in gray: areas averaged when it shrinks, bilinear when it grows.

    Averaging over areas that are no whole number of pixels costs OpenCV ten times what whole ones do (1.8
    against 0.1 ms for 640×480 in color), so a picture of more than twice the size is brought to twice the size
    bilinearly first; of pictures much larger some pixels are left out.

    Args:
        image: (S, S) gray or (S, S, 3) BGR, uint8, not empty.
        side: Of the result, in pixels.

    Returns:
        (side, side) uint8, a copy of its own.
    """
    if image.shape[0] > 2 * side:
        image = cv2.resize(image, (2 * side, 2 * side), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    image = as_gray(image)
    method = cv2.INTER_LINEAR if side > image.shape[0] else cv2.INTER_AREA
    return cv2.resize(image, (side, side), interpolation=method).astype(np.uint8, copy=False)


def as_gray(image: Image) -> Image:
    """A (H, W, 3) BGR picture in gray, (H, W); the very same picture when it is gray."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _upright(image: Image, box: Box, spec: CropSpec, roll: float) -> Image:
    """The crop turned upright around its centre: a larger crop is cut, turned and trimmed."""
    wide = round(spec.side * 1.5)
    # The larger square has the same centre: margin and shift grow together.
    grown = CropSpec(wide, (1 + spec.margin) * wide / spec.side - 1, spec.shift_y)
    middle = ((wide - 1) / 2, (wide - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, roll, 1.0)
    turn = turn - np.array([[0.0, 0.0, (wide - spec.side) / 2]] * 2)
    out = cv2.warpAffine(_cut(image, box, grown), turn, (spec.side, spec.side), flags=cv2.INTER_LINEAR)
    return out.astype(np.uint8, copy=False)


TIE = 1e-3
"""In quantisation steps: what is so near to the middle between two is a tie."""


def to_unit(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Gray levels 0..255 as float32 in [-1, 1], the network's real-valued input."""
    return (crops.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)


def int8_table(scale: float, zero_point: int) -> NDArray[np.int8]:
    """The network's quantised input for each gray level: ``quantise(to_unit(level))``, ties upwards.

    Where the range [-1, 1] is quantised by 256 steps every level is a tie. Rounded to even, or as the last bit of a
    float has it, each second pair of neighbours would become one: a quarter of all gray levels would be lost.

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
    """Gray pixels through the table of ``int8_table``, same shape."""
    return cv2.LUT(pixels, table.view(np.uint8)).view(np.int8)
