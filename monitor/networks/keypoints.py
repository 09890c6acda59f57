"""The keypoint network: turns the region around a box into presence, keypoints, pose and a more accurate box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ModelError
from monitor.core.labels import POINTS as POINTS
from monitor.core.numeric import sigmoid
from monitor.core.types import Box, Image, Keypoints
from monitor.faces.crop import crop, square
from monitor.networks.base import CropNetwork

SHAPES = ((1, 1), (1, 2 * len(POINTS) + 4), (1, 6))
"""Shapes of the outputs: the logit of presence; 17 keypoints and two corners of the face, relative to the region's
centre in half sides; yaw, pitch and roll over ``POSE_UNIT``, then opening over width of right eye, left eye and
mouth."""
POSE_UNIT = 45.0
"""Degrees per unit of the pose outputs."""
FACE_W, FACE_H, FACE_Y = 0.970, 1.092, 0.081
"""The face mesh in a Haar box: width, height and offset below the middle, in box sides (2,212 photographs, see
``CropSpec``). Followed faces get the equivalent Haar box, so that crops do not depend on the network or cascade that
found the face."""

MIRRORED_DEG = 20.0
"""Degrees of yaw beyond which the mirrored region is also read. Both answers are averaged, and the smaller presence
counts: this reduces the keypoint error of heads turned by over 30 degrees by 1/15 and the number of false faces by 1/4.
Other faces are accurate enough at half the cost (docs/results/following.md)."""
Answers = tuple[float, NDArray[np.float32], NDArray[np.float32]]
"""Outputs for one region in the order of ``SHAPES``: logit, keypoints and corners (19, 2), pose and openness (6,)."""


def mirror_name(name: str) -> str:
    """The keypoint on the other side of the face."""
    other = {"r": "l", "l": "r"}
    if name.startswith("mouth_"):
        return "mouth_" + other[name[-1]]
    return other[name[0]] + name[1:] if name[:2] in ("r_", "l_") else name


SWAP = tuple(POINTS.index(mirror_name(name)) for name in POINTS)
"""For each keypoint the index of its mirror image."""


class KeypointNet(CropNetwork):
    """The keypoint network with its card; see ``CropNetwork``."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: The model or its card is missing, damaged, mismatched or foreign, or no runtime is installed.
        """
        super().__init__(path, POINTS, threads)
        if sorted(self._shapes) != sorted(SHAPES):
            raise ModelError(f"{path}: gives {self._shapes}, expected {list(SHAPES)}")
        self._presence, self._points, self._head = (self._shapes.index(shape) for shape in SHAPES)

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """Reads the region around a box.

        Args:
            image: (H, W, 3) BGR or (H, W) gray full frame, uint8.
            box: Where a face is expected, as a Haar box in full-frame pixels.

        Returns:
            The answer, or None when the region does not touch the frame.
        """
        try:
            pixels = crop(image, box, self.card.crop)
        except ValueError:
            return None
        left, top, side = square(box, self.card.crop)
        logit, points, head = self._answers(pixels)
        if abs(float(head[0])) * POSE_UNIT > MIRRORED_DEG:
            other = mirrored(*self._answers(np.ascontiguousarray(pixels[:, ::-1])))
            logit = min(logit, other[0])  # both views must show a face
            points, head = (0.5 * (a + b) for a, b in ((points, other[1]), (head, other[2])))
        half = side / 2
        points = points * np.float32(half) + np.array((left + half, top + half), np.float32)
        return Keypoints(
            presence=sigmoid(logit / self.card.temperature),
            points=points[: len(POINTS)],
            box=haar_box(points[-2].tolist(), points[-1].tolist()),
            pose=head[:3] * np.float32(POSE_UNIT),
            openness=np.maximum(head[3:], np.float32(0)),
        )

    def _answers(self, pixels: Image) -> Answers:
        outputs = self._run(pixels)
        points = outputs[self._points].reshape(-1, 2)
        return float(outputs[self._presence][0, 0]), points, outputs[self._head][0]


def mirrored(logit: float, points: NDArray[np.float32], head: NDArray[np.float32]) -> Answers:
    """Converts the answers for a mirrored region to the region itself."""
    flipped = points * np.array((-1, 1), np.float32)
    (right, top), (left, bottom) = flipped[-2:]
    corners = np.array(((left, top), (right, bottom)), np.float32)
    yaw, pitch, roll, eye_r, eye_l, mouth = head
    return (
        logit,
        np.concatenate([flipped[list(SWAP)], corners]),
        np.array((-yaw, pitch, -roll, eye_l, eye_r, mouth), np.float32),
    )


def haar_box(low: Sequence[float], high: Sequence[float]) -> Box:
    """The Haar box equivalent to a face mesh with these corners (x, y)."""
    side = max((high[0] - low[0]) / FACE_W, (high[1] - low[1]) / FACE_H, 1.0)
    cx, cy = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2 - FACE_Y * side
    return (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
