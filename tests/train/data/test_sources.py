"""Several sets joined: layouts, framing, splits and near-duplicates."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Box, Image, Keypoints
from train.data import datasets, framing, neighbours, sources
from train.data.datasets import Dataset


class Centred:
    """A keypoint network that finds a face of half the padded picture in its middle, unless the picture is black."""

    def __init__(self, roll: float = 0.0) -> None:
        self.roll = roll

    def read(self, image: Image, box: Box) -> Keypoints | None:
        """See ``KeypointNet``."""
        height, width = image.shape[:2]
        found = (0.27 * width, 0.27 * height, 0.73 * width, 0.73 * height)
        presence = 0.99 if image.max() > 0 else 0.1
        pose = np.array((0, 0, self.roll), np.float32)
        return Keypoints(presence, np.zeros((17, 2), np.float32), found, pose, np.zeros(3, np.float32))


def picture(seed: int) -> Image:
    """A smooth random picture, 100×100: each seed another one to the hash."""
    rng = np.random.default_rng(seed)
    small = rng.integers(1, 255, (12, 12), dtype=np.uint8)
    return cv2.resize(small, (100, 100), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def crops(*seeds: int) -> NDArray[np.uint8]:
    """Pictures at the side of crops."""
    return np.stack([cv2.resize(picture(n), (48, 48), interpolation=cv2.INTER_AREA) for n in seeds]).astype(np.uint8)


def collection(path: Path, count: int = 20, **more: Image) -> Path:
    """A zip with ``count`` pictures of a class and source."""
    with zipfile.ZipFile(path, "w") as archive:
        number = 0
        for source in ("left", "right"):
            for label in EMOTIONS:
                for n in range(count):
                    number += 1
                    content = cv2.imencode(".webp", picture(number))[1].tobytes()
                    archive.writestr(f"expressions/{source}/{label}/{n:05d}.webp", content)
        for name, image in more.items():
            archive.writestr(name.replace("__", "/") + ".webp", cv2.imencode(".webp", image)[1].tobytes())
        archive.writestr("expressions/README.txt", b"words")
    return path


def test_a_zip_of_sources_becomes_one_set_with_a_column_of_sources(tmp_path: Path) -> None:
    path = collection(tmp_path / "all.zip")
    assert sources.is_collection(path)
    data = sources.load(path, Centred())
    assert data.sources == ["left", "right"]
    assert len(data) == 2 * 7 * 20
    for source in data.sources:
        held = data.of(source).part("validation")
        assert np.bincount(held.truth).tolist() == [2] * 7
    assert data.images.shape[1:] == (48, 48)


def test_a_folder_is_read_like_its_zip(tmp_path: Path) -> None:
    path = collection(tmp_path / "all.zip", 10)
    zipfile.ZipFile(path).extractall(tmp_path / "folder")
    folder = tmp_path / "folder" / "expressions"
    assert sources.is_collection(folder)
    assert np.array_equal(sources.load(folder, Centred()).images, sources.load(path, Centred()).images)


def test_pictures_without_a_face_are_cut_by_the_median_box(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    black = np.zeros((100, 100), np.uint8)
    data = sources.load(collection(tmp_path / "all.zip", 10, expressions__left__sad__00099=black), Centred())
    assert "left: 71 pictures, a face found in 98.6 %" in caplog.text
    assert (data.images.reshape(len(data), -1).max(axis=1) == 0).sum() == 1


def test_what_is_no_collection_or_damaged_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    assert not sources.is_collection(tmp_path / "bad.zip")
    with pytest.raises(ConfigError, match=r"bad\.zip: cannot be read"):
        sources.load(tmp_path / "bad.zip", Centred())
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("s/happy/1.webp", b"no picture")
    with pytest.raises(ConfigError, match="no readable picture"):
        sources.load(tmp_path / "odd.zip", Centred())


def test_near_duplicates_stand_on_one_side_of_the_split() -> None:
    images = crops(*range(8))
    images[5] = images[0][:, ::-1]  # a mirrored copy of a validation row of fer
    images[6] = np.clip(images[1].astype(int) + 4, 0, 255)  # a brighter copy of a training row of fer
    images[7] = images[4]
    truth = np.zeros(8, np.int64)
    eye = np.eye(7, dtype=np.float32)[truth]

    def part(rows: slice, split: list[str], name: str, source: str) -> Dataset:
        made = Dataset(images[rows], eye[rows], truth[rows], np.ones(len(split), bool), np.array(split), name)
        return dataclasses.replace(made, source=np.full(len(split), source)) if source else made

    fer = part(slice(0, 3), ["validation", "train", "train"], "fer2013.zip", "")
    other = part(slice(3, 8), ["train", "validation", "train", "validation", "train"], "others.zip", "other")
    both = sources.joined([fer, other])
    assert both.source.tolist() == ["fer"] * 3 + ["other"] * 5
    assert both.split.tolist() == [
        "validation",
        "train",
        "train",
        "train",
        "validation",
        "validation",
        "train",
        "validation",
    ]
    assert both.name == "fer2013.zip + others.zip"


def test_a_copy_of_both_sides_is_left_out() -> None:
    images = crops(1, 1, 1)
    truth = np.zeros(2, np.int64)
    fer = Dataset(
        images[:2],
        np.eye(7, dtype=np.float32)[truth],
        truth,
        np.ones(2, bool),
        np.array(["train", "validation"]),
        "fer",
    )
    other = dataclasses.replace(fer.take(np.array([0])), source=np.array(["other"]))
    both = sources.joined([fer, other])
    assert both.truth.tolist() == [0, 0, -1]
    assert both.usable.tolist() == [True, True, False]


def test_the_column_of_sources_is_kept_with_a_prepared_set_and_old_ones_have_none(
    tmp_path: Path, drawn: Dataset
) -> None:
    datasets.save_prepared(drawn, tmp_path / "old.npz")
    assert datasets.load(tmp_path / "old.npz").sources == [""]
    named = dataclasses.replace(drawn, source=np.full(len(drawn), "web"))
    datasets.save_prepared(named, tmp_path / "new.npz")
    assert datasets.load(tmp_path / "new.npz").of("web").name == "drawn"


def test_hashes_tell_pictures_apart_and_know_them_disturbed() -> None:
    images = crops(*range(40))
    assert neighbours.groups(images, np.ones(40, bool)) == []
    copies = np.append(images, [cv2.GaussianBlur(images[3], (3, 3), 0.6)], axis=0).astype(np.uint8)
    found = neighbours.groups(copies, np.ones(41, bool))
    assert [group.tolist() for group in found] == [[3, 40]]


def test_a_face_is_framed_where_the_network_sees_it_and_turned_upright() -> None:
    image = picture(5)
    face = framing.find(Centred(roll=30.0), image)
    assert face is not None
    assert face.roll == 30
    assert face.box == pytest.approx((0.04, 0.04, 0.96, 0.96), abs=0.01)  # of the picture without its added border
    assert not np.array_equal(framing.cut(image, face.box, 30.0, 48), framing.cut(image, face.box, 0.0, 48))
    assert framing.find(Centred(), np.zeros((60, 60), np.uint8)) is None


def test_several_sets_are_measured_as_sources_without_being_split_anew(drawn: Dataset, tmp_path: Path) -> None:
    for name in ("one", "two"):
        datasets.save_prepared(drawn, tmp_path / f"{name}.npz")
    both = datasets.load_all([tmp_path / "one.npz", tmp_path / "two.npz"])
    assert both.sources == ["one", "two"]
    assert both.split.tolist() == drawn.split.tolist() * 2
    assert datasets.load_all([tmp_path / "one.npz"]).sources == [""]
