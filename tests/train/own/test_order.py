"""The file of a user's classes, and which of their pictures are held out."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.core.types import Image
from train.clean.faces import Face
from train.cli import main as cli
from train.own import order, pictures


def put(root: Path, name: str, image: Image | None = None) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(root / name), np.full((60, 60), 90, np.uint8) if image is None else image)


def test_classes_in_the_order_of_the_file_with_their_persons(tmp_path: Path) -> None:
    for name in (
        "winks/ann/1.png",
        "winks/bo/2.jpg",
        "winks/3.png",
        "winks/_no.png",
        "winks/note.txt",
        "p/1.png",
        "q/1.png",
    ):
        put(tmp_path, name) if name.endswith(("png", "jpg")) else (tmp_path / name).write_text("x")
    (tmp_path / "my.yaml").write_text("classes: {wink: winks, plain face: [p, q]}\nterms: mine\n")
    found = order.load(tmp_path / "my.yaml")
    assert (found.name, found.terms, list(found.classes)) == ("my", "mine", ["wink", "plain face"])
    assert [(p.path.name, p.group) for p in found.classes["wink"]] == [("3.png", ""), ("1.png", "ann"), ("2.jpg", "bo")]
    assert len(found.classes["plain face"]) == 2
    (tmp_path / "set.yaml").write_text(f"folder: {tmp_path}\n")
    assert list(order.load(tmp_path / "set.yaml").classes) == ["p", "q", "winks"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("classes: {a: w}", "there must be 2 to 20 classes"), ("classes: {a: w, b: nowhere}", r"classes\.b: .* is not a"),
     ("classes: {a: w, b: e}", r"classes\.b: no picture in"), ("x: 1", "must hold either classes"), ("[", "valid YAML"),
     ("{classes: {a: w, b: w}, folder: w}", "must hold either"), ("classes: [w]", "must map names to folders"),
     ("{classes: {a: w, b: w}, epochs: 3}", "epochs: unknown; it may hold classes, folder, terms"),
     ("classes: {a: w, quality: w}", "label quality is the name of another column"),
     ("classes: {a: w, 'b/c': w}", "a class name is 1 to 30 letters"), ("folder: none", "is not a folder")],
)  # fmt: skip
def test_a_wrong_file_is_one_line(text: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, "w/1.png")
    (tmp_path / "e").mkdir()
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        order.load(tmp_path / "my.yaml")
    assert cli.main(["new", str(tmp_path / "my.yaml")]) == 2
    assert len(caplog.records) == 1


class Dark:
    """Finds no face in dark pictures, two in light ones, otherwise one."""

    def find(self, image: Image) -> Face:
        level = int(image.mean())
        return Face(0, None) if level < 20 else Face(2, None) if level > 235 else Face(1, image[:48, :48])


def soft(seed: int) -> Image:
    small = np.random.default_rng(seed).integers(60, 200, (9, 9)).astype(np.uint8)
    return cv2.resize(small, (60, 60), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def test_only_pictures_with_one_face_count(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for n in range(24):
        put(tmp_path, f"set/a/{n}.png", soft(n))
        put(tmp_path, f"set/b/{n}.png", soft(100 + n))
    put(tmp_path, "set/a/none.png", np.zeros((60, 60), np.uint8))
    put(tmp_path, "set/a/two.png", np.full((60, 60), 250, np.uint8))
    (tmp_path / "set/b/torn.png").write_bytes(b"no picture")
    (tmp_path / "my.yaml").write_text("folder: set")
    data = pictures.read(order.load(tmp_path / "my.yaml"), Dark())
    assert data.images.shape == (48, 48, 48)
    assert data.targets.shape == (48, 2)
    for reason in ("no face", "several faces", "unreadable"):
        assert f"1 pictures left out: {reason}" in caplog.text
    assert {part: int((data.split == part).sum()) for part in ("train", "validation", "test")} == {
        "train": 32, "validation": 8, "test": 8,
    }  # fmt: skip


def test_too_few_pictures_are_told(tmp_path: Path) -> None:
    for n in range(24):
        put(tmp_path, f"set/a/{n}.png", soft(n))
        put(tmp_path, f"set/b/{n}.png", soft(100 + n) if n < 19 else np.zeros((60, 60), np.uint8))
    (tmp_path / "my.yaml").write_text("folder: set")
    with pytest.raises(ConfigError, match="b has 19 pictures with one face; at least 20 are needed"):
        pictures.read(order.load(tmp_path / "my.yaml"), Dark())


def test_a_person_and_near_duplicates_stay_on_one_side() -> None:
    images = np.stack([soft(n)[:48, :48] for n in range(60)])
    images[31] = images[30] // 2 + 40
    truth = np.arange(60) % 2
    persons = [f"p{n // 6}" if n < 54 else "" for n in range(60)]
    split = pictures.splits(images, truth.astype(np.int64), persons)
    for person in set(persons) - {""}:
        assert len({str(split[n]) for n in range(60) if persons[n] == person}) == 1
    assert split[30] == split[31]
    assert set(split.tolist()) == {"train", "validation", "test"}


def test_a_group_that_holds_most_of_a_class_is_for_training() -> None:
    images = np.random.default_rng(1).integers(0, 256, (60, 48, 48)).astype(np.uint8)
    truth = (np.arange(60) % 2).astype(np.int64)
    groups = ["film" if n % 2 and n < 50 else "" for n in range(60)]
    split = pictures.splits(images, truth, groups)
    assert {str(split[n]) for n in range(60) if groups[n]} == {"train"}
    assert {str(split[n]) for n in range(60) if n % 2 and not groups[n]} == {"train", "validation", "test"}
