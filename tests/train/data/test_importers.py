"""Folders of pictures in the layouts that data sets come in, made here from drawn gray squares."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.faces.crop import CropSpec, crop
from train.data import crops, datasets, importers
from train.data.importers import CONTEMPT, Picture


def picture(path: Path, level: int = 100, side: int = 60) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.full((side, side), level, np.uint8)
    image[: side // 2, : side // 2] = 255
    cv2.imwrite(str(path), image)
    return path


def raf(root: Path) -> Path:
    """Two training pictures of each class and one test picture; one of them missing, two lines damaged."""
    lines = []
    for code in range(1, 8):
        for n in range(2):
            name = f"train_{code * 10 + n:05}"
            lines.append(f"{name}.jpg {code}")
            picture(root / "basic/Image/aligned" / f"{name}_aligned.jpg")
    lines += ["test_0001.jpg 4", "train_99999.jpg 4", "train_00011.jpg nine", "holiday.jpg 3", ""]
    picture(root / "basic/Image/aligned/test_0001_aligned.jpg")
    labels = root / "basic/EmoLabel/list_patition_label.txt"
    labels.parent.mkdir(parents=True)
    labels.write_text("\n".join(lines))
    return root


def test_raf_db_by_its_label_file(tmp_path: Path) -> None:
    data = datasets.load(raf(tmp_path))
    assert len(data) == 15
    assert data.skipped == 1  # train_99999 is not there
    first_of_each = [EMOTIONS[t] for t in data.truth[:14:2]]
    assert first_of_each == ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]
    assert data.split.tolist() == ["train"] * 14 + ["test"]


def affectnet(root: Path) -> Path:
    """All eleven labels in the training set, a damaged one and one without its picture; two in the validation set."""
    for part, codes in (("train_set", [*range(11), 1]), ("val_set", [0, 7])):
        notes = root / part / "annotations"
        notes.mkdir(parents=True)
        for n, code in enumerate(codes):
            np.save(notes / f"{n}_exp.npy", np.array(str(code)))
            np.save(notes / f"{n}_val.npy", np.array("0.25"))
            if (part, n) != ("train_set", 11):
                picture(root / part / "images" / f"{n}.jpg")
    (root / "train_set/annotations/12_exp.npy").write_bytes(b"damaged")
    return root


def test_affectnet_by_its_annotations(tmp_path: Path) -> None:
    data = datasets.load(affectnet(tmp_path))
    train = data.part("train")
    assert [EMOTIONS[t] if t >= 0 else "" for t in train.truth] == [
        "neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "",
    ]  # fmt: skip
    assert train.contempt.tolist() == [False] * 7 + [True]
    assert not train.usable[-1]
    assert np.allclose(data.targets.sum(axis=1), 1)
    assert data.part("validation").truth.tolist() == [EMOTIONS.index("neutral"), -1]
    assert data.skipped == 1


def test_affectnets_older_tables_cut_the_face_as_the_app_does(tmp_path: Path) -> None:
    head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
    photo = picture(tmp_path / "Manually_Annotated_Images/12/a.jpg", side=200)
    (tmp_path / "training.csv").write_text(
        head + "12/a.jpg,40,50,80,80,1;2;3,6,0.1,0.2\n12/a.jpg,900,900,50,50,,1,0,0\n12/a.jpg,,,,,,1,0,0\n"
        "12/a.jpg,1,1,9,9,,10,0,0\n"
    )
    (tmp_path / "validation.csv").write_text(head + "12/a.jpg,40,50,80,80,,3,0.1,0.2\n")
    data = datasets.load(tmp_path)
    assert data.truth.tolist() == [EMOTIONS.index("angry"), EMOTIONS.index("surprise")]
    assert data.split.tolist() == ["train", "validation"]
    assert data.skipped == 1  # the box beside the picture
    whole = np.asarray(cv2.imread(str(photo), cv2.IMREAD_GRAYSCALE), np.uint8)
    assert np.array_equal(data.images[0], crop(whole, (40, 50, 120, 130), CropSpec()))


def test_tables_without_their_columns_give_one_line(tmp_path: Path) -> None:
    picture(tmp_path / "Manually_Annotated_Images/a.jpg")
    (tmp_path / "training.csv").write_text("subDirectory_filePath,expression\na.jpg,1\n")
    with pytest.raises(ConfigError, match="lacks the columns face_height, face_width, face_x, face_y"):
        datasets.load(tmp_path)


def test_a_folder_of_contempt_is_kept_for_the_eight_class_figure(tmp_path: Path) -> None:
    for name in ("Happy", "contempt"):
        picture(tmp_path / "test" / name / "a.png")
    data = datasets.load(tmp_path)
    assert sorted(data.truth.tolist()) == [-1, EMOTIONS.index("happy")]
    assert data.contempt.sum() == 1


def test_where_nothing_can_be_read_it_says_how_many_there_were(tmp_path: Path) -> None:
    for n in range(8):
        path = tmp_path / "happy" / f"{n}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"no picture")
    with pytest.raises(ConfigError, match="none of its 8 labelled pictures can be read"):
        datasets.load(tmp_path)


def test_many_unreadable_pictures_are_counted_not_listed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    picture(tmp_path / "sad/good.png")
    for n in range(9):
        (tmp_path / "sad" / f"{n}.jpg").write_bytes(b"no picture")
    assert datasets.load(tmp_path).skipped == 9
    assert len([r for r in caplog.records if "skipped" in r.message]) == datasets.TOLD
    assert "4 more cannot be read" in caplog.text


@given(st.lists(st.tuples(st.integers(0, CONTEMPT), st.sampled_from(["", "train", "test"])), max_size=200))
def test_every_tenth_training_picture_of_a_class_is_validation(items: list[tuple[int, str]]) -> None:
    pictures = [Picture(Path("x"), label, split) for label, split in items]
    out = crops.splits(pictures)
    for label in range(CONTEMPT + 1):
        own = [s for p, s in zip(pictures, out, strict=True) if p.label == label and p.split != "test"]
        assert own.count("validation") == len(own) // 10
    assert all((s == "test") == (p.split == "test") for p, s in zip(pictures, out, strict=True))


def test_a_layouts_own_validation_split_is_left_alone() -> None:
    pictures = [Picture(Path("x"), 0, "train")] * 30 + [Picture(Path("x"), 0, "validation")]
    assert (crops.splits(pictures) == "validation").sum() == 1


def test_classes_are_found_one_folder_further_down_beside_other_files(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for name in ("happy", "sad"):
            picture(tmp_path / "archive" / split / name / "a.png")
    (tmp_path / "archive" / "val").write_text("no folder")
    data = datasets.load(tmp_path)
    assert sorted(data.split.tolist()) == ["test", "test", "train", "train"]


def test_of_several_data_sets_in_one_folder_none_is_chosen_silently(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / name / "train/happy/a.png")
    with pytest.raises(ConfigError, match=r"holds several data sets \(a, b\)"):
        datasets.load(tmp_path)


def test_an_oblong_picture_is_not_pressed_into_a_square_but_read_as_predict_reads_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (90, 60), dtype=np.uint8)
    image = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    (tmp_path / "happy").mkdir()
    cv2.imwrite(str(tmp_path / "happy/a.png"), image)
    data = datasets.load(tmp_path)
    assert np.array_equal(data.images[0], crop(image, (0, 0, 60, 90), CropSpec(48, 0.0, 0.0)))
    cv2.imwrite(str(tmp_path / "happy/a.png"), image[:48, :48])
    assert np.array_equal(datasets.load(tmp_path).images[0], image[:48, :48]), "a crop of that size stays as it is"


def test_raf_db_is_found_in_the_folder_itself_too(tmp_path: Path) -> None:
    assert len(importers.pictures(raf(tmp_path) / "basic")) == 16
