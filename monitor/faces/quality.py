"""How far a picture lets a face be read: 0 (not at all) to 1 (fully)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.numeric import unit
from monitor.types import Box, Image, Landmarks

FULL_SIZE_PX = 64.0
"""A face this large fills the network's 48 pixels with its margin; smaller ones lose detail."""
BLURRED, SHARP = 0.006, 0.035
"""Variance of the Laplacian of a 48-pixel crop, over that of its gray levels so that light does not matter: below the
first nothing sharp is left, above the second a face counts as sharp. Of 3,133 FER2013 training crops (every ninth) all
but one exceed the second; after a Gaussian blur of 2 px 99 % fall below it, half below twice the first."""
DARK, DIM = 4.0, 14.0
"""Mean gray levels at which a crop is fully too dark, and from which it is light enough."""
DAZZLED, BRIGHT = 200.0, 225.0
"""Mean gray levels from which a crop loses its light parts, and at which it is fully too bright."""
FAINT, CLEAR = 2.0, 10.0
"""Standard deviations of gray levels at which a face drowns in a camera's noise, and from which it shows full contrast:
the network reads crops evened in contrast as well at 10 as at 50 (``benchmarks.darkness``)."""


TURNED, SIDEWAYS = 30.0, 45.0
"""Degrees of yaw up to which a face shows both halves, and from which it is not read at all: FER2013 has
few faces beyond 30 degrees, and beyond 45 the far eye and mouth corner are hidden."""
UNSURE = 0.4
"""Presence at which a followed face is too doubtful to be read; fully trusted 0.3 above."""


def quality(
    crop: Image, box: Box, pose: Sequence[float] | NDArray[np.float64] | None = None, marks: Landmarks | None = None
) -> float:
    """Rates one face crop by size, sharpness, brightness and contrast, and by pose where it is known.

    The parts multiply, so that one bad part is enough: a large sharp face in the dark is not readable.

    Args:
        crop: (48, 48) uint8 gray, as ``crop.crop`` makes it with gray levels as they are.
        box: The face's box in full-frame pixels.
        pose: Yaw, pitch and roll in degrees, where known.
        marks: What the keypoint network saw, where it looked.

    Returns:
        0..1.
    """
    size = min(1.0, min(box[2] - box[0], box[3] - box[1]) / FULL_SIZE_PX)
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(crop))
    light = unit(min((mean - DARK) / (DIM - DARK), (BRIGHT - mean) / (BRIGHT - DAZZLED)))
    contrast = unit((deviation - FAINT) / (CLEAR - FAINT))
    edges = float(cv2.meanStdDev(cv2.Laplacian(crop, cv2.CV_16S))[1][0, 0])
    sharp = unit(((edges / max(deviation, 1.0)) ** 2 - BLURRED) / (SHARP - BLURRED))
    front = 1.0 if pose is None else unit((SIDEWAYS - abs(float(pose[0]))) / (SIDEWAYS - TURNED))
    sure = 1.0 if marks is None else unit((marks.presence - UNSURE) / 0.3)
    return unit(size * light * contrast * (0.3 + 0.7 * sharp) * front * sure)


BLACK, BLANK = 12.0, 4.0
"""Mean and standard deviation of gray levels of a picture in which no face could be seen: dark, or a covered lens."""
EVERY, COLUMNS = 8, 80
"""Every so many pixels are looked at for that, in large pictures fewer: some 80 columns tell as much and cost as much
at any size (each 8th of a 3840x2160 picture takes 1.4 ms of waiting for memory)."""


def usable(image: Image) -> bool:
    """Whether a face could be seen in a picture (H, W, 3) uint8: it is neither dark nor all of one gray."""
    step = max(EVERY, image.shape[1] // COLUMNS)
    gray = cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_BGR2GRAY)
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(gray))
    return mean > BLACK and deviation > BLANK
