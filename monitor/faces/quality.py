"""Quality of the picture of a face: from 0 (not readable) to 1 (fully readable)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.numeric import unit
from monitor.core.types import Box, Image, Keypoints
from monitor.faces.crop import as_gray, middle_levels

FULL_SIZE_PX = 64.0
"""Side in pixels from which a face with its margin fills the network's 48 pixels; smaller faces lose detail."""
BLURRED, SHARP = 0.006, 0.035
"""Limits of sharpness: the variance of the Laplacian of a 48-pixel crop over the variance of its gray levels, which
does not depend on the light. A face below the first value counts as fully blurred, above the second as sharp. Of 3,133
FER2013 training crops (every ninth) all but one exceed the second; after a Gaussian blur of 2 px 99 % fall below it and
half below twice the first. The same holds with noise of half a gray level and at 30 % of the light; noise of a whole
level hides the blur at that light."""
NOISE = 0.6
"""Standard deviation of gray levels in a crop that counts as camera noise and is excluded from the sharpness, which it
would dominate in little light. Crops average several pixels, so their noise is low."""
DAZZLED, BRIGHT = 200.0, 225.0
"""Mean gray levels above which a crop is overexposed, and above which it is not readable."""


class Light(NamedTuple):
    """The light that a network needs, in gray levels of the middle of a crop.

    Attributes:
        dark: Mean at which the network recognises nothing.
        dim: Mean from which the light suffices.
        faint: Standard deviation at which a face cannot be distinguished from camera noise.
        clear: Standard deviation from which a face has full contrast.
    """

    dark: float
    dim: float
    faint: float
    clear: float


AS_IT_IS = Light(30.0, 55.0, 0.0, 12.0)
"""For networks whose crops have unchanged gray levels."""
EVENED = Light(4.0, 14.0, 2.0, 10.0)
"""For networks whose crops have normalised contrast: they read faces with a deviation of 10 as well as those with 50
(``benchmarks.darkness``)."""


def light_for(contrast: float) -> Light:
    """The light that a network with this ``crop_contrast`` in its card needs."""
    return EVENED if contrast else AS_IT_IS


TURNED, SIDEWAYS = 30.0, 45.0
"""Degrees of yaw up to which both halves of a face are visible, and from which the face is not read: FER2013 has few
faces beyond 30 degrees, and beyond 45 the far eye and mouth corner are hidden."""
STEEP, PLUNGING = 25.0, 45.0
"""Degrees of pitch, raised or lowered, up to which a face is read fully, and from which it is not read. Of FER2013's
neutral faces lowered by 25 to 35 degrees the expression network reads 18 % as sad or angry (5 % within 10 degrees), of
those raised as far 22 % as another expression (10 %; N = 519, 559, 32; most of the steep ones are training rows)."""
UNSURE = 0.4
"""A followed face with at most this presence is not read; from 0.3 above this value its quality is not reduced."""


def quality(crop: Image, box: Box, light: Light = EVENED) -> float:
    """Rates the picture of one face by size, sharpness, brightness and contrast.

    The four factors multiply, so that one bad factor suffices: a large, sharp face in the dark is not readable.

    Args:
        crop: (48, 48) uint8 gray, as ``crop.crop`` makes it, with its original gray levels.
        box: The face's box in full-frame pixels.
        light: The light that the expression network needs.

    Returns:
        0..1.
    """
    size = min(1.0, min(box[2] - box[0], box[3] - box[1]) / FULL_SIZE_PX)
    mean, deviation = middle_levels(crop)
    bright = min((mean - light.dark) / (light.dim - light.dark), (BRIGHT - mean) / (BRIGHT - DAZZLED))
    contrast = unit((deviation - light.faint) / (light.clear - light.faint))
    whole = float(cv2.meanStdDev(crop)[1][0, 0])
    edges = float(cv2.meanStdDev(cv2.Laplacian(crop, cv2.CV_16S))[1][0, 0])
    # 20: the sum of the Laplacian's squared weights, by which it multiplies the variance of noise.
    detail = (edges**2 - 20 * NOISE**2) / max(whole**2, 1.0)
    sharp = unit((detail - BLURRED) / (SHARP - BLURRED))
    return unit(size * unit(bright) * contrast * (0.3 + 0.7 * sharp))


def visibility(pose: Sequence[float] | NDArray[np.float64] | None, keypoints: Keypoints | None) -> float:
    """Rates the view of one face by its yaw, its pitch and its presence.

    Args:
        pose: Yaw, pitch and roll in degrees, or None when unknown.
        keypoints: The keypoint network's output for this face, or None if it was not run.

    Returns:
        0..1, a factor of ``quality``; 1 when nothing is known.
    """
    front = 1.0
    if pose is not None:
        front = unit((SIDEWAYS - abs(float(pose[0]))) / (SIDEWAYS - TURNED))
        front *= unit((PLUNGING - abs(float(pose[1]))) / (PLUNGING - STEEP))
    sure = 1.0 if keypoints is None else unit((keypoints.presence - UNSURE) / 0.3)
    return front * sure


BLACK, BLANK = 12.0, 4.0
"""Mean and standard deviation of gray levels up to which a picture is too dark or too uniform (a covered lens) to show
a face."""
EVERY, COLUMNS = 8, 80
"""Distance of the sampled pixels, and the number of columns sampled in larger pictures: 80 columns suffice and cost the
same at any size (sampling every 8th pixel of a 3840x2160 picture takes 1.4 ms of memory access)."""


def usable(image: Image) -> bool:
    """Whether a picture, (H, W, 3) or (H, W) uint8, is good enough to show a face: neither dark nor of a uniform
    gray."""
    step = max(EVERY, image.shape[1] // COLUMNS)
    gray = as_gray(np.ascontiguousarray(image[::step, ::step]))
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(gray))
    return mean > BLACK and deviation > BLANK
