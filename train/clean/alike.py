"""Look-alikes: pictures of one class with the same person, pose and light, such as frames of one video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.core.types import Image
from train.clean.aligned import align
from train.clean.duplicates import connected, similar
from train.clean.faces import Face

ALIKE = 0.94
"""Least product of two signatures (``Aligned.signature``) of pictures that look alike."""


def groups(images: Sequence[Image], faces: Sequence[Face], labels: Sequence[str]) -> list[int]:
    """The number of each picture's group of look-alikes within its class; 0 = there is no picture like it.

    Args:
        images: N gray pictures.
        faces: The face of each one.
        labels: The class of each one.
    """
    numbers, used = [0] * len(images), 0
    for label in sorted(set(labels)):
        lain = {n: align(images[n], faces[n]) for n in range(len(images)) if labels[n] == label}
        rows = [n for n, one in lain.items() if one is not None]
        if not rows:
            continue
        shown = [one for one in lain.values() if one is not None]
        plain = np.stack([one.signature() for one in shown])
        mirrored = np.stack([one.mirrored().signature() for one in shown])
        pairs = [(a, b) for a, b, _, _ in similar(plain, mirrored, ALIKE)]
        for members in connected(len(rows), pairs):
            used += 1
            for n in members:
                numbers[rows[n]] = used
    return numbers
