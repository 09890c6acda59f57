"""The eye network: rates how far each eye is open and how well the picture shows it."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.numeric import sigmoid, unit
from monitor.core.types import Box, EyeReading, Image, Keypoints
from monitor.faces.crop import crop, evened
from monitor.networks.base import LogitNetwork
from monitor.networks.keypoints import POINTS

EYES = ("open", "visible")
"""The network's two logits: the eye is open; the crop shows an eye."""
MARGIN = 0.8
"""Margin added to an eye's width, as a share: the crop covers 1.8 widths with the lids and part of the brow, like the
eye data sets."""
FULL_PX = 14.0
"""Width of an eye in frame pixels from which its lids can be distinguished: 14 of 25 crop pixels."""
FLAT = 4.0
"""Standard deviation of gray levels at which the crop of an eye has full contrast; below half of it the crop is only
noise."""
DIM, LIFTED = 8.0, 14.0
"""Crops with a lower deviation than ``DIM`` are amplified to ``LIFTED``: at an eighth of the light 82 % of shut eyes
then read as shut instead of 48 % (docs/results/driver.md)."""
TURNED, SIDEWAYS = 42.0, 50.0
"""Degrees of yaw up to which the eyes are read at full quality, and from which they are not read: foreshortened eyes
look shut (clip munb_2, 48 to 60 degrees)."""
_CORNERS = [POINTS.index(name) for name in ("r_eye_out", "r_eye_in", "l_eye_in", "l_eye_out")]


def eye_boxes(points: NDArray[np.float32]) -> tuple[Box, Box]:
    """Squares around the person's right and left eye.

    A turned head foreshortens the far eye: its square has at least three quarters of the near one's side.

    Args:
        points: (17, 2) or more keypoints in pixels, in the order of ``keypoints.POINTS``.

    Returns:
        Two boxes x1, y1, x2, y2, each as wide as its eye.
    """
    r_out, r_in, l_in, l_out = points[_CORNERS, :].tolist()
    widths = [math.dist(a, b) for a, b in ((r_out, r_in), (l_in, l_out))]
    boxes = []
    for n, (a, b) in enumerate(((r_out, r_in), (l_in, l_out))):
        half = max(widths[n], 0.75 * widths[1 - n], 1.0) / 2
        cx, cy = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        boxes.append((cx - half, cy - half, cx + half, cy + half))
    return boxes[0], boxes[1]


def lifted(pixels: Image, deviation: float) -> Image:
    """An eye's crop as input of the network: crops of low contrast are amplified.

    Args:
        pixels: (S, S) uint8 gray.
        deviation: Its standard deviation in gray levels.

    Returns:
        (S, S) uint8.
    """
    return evened(pixels, LIFTED) if deviation < DIM else pixels


class EyeNet(LogitNetwork):
    """The eye network with its card; see ``LogitNetwork``."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, or no runtime is installed.
        """
        super().__init__(path, EYES, threads)

    def read(self, image: Image, keypoints: Keypoints) -> tuple[EyeReading, EyeReading]:
        """Reads both eyes of a face.

        Args:
            image: (H, W, 3) BGR or (H, W) gray full frame, uint8.
            keypoints: The face's keypoints in that frame.

        Returns:
            The person's right and left eye; an eye outside the frame has quality 0.
        """
        yaw, roll = abs(float(keypoints.pose[0])), float(keypoints.pose[2])
        front = unit((SIDEWAYS - yaw) / (SIDEWAYS - TURNED))
        right, left = (self._eye(image, box, roll, front) for box in eye_boxes(keypoints.points))
        return right, left

    def _eye(self, image: Image, box: Box, roll: float, front: float) -> EyeReading:
        try:
            pixels = crop(image, box, self.card.crop, roll)
        except ValueError:
            return EyeReading(0.0, 0.0)
        deviation = float(cv2.meanStdDev(pixels)[1][0, 0])
        opened, visible = self.logits(lifted(pixels, deviation)).tolist()
        size = min(1.0, (box[2] - box[0]) / FULL_PX)
        contrast = unit((deviation - FLAT / 2) / (FLAT / 2))
        return EyeReading(sigmoid(opened / self.card.temperature), sigmoid(visible) * size * contrast * front)
