"""Following a face: from the last box to presence, keypoints, pose and a better box, in one small network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from monitor.errors import ModelError
from monitor.faces.crop import crop, square
from monitor.inference.network import CropNetwork
from monitor.numeric import sigmoid
from monitor.types import Box, Image, Landmarks

POINTS = (
    "r_eye_out", "r_eye_in", "r_eye_top", "r_eye_bot", "l_eye_in", "l_eye_out", "l_eye_top", "l_eye_bot",
    "r_iris", "l_iris", "nose", "mouth_r", "mouth_l", "lip_top", "lip_bot", "chin", "brow",
)  # fmt: skip
"""The 17 keypoints; ``r_`` and ``_r`` are the person's right, on the left of an unmirrored picture."""
SHAPES = ((1, 1), (1, 2 * len(POINTS) + 4), (1, 6))
"""Outputs of the network: a logit of presence; 17 points and the face's two corners, from the region's
centre in half sides; yaw, pitch, roll over ``POSE_UNIT``, then opening over width of right eye, left eye
and mouth."""
POSE_UNIT = 45.0
"""Degrees that the pose outputs count in."""
FACE_W, FACE_H, FACE_Y = 0.970, 1.092, 0.081
"""The face mesh in a Haar box: width, height and how far below the middle, in box sides (2,212
photographs, see ``CropSpec``). Boxes of followed faces are given as the Haar box they amount to, so
that every crop means the same whoever found the face."""


def mirror_name(name: str) -> str:
    """The keypoint on the other side of the face."""
    other = {"r": "l", "l": "r"}
    if name.startswith("mouth_"):
        return "mouth_" + other[name[-1]]
    return other[name[0]] + name[1:] if name[:2] in ("r_", "l_") else name


class LandmarkNet(CropNetwork):
    """The keypoint network with its card; see ``CropNetwork``."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Loads ``path`` and the card beside it.

        Raises:
            ModelError: Missing, damaged, mismatched or foreign model or card, or no runtime.
        """
        super().__init__(path, POINTS, threads)
        if sorted(self._shapes) != sorted(SHAPES):
            raise ModelError(f"{path}: gives {self._shapes}, expected {list(SHAPES)}")
        self._presence, self._points, self._head = (self._shapes.index(shape) for shape in SHAPES)

    def read(self, image: Image, box: Box) -> Landmarks | None:
        """Looks at the region around a box.

        Args:
            image: (H, W, 3) BGR or (H, W) gray full frame, uint8.
            box: Where a face is expected, as a Haar box in full-frame pixels.

        Returns:
            What the network says, or None when the region does not touch the frame.
        """
        try:
            pixels = crop(image, box, self.card.crop)
        except ValueError:
            return None
        left, top, side = square(box, self.card.crop)
        outputs = self._run(pixels)
        logit = float(outputs[self._presence][0, 0]) / self.card.temperature
        half = side / 2
        points = outputs[self._points].reshape(-1, 2)
        points *= np.float32(half)
        points += np.array((left + half, top + half), np.float32)
        head = outputs[self._head][0]
        return Landmarks(
            presence=sigmoid(logit),
            points=points[: len(POINTS)],
            box=haar_box(points[-2].tolist(), points[-1].tolist()),
            pose=head[:3] * np.float32(POSE_UNIT),
            openness=np.maximum(head[3:], np.float32(0)),
        )


def haar_box(low: Sequence[float], high: Sequence[float]) -> Box:
    """The Haar box that a face mesh's corners (x, y) amount to."""
    side = max((high[0] - low[0]) / FACE_W, (high[1] - low[1]) / FACE_H, 1.0)
    cx, cy = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2 - FACE_Y * side
    return (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
