"""Training crops whose faces are turned aside."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.core.types import Box, Image, Keypoints
from tests.train.tasks.keypoints.test_turning import poses, solid
from train.data.datasets import Dataset
from train.tasks.expression.turned import AHEAD, with_turned
from train.tasks.keypoints.headshape import rotation

COUNT = 120
SIZE = 17.0
"""Pixels between the irises of the drawn faces."""
POSES = poses(COUNT, far=30.0)


class Drawn:
    """A keypoint network that knows the drawn faces: the gray level of the middle is a face's number."""

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """The face in the middle; 255 shows none."""
        height, width = image.shape
        number = int(image[height // 2, width // 2])
        if number == 255:
            return None
        middle = np.array([width / 2, height / 2])
        flat = SIZE * solid() @ rotation(*(float(v) for v in POSES[number]))[:2].T + middle
        x, y = middle
        return Keypoints(
            1.0, flat.astype(np.float32), (x - 20, y - 22, x + 20, y + 18), POSES[number].astype(np.float32),
            np.full(3, 0.3, np.float32),
        )  # fmt: skip


def crops() -> Dataset:
    """Plain crops, each with its number as its gray level and a bright left half; two sources."""
    images = np.stack([np.full((48, 48), n, np.uint8) for n in range(COUNT)])
    images[:, :, :16] = 230
    label = np.arange(COUNT) % 7
    return Dataset(
        images, np.eye(7, dtype=np.float32)[label], label, np.ones(COUNT, bool), np.full(COUNT, "train"), "crops",
        contempt=np.zeros(COUNT, bool), source=np.where(np.arange(COUNT) % 2 == 0, "even", "odd"),
    )  # fmt: skip


def test_copies_keep_the_labels_and_sources_of_faces_that_look_ahead() -> None:
    data = crops()
    more = with_turned(data, 20, seed=1, net=Drawn())
    assert len(more) == COUNT + 20
    assert np.array_equal(more.images[:COUNT], data.images)
    for row in range(COUNT, len(more)):
        number = int(np.median(more.images[row, 20:28, 22:30]))
        assert abs(POSES[number, 0]) <= AHEAD
        assert np.array_equal(more.targets[row], data.targets[number])
        assert more.source[row] == data.source[number]
        assert more.split[row] == "train"
        assert not np.array_equal(more.images[row], data.images[number])


def test_the_seed_decides_which_faces_are_turned_and_by_how_much() -> None:
    first, again, other = (with_turned(crops(), 20, seed=n, net=Drawn()).images for n in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_set_without_faces_says_so() -> None:
    data = crops()
    data.images[:] = 255
    with pytest.raises(ConfigError, match="crops: 0 crops show a face to turn, 30 are needed; leave heads_turned out"):
        with_turned(data, 20, seed=1, net=Drawn())
