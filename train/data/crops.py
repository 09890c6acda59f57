"""Crops and splits of labelled pictures in folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.capture.picture import read_picture
from monitor.faces.crop import CropSpec, crop
from train.data import importers

SIDE = 48
"""Side in pixels of expression crops."""
VALIDATION_EVERY = 10
"""In a layout without a validation split, every tenth training picture of a class is for validation."""


def read_crop(picture: importers.Picture) -> NDArray[np.uint8] | None:
    """The (48, 48) gray crop of a picture; None if it is missing or damaged, or its box lies outside it."""
    try:
        image = read_picture(picture.path, gray=True)
        if image is None:
            return None
        if picture.box is not None:
            return crop(image, picture.box, CropSpec(side=SIDE))
        return fitted(image, SIDE)
    except ValueError:  # crop() refuses a box outside the picture
        return None


def fitted(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture that is a face crop already, at the side a network takes; an oblong one keeps its proportions.

    Args:
        image: (H, W) gray or (H, W, 3) BGR, uint8.
        side: Side of the result in pixels.

    Returns:
        (side, side) uint8 gray.
    """
    if image.shape == (side, side):
        return image
    height, width = image.shape[:2]
    return crop(image, (0, 0, width, height), CropSpec(side, 0.0, 0.0))


def splits(pictures: Sequence[importers.Picture]) -> NDArray[np.str_]:
    """The split of each picture; see ``VALIDATION_EVERY``."""
    given = {p.split for p in pictures}
    seen: Counter[int] = Counter()
    out = []
    for picture in pictures:
        split = picture.split or "train"
        if split == "train" and "validation" not in given:
            seen[picture.label] += 1
            split = "validation" if seen[picture.label] % VALIDATION_EVERY == 0 else split
        out.append(split)
    return np.array(out)
