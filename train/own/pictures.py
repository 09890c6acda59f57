"""Reads the pictures of a user's classes as face crops, and chooses the held-out ones."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.capture.picture import read_picture
from monitor.core.errors import ConfigError
from monitor.core.types import Image
from train.clean.faces import Face
from train.data import neighbours
from train.data.datasets import Dataset
from train.own.order import Order
from train.system.progress import track

log = logging.getLogger("train")

LEAST = 20
"""Least number of pictures with one face in every class."""
PARTS = ("validation", "test")
EVERY = 6
"""One group in six is for validation, another one for the held-out test."""
LARGE = 1 / 3
"""A group with a larger share of its class, such as most frames of one recording, is always for training."""


class Finder(Protocol):
    """Finds the face of a picture; see ``train.clean.faces.Faces``."""

    def find(self, image: Image) -> Face:
        """The face of a (H, W) uint8 gray picture."""


@dataclass(frozen=True, slots=True)
class Found:
    """The faces of a user's pictures.

    Attributes:
        crops: N crops, (48, 48) uint8 each.
        truth: (N,) classes.
        groups: N names of folders; "" = none.
        skipped: Number of pictures without exactly one face.
    """

    crops: list[NDArray[np.uint8]]
    truth: NDArray[np.int64]
    groups: list[str]
    skipped: int


def find(order: Order, faces: Finder) -> Found:
    """The crops of all pictures that show exactly one face; the others are counted and logged."""
    labels = list(order.classes)
    crops: list[NDArray[np.uint8]] = []
    truth: list[int] = []
    left: Counter[str] = Counter()
    groups: list[str] = []
    everything = [(number, picture) for number, label in enumerate(labels) for picture in order.classes[label]]
    for number, picture in track(everything, f"finding faces in {order.name}"):
        image = read_picture(picture.path, gray=True)
        face = None if image is None else faces.find(image)
        if face is None or face.crop is None or face.possible or face.count > 1:
            left["unreadable" if face is None else "several faces" if face.count > 1 else "no face"] += 1
            continue
        crops.append(face.crop)
        truth.append(number)
        groups.append(picture.group)
    for reason, count in left.items():
        log.info("%s: %d pictures left out: %s", order.name, count, reason)
    return Found(crops, np.array(truth, np.int64), groups, sum(left.values()))


def read(order: Order, faces: Finder) -> Dataset:
    """The crops of all pictures that show exactly one face, with their splits.

    Raises:
        ConfigError: A class has fewer than ``LEAST`` of them, or too few in one of the splits.
    """
    labels = list(order.classes)
    found = find(order, faces)
    known = found.truth
    for number, label in enumerate(labels):
        have = int((known == number).sum())
        if have < LEAST:
            raise ConfigError(f"{order.name}: {label} has {have} pictures with one face; at least {LEAST} are needed")
    images = np.stack(found.crops)
    split = splits(images, known, found.groups)
    for part in ("train", *PARTS):
        counts = np.bincount(known[split == part], minlength=len(labels))
        log.info("%s: %s", part, ", ".join(f"{n} {label}" for n, label in zip(counts, labels, strict=True)))
        for number in np.flatnonzero(counts == 0).tolist():
            raise ConfigError(
                f"{order.name}: {labels[number]} has no picture for the {part} part, because its pictures resemble "
                "each other or lie in too few folders; take pictures of more scenes or persons"
            )
    targets = np.eye(len(labels), dtype=np.float32)[known]
    return Dataset(images, targets, known, np.ones(len(known), bool), split, order.name, found.skipped)


def splits(images: NDArray[np.uint8], truth: NDArray[np.int64], groups: Sequence[str]) -> NDArray[np.str_]:
    """The split of each picture; near-duplicates and pictures of one group are in the same split.

    Args:
        images: (N, S, S) uint8.
        truth: (N,) classes.
        groups: N names; "" = none.
    """
    parent = np.arange(len(images))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    together = list(neighbours.groups(images, np.ones(len(images), bool)))
    names = np.array(groups)
    together += [np.flatnonzero(names == name) for name in sorted(set(groups) - {""})]
    for rows in together:
        for row in rows[1:].tolist():
            parent[root(row)] = root(int(rows[0]))
    own = np.array([root(row) for row in range(len(images))])
    split = np.full(len(images), "train", "<U10")
    rng = np.random.default_rng(0)
    taken: set[int] = set()
    for label in range(int(truth.max()) + 1):
        free = [group for group in np.unique(own[truth == label]).tolist() if group not in taken]
        taken.update(free)
        large = [group for group in free if (own == group).sum() > LARGE * (truth == label).sum()]
        for place, group in enumerate(group for group in rng.permutation(free).tolist() if group not in large):
            if place % EVERY < len(PARTS):
                split[own == group] = PARTS[place % EVERY]
    return split
