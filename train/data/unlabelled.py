"""Faces that nobody labelled, as expression crops: what the teachers answer to them is learnt, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import CropSpec, crop
from monitor.faces.quality import SIDEWAYS
from train.data.datasets import SIDE
from train.data.faceset import FaceSet, square_box

LEAST_FACE = 24.0
"""Side in pixels of the smallest face worth a crop of 48."""


def crops(faces: FaceSet) -> NDArray[np.uint8]:
    """Crops of the training faces of photographs, cut as the app cuts a box but as tilted as they are.

    FER2013's own pictures are left out: they are labelled, and not turned upright either.

    Args:
        faces: Faces with keypoints.

    Returns:
        (N, 48, 48) uint8 gray.

    Raises:
        ConfigError: There is none.
    """
    squares = faces.squares()
    wanted = (faces.split == "train") & (faces.source != "fer") & (squares[:, 2] >= LEAST_FACE)
    wanted &= np.abs(faces.pose[:, 0]) < SIDEWAYS  # beyond, the app reads no expression either
    out = []
    for row in np.flatnonzero(wanted):
        box = square_box(*(float(v) for v in squares[row]))
        out.append(crop(faces.pictures[int(faces.picture[row])], box, CropSpec(side=SIDE)))
    if not out:
        raise ConfigError(
            f"{faces.name}: has no photographs of faces to learn from; run: train prepare --task keypoints"
        )
    return np.stack(out)
