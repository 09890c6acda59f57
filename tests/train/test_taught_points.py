"""Reference keypoints made steadier by earlier networks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from train.augment import Augment, Jitter
from train.fit import fit
from train.keypoints import BOX, FaceSet
from train.landmarks import LandmarkTask
from train.recipe import Network, Recipe
from train.regions import Regions
from train.taught_points import _in_picture, taught

TINY = Recipe(
    task="landmarks", side=56, small_epochs=0, epochs=2, batch=16, rate=0.004, ema=0.9, balance=0.0,
    network=Network("8-16-16-16", "0-0-0-0", 0.0), augment=Augment(erase=0, blur=0), jitter=Jitter(regions=160),
)  # fmt: skip


@pytest.fixture(scope="module")
def run(faces: FaceSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "keypoints"
    fit(LandmarkTask(faces, TINY), TINY, folder, resume=False)
    return folder


@pytest.mark.parametrize("mirror", [False, True])
def test_an_answer_lands_where_it_was_meant_in_the_picture(faces: FaceSet, mirror: bool) -> None:
    regions = Regions(faces, "train", Jitter(), Augment())
    region = regions.region(5, np.array([0.1, -0.05]), 1.1, 0.0, mirror, None)
    back = _in_picture(region.points, region.points, faces.points[5], mirror)
    assert np.allclose(back, faces.points[5], atol=0.01)
    moved = region.points.copy()
    moved[: BOX // 2, 0] += 0.1  # some points to the region's right
    shift = (_in_picture(moved, region.points, faces.points[5], mirror) - faces.points[5])[:, 0]
    assert (shift[np.abs(shift) > 0.1] < 0).all() == mirror
    assert np.abs(shift).max() > 0.5


def test_teachers_answers_move_the_training_faces_points_only(faces: FaceSet, run: Path) -> None:
    learner = dataclasses.replace(TINY, teachers=str(run), taught=1.0)
    alone = taught(faces, learner).points
    half = taught(faces, dataclasses.replace(learner, taught=0.5)).points
    training = faces.split == "train"
    assert np.array_equal(alone[~training], faces.points[~training])
    assert np.abs(alone[training] - faces.points[training]).max() > 1
    assert np.allclose(half, (alone + faces.points) / 2, atol=0.01)
    assert taught(faces, TINY) is faces
    assert len(LandmarkTask(faces, learner).check) > 0


def test_a_teacher_that_cannot_answer_is_one_line(faces: FaceSet, run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is no training run"):
        taught(faces, dataclasses.replace(TINY, teachers="nowhere"))
    (tmp_path / "recipe.yaml").write_text("task: expression\n")
    with pytest.raises(ConfigError, match="was trained for expression, not for landmarks"):
        taught(faces, dataclasses.replace(TINY, teachers=f"{run}, {tmp_path}"))
