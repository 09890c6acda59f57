"""Labels that their own maker contradicts: told apart by where a face came from, learnt from and judged by no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.networks.card import find_model
from train.data import doubts
from train.data.faceset import FaceSet
from train.engine.augment import Jitter
from train.engine.recipe import Recipe
from train.tasks.keypoints import figures as keypoint_figures
from train.tasks.keypoints.training import KeypointTraining


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A list of our own: the rows 0 (validation) and 1 (training) of the drawn faces."""
    path = tmp_path / "doubtful.txt"
    path.write_text("# how it was made\ndrawn/0.png\n\n drawn/1.png \ndrawn/999.png\n")
    monkeypatch.setattr(doubts, "LIST", path)
    doubts.listed.cache_clear()
    yield path
    doubts.listed.cache_clear()


def test_a_list_may_say_how_it_was_made(listing: Path) -> None:
    assert doubts.listed() == {"drawn/0.png", "drawn/1.png", "drawn/999.png"}


def test_the_shipped_list_names_faces_of_the_three_sets_once_each() -> None:
    doubts.listed.cache_clear()
    lines = [line for line in doubts.LIST.read_text().splitlines() if not line.startswith("#")]
    names = re.compile(r"faces/\d{5}\.jpg|driver_frames/(no_)?yawn/g\d{3}_\d+\.jpg|fer2013/\d+")
    assert all(names.fullmatch(line) for line in lines)
    assert len(set(lines)) == len(lines) == len(doubts.listed())


def test_doubtful_faces_are_in_no_split(faces: FaceSet, listing: Path) -> None:
    assert np.flatnonzero(faces.doubtful).tolist() == [0, 1]
    left = faces.without_doubtful()
    assert (left.split == "train").sum() == (faces.split == "train").sum() - 1
    assert (left.split == "validation").sum() == (faces.split == "validation").sum() - 1


def test_they_are_not_learnt_from(faces: FaceSet, listing: Path) -> None:
    task = KeypointTraining(faces, Recipe(task="keypoints", side=56, batch=16, jitter=Jitter(regions=320)))
    seen = {row for _, row in task.regions.epoch(np.random.default_rng(0))} - {0}
    assert 1 not in seen
    assert {2, 3, 5} <= seen


def test_figures_are_given_with_and_without_them(faces: FaceSet, listing: Path) -> None:
    report = keypoint_figures.measure(find_model("keypoints.tflite"), faces, "validation").report
    assert (report["frontal_n"], report["held"]["frontal_n"]) == (20, 19)
    assert report["held"]["turned"] is None
    assert report["held"]["frontal"] != report["frontal"]
