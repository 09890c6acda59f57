"""Finds the face of each picture with the app's own networks, and describes its place, pose and quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Box, Image, Keypoints
from monitor.faces.crop import CropSpec, crop
from monitor.faces.follower import Reader
from monitor.faces.quality import quality
from monitor.faces.search import Sighting
from monitor.settings.config import FollowConfig
from train.data import framing
from train.data.crops import SIDE

LEAST_SIDE = 160
"""Shorter side in pixels to which small pictures are enlarged, so that their faces exceed the detectors' smallest
size."""
WHOLE = 0.75
"""Share of the picture's side from which one face fills the picture, so that no second one is looked for."""
LOOSE = FollowConfig(start=0.3, keep=0.15)
"""Presences from which a face is possible; the content of the picture then decides, see ``train.clean.content``."""
OUTSIDE = 0.04
"""Share of the face box by which a keypoint must lie outside the picture to be cut off."""
MOST_CUT = 2
"""Most keypoints of 17 that may be cut off; in tight crops chin and brows often are."""


class Search(Protocol):
    """The app's search of whole photographs, as ``train.reports.predict.FaceFinder`` does it."""

    def faces(self, image: Image) -> list[Sighting]:
        """All faces of an (H, W, 3) BGR picture, largest first."""


@dataclass(frozen=True, slots=True)
class Face:
    """The result for one picture.

    Attributes:
        count: Faces found.
        crop: (48, 48) uint8 upright crop of the largest face as the app cuts it; None without a face.
        box: That face as a Haar box, in shares of the picture's width and height; may exceed 0..1.
        points: (17, 2) float32 keypoints in the same shares; None if a cascade found the face.
        pose: Yaw, pitch and roll in degrees, 0 without keypoints.
        presence: 0..1, how sure the keypoint network is of the face.
        possible: Whether the presence is too low for the app to accept the face.
        quality: 0..1, see ``monitor.faces.quality``.
        side: Width of the box in the picture's pixels.
    """

    count: int
    crop: NDArray[np.uint8] | None
    box: Box = (0.0, 0.0, 0.0, 0.0)
    points: NDArray[np.float32] | None = None
    pose: tuple[float, float, float] = (0.0, 0.0, 0.0)
    presence: float = 0.0
    possible: bool = False
    quality: float = 0.0
    side: float = 0.0

    @property
    def cut(self) -> bool:
        """Whether the picture's edge cuts the face off."""
        if self.points is None:
            return False
        margin = OUTSIDE * (self.box[2] - self.box[0]), OUTSIDE * (self.box[3] - self.box[1])
        outside = ((self.points < -np.array(margin)) | (self.points > 1 + np.array(margin))).any(axis=1)
        return int(outside.sum()) > MOST_CUT


NOTHING = Face(0, None)


class Faces:
    """Finds faces in tight crops and whole photographs."""

    def __init__(self, net: Reader, finder: Search) -> None:
        """Args: the keypoint network, and the app's search of whole photographs."""
        self._net, self._finder = net, finder

    def find(self, image: Image) -> Face:
        """The faces of a (H, W) uint8 gray picture.

        The keypoint network locates the face of a tight crop; the app's search then looks for others if there is room.
        Where both find nothing, a face of low presence is reported as a possible one.
        """
        large = _enlarged(image)
        framed = framing.look(self._net, large)
        if framed is not None and framed.box[2] - framed.box[0] >= WHOLE * large.shape[1]:
            return _described(large, image, framed, 1)
        others = self._finder.faces(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False))
        if len(others) > 1 or (framed is None and others):
            return _described(large, image, others[0].keypoints or others[0].box, len(others))
        if framed is not None:
            return _described(large, image, framed, 1)
        loose = framing.look(self._net, large, LOOSE)
        return _described(large, image, loose, 1, possible=True) if loose is not None else NOTHING


def _described(large: Image, image: Image, found: Keypoints | Box, count: int, *, possible: bool = False) -> Face:
    """A face of the enlarged picture; its quality is rated in the original picture."""
    height, width = large.shape
    shares = np.array((width, height), np.float32)
    keypoints = found if isinstance(found, Keypoints) else None
    x1, y1, x2, y2 = found.box if isinstance(found, Keypoints) else found
    box = (x1 / width, y1 / height, x2 / width, y2 / height)
    yaw, pitch, roll = (float(v) for v in keypoints.pose) if keypoints is not None else (0.0, 0.0, 0.0)
    try:
        pixels = crop(large, (x1, y1, x2, y2), CropSpec(SIDE, align=True), roll)
    except ValueError:  # the box does not touch the picture
        return NOTHING
    scale = image.shape[1] / width
    return Face(
        count,
        pixels,
        box,
        keypoints.points / shares if keypoints is not None else None,
        (yaw, pitch, roll),
        keypoints.presence if keypoints is not None else 0.5,
        possible,
        quality(pixels, (x1 * scale, y1 * scale, x2 * scale, y2 * scale)),
        (x2 - x1) * scale,
    )


def _enlarged(image: Image) -> Image:
    scale = LEAST_SIDE / min(image.shape)
    if scale <= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def details(face: Face) -> dict[str, object]:
    """The manifest's record of a face; see ``train.clean.manifest.Entry``."""
    if face.crop is None:
        return {}
    found: dict[str, object] = {
        "box": [round(v, 4) for v in face.box],
        "presence": round(face.presence, 3),
        "quality": round(face.quality, 3),
        "size": round(face.side, 1),
        "light": round(float(face.crop.mean()), 1),
        "sharpness": round(float(cv2.Laplacian(face.crop, cv2.CV_32F).var() / max(1.0, float(face.crop.var()))), 4),
    }
    if face.points is not None:
        found["keypoints"] = [[round(float(x), 4), round(float(y), 4)] for x, y in face.points]
        found |= {name: round(v, 1) for name, v in zip(("yaw", "pitch", "roll"), face.pose, strict=True)}
    return found
