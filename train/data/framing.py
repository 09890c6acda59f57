"""Cuts faces out of tightly or loosely framed pictures as the app would: find, follow, turn upright, crop."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.crop import CropSpec, crop
from monitor.faces.follower import Follower, Reader
from monitor.settings.config import FollowConfig

PAD = 0.5
"""Border added on each side, as a share of the larger side: aligned pictures end at chin and forehead, and the keypoint
network expects the face in the middle of a larger region."""
SCALES = (0.9, 0.7, 0.5)
"""Sides of the boxes the search starts from, as shares of the picture's smaller side."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A face that was found in a picture.

    Attributes:
        box: Haar-like box as shares of the picture's width and height: x1, y1, x2, y2; may exceed 0..1.
        yaw: Degrees, see ``Keypoints.pose``.
        roll: Degrees, clockwise.
    """

    box: Box
    yaw: float
    roll: float


def find(net: Reader, image: Image) -> Framed | None:
    """Finds the one face of a picture with the keypoint network.

    The picture is padded by its own border, then the network starts from centred boxes of several sizes, each as a
    detector's box would be treated (``Follower.accept``); the answer with the highest presence counts.

    Args:
        net: The keypoint network.
        image: (H, W) gray, uint8, a picture of one face roughly in its middle.

    Returns:
        The face, or None if none of the boxes leads to one.
    """
    best = look(net, image)
    if best is None:
        return None
    height, width = image.shape
    x1, y1, x2, y2 = (float(v) for v in best.box)
    box = (x1 / width, y1 / height, x2 / width, y2 / height)
    return Framed(box, float(best.pose[0]), float(best.pose[2]))


def look(net: Reader, image: Image, config: FollowConfig | None = None) -> Keypoints | None:
    """The output of the keypoint network that ``find`` uses.

    Args:
        net: The keypoint network.
        image: As in ``find``.
        config: Least presences; None = the app's.

    Returns:
        The answer in the picture's pixels, or None if none of the boxes leads to a face.
    """
    height, width = image.shape
    pad = round(PAD * max(height, width))
    wide = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
    follower = Follower(net, config or FollowConfig())
    best: Keypoints | None = None
    for scale in SCALES:
        side = scale * min(height, width)
        cx, cy = pad + width / 2, pad + height / 2
        found = follower.accept(wide, (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2))
        if found is not None and (best is None or found.presence > best.presence):
            best = found
    if best is None:
        return None
    x1, y1, x2, y2 = (float(v) - pad for v in best.box)
    return replace(best, box=(x1, y1, x2, y2), points=best.points - np.float32(pad))


def median_box(found: list[Framed]) -> Box:
    """The box for pictures in which no face was found: the median over the faces of the same source."""
    x1, y1, x2, y2 = np.median([face.box for face in found], axis=0).tolist()
    return (x1, y1, x2, y2)


def cut(image: Image, box: Box, roll: float, side: int) -> NDArray[np.uint8]:
    """The app's crop of a face, with unchanged gray levels.

    Args:
        image: (H, W) gray, uint8.
        box: As in ``Framed``.
        roll: Degrees; the crop is turned upright by it.
        side: Of the result, in pixels.

    Raises:
        ValueError: The box does not touch the picture.
    """
    height, width = image.shape
    x1, y1, x2, y2 = box
    return crop(image, (x1 * width, y1 * height, x2 * width, y2 * height), CropSpec(side=side, align=True), roll)
