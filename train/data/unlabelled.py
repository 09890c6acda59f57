"""Expression crops of faces without a label; the teachers' outputs are their targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import CropSpec, crop
from monitor.faces.quality import SIDEWAYS
from train.data.crops import SIDE
from train.data.faceset import FaceSet, square_box

LEAST_FACE = 24.0
"""Side in pixels of the smallest face that is cropped."""


def crops(faces: FaceSet) -> NDArray[np.uint8]:
    """Crops of the training faces of photographs, cut as in the app but not turned upright.

    FER2013's pictures are left out, because they have labels.

    Args:
        faces: Faces with keypoints.

    Returns:
        (N, 48, 48) uint8 gray.

    Raises:
        ConfigError: There is none.
    """
    squares = faces.squares()
    wanted = (faces.split == "train") & (faces.source != "fer") & (squares[:, 2] >= LEAST_FACE)
    wanted &= np.abs(faces.pose[:, 0]) < SIDEWAYS  # beyond it the app reads no expression
    out = []
    for row in np.flatnonzero(wanted):
        box = square_box(*(float(v) for v in squares[row]))
        out.append(crop(faces.pictures[int(faces.picture[row])], box, CropSpec(side=SIDE)))
    if not out:
        raise ConfigError(f"{faces.name}: has no photographs of faces; run: emotion-train prepare --task keypoints")
    return np.stack(out)
