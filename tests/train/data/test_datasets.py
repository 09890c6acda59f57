"""Data sets come as the public csv, a zip of it, or folders of pictures; damage is skipped and counted."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from train.data import datasets
from train.data.crops import SIDE
from train.data.datasets import Dataset

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def csvs(folder: Path) -> Path:
    """Three good rows and two damaged ones, with votes."""
    folder.mkdir(exist_ok=True)
    pixels = [" ".join(str((n * 7 + i) % 256) for i in range(SIDE * SIDE)) for n in range(3)]
    rows = [f"3,{pixels[0]},Training", f"0,{pixels[1]},PublicTest", "2,1 2 3,Training", f"9,{pixels[2]},Training"]
    rows.append(f"6,{pixels[2]},Training")
    (folder / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "\n".join(rows) + "\n")
    neutral = "Training,c,9,0,0,0,0,0,0,0,0,0"
    votes = ["Training,a,0,9,0,0,0,0,0,0,1,0", "PublicTest,b,0,0,0,0,8,2,0,0,0,0", neutral, neutral, neutral]
    (folder / "fer2013new.csv").write_text(HEADER + "\n".join(votes) + "\n")
    return folder / "fer2013.csv"


def test_the_public_csv_with_votes(tmp_path: Path) -> None:
    data = datasets.load(csvs(tmp_path))
    assert len(data) == 3
    assert data.skipped == 2
    assert data.split.tolist() == ["train", "validation", "train"]
    assert data.truth.tolist() == [3, 0, 6]
    assert data.images[1].ravel()[:3].tolist() == [7, 8, 9]


def test_rows_of_an_unknown_split_are_never_learnt_from(tmp_path: Path) -> None:
    pixels = " ".join(["7"] * SIDE * SIDE)
    usages = ["Training", " PrivateTest", "privatetest", "Test", "validation", "Public", "", "PublicTest"]
    rows = "".join(f"3,{pixels},{usage}\n" for usage in usages)
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + rows, encoding="utf-8-sig")
    data = datasets.load(tmp_path / "fer2013.csv")
    assert data.split.tolist() == ["train", "test", "test", "test", "validation", "validation"]
    assert data.skipped == 2


def test_the_rule_of_the_classes_is_recorded(tmp_path: Path) -> None:
    path = csvs(tmp_path)
    assert datasets.load(path).rule == "FER+ majority rule"
    (tmp_path / "fer2013new.csv").unlink()
    assert datasets.load(path).rule == "the data set's own labels"


def test_without_votes_the_labels_are_taken(tmp_path: Path) -> None:
    path = csvs(tmp_path)
    (tmp_path / "fer2013new.csv").unlink()
    data = datasets.load(path)
    assert data.truth.tolist() == [3, 0, 6]
    assert (data.targets.max(axis=1) == 1).all()


def test_zip_folder_and_prepared_file_hold_the_same(tmp_path: Path) -> None:
    path = csvs(tmp_path / "fer2013")
    with zipfile.ZipFile(tmp_path / "fer.zip", "w") as archive:
        for file in path.parent.iterdir():
            archive.write(file, f"fer2013/{file.name}")
    from_zip, from_folder = datasets.load(tmp_path / "fer.zip"), datasets.load(tmp_path / "fer2013")
    datasets.save_prepared(from_zip, tmp_path / "runs/data.npz")
    prepared = datasets.load(tmp_path / "runs/data.npz")
    for other in (from_folder, prepared):
        assert np.array_equal(other.images, from_zip.images)
        assert np.array_equal(other.targets, from_zip.targets)
        assert other.split.tolist() == from_zip.split.tolist()


def test_a_folder_per_class_with_common_names(tmp_path: Path) -> None:
    for name in ("happiness", "Sad", "other"):
        (tmp_path / name).mkdir()
        for n in range(20):
            cv2.imwrite(str(tmp_path / name / f"{n:02}.png"), np.full((30, 40), n, np.uint8))
    (tmp_path / "Sad" / "05.png").write_bytes(b"damaged")
    data = datasets.load(tmp_path)
    assert len(data) == 39
    assert data.skipped == 1
    assert set(data.truth.tolist()) == {3, 4}
    assert (data.split == "validation").sum() == 3


def test_given_split_folders_are_kept(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        (tmp_path / part / "fear").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / part / "fear" / "a.png"), np.zeros((10, 10), np.uint8))
    assert sorted(datasets.load(tmp_path).split.tolist()) == ["test", "train", "validation"]


@pytest.mark.parametrize(
    "names",
    [("train", "valid", "test"), ("Train", "Val", "Test"), ("training", "validation", "testing"),
     ("Training", "PublicTest", "PrivateTest")],
)  # fmt: skip
def test_splits_are_recognised_in_any_spelling_and_other_folders_are_reported(
    tmp_path: Path, names: tuple[str, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    for part in (*names, "holdout"):
        (tmp_path / part / "fear").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / part / "fear" / "a.png"), np.zeros((10, 10), np.uint8))
    (tmp_path / "happy").mkdir()
    assert sorted(datasets.load(tmp_path).split.tolist()) == ["test", "train", "validation"]
    assert f"{tmp_path}/holdout: is neither train, validation nor test" in caplog.text
    assert f"{tmp_path}/happy: is neither" in caplog.text


def zipped(path: Path, damage: str) -> Path:
    """A zip of fer2013.csv that cannot be read."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", "emotion,pixels,Usage\n" + "0,0 0 0,Training\n" * 5000)
        archive.writestr("fer2013new.csv", "a,b\n1,2\r3,4\n" if damage == "return" else "")
    content = bytearray(path.read_bytes())
    if damage == "deflate":
        content[60:90] = b"\xff" * 30
    flag = {"encrypted": (6, 8, 1), "method": (8, 10, 9)}.get(damage)
    if flag is not None:
        for head, at in ((b"PK\x03\x04", flag[0]), (b"PK\x01\x02", flag[1])):
            start = -1
            while (start := content.find(head, start + 1)) >= 0:
                content[start + at] = flag[2]
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("damage", ["deflate", "encrypted", "method", "return"])
def test_a_zip_that_cannot_be_unpacked_gives_one_line(tmp_path: Path, damage: str) -> None:
    with pytest.raises(ConfigError) as caught:
        datasets.load(zipped(tmp_path / "fer2013.zip", damage))
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: _written(p / "b.npz", b""), "not a prepared data set"),
        (lambda p: _written(p / "c.npz", _npy()), "not a prepared data set"),
        (lambda p: p / "none", "no such file or folder"),
        (lambda p: _written(p / "a.zip", b"no zip"), "not a readable zip"),
        (lambda p: _written(p / "a.npz", b"no npz"), "not a prepared data set"),
        (lambda p: _written(p / "a.csv", b"x,y\n1,2\n"), "must have the columns"),
        (lambda p: _written(p / "a.txt", b""), "neither a zip"),
        (lambda p: p, "holds no images in class folders"),
    ],
)
def test_what_cannot_be_read_gives_one_line(tmp_path: Path, make, expected: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=expected) as caught:
        datasets.load(make(tmp_path))
    assert len(caught.value.lines) == 1


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_votes_that_do_not_match_are_refused(tmp_path: Path) -> None:
    path = csvs(tmp_path)
    (tmp_path / "fer2013new.csv").write_text(HEADER)
    with pytest.raises(ConfigError, match="they must match row by row"):
        datasets.load(path)


def test_a_missing_split_names_those_there_are(drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match="it has: train, validation"):
        drawn.part("test")


def test_rows_that_are_not_2304_gray_levels_are_skipped_and_votes_stay_in_step(tmp_path: Path) -> None:
    path = csvs(tmp_path)
    good = " ".join(["7"] * SIDE * SIDE)
    for n, bad in enumerate((good + " 7", good.replace("7", "300", 1), good.replace("7", "x", 1), good[:-1], "")):
        lines = path.read_text().splitlines()
        lines[2] = f"0,{bad},PublicTest" if n != 3 else f"²,{good},PublicTest"
        path.write_text("\n".join(lines) + "\n")
        data = datasets.load(path)
        assert data.skipped == 3
        assert data.truth.tolist() == [3, 6]


def test_a_csv_without_one_good_row_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n1,2 3,Training\n")
    with pytest.raises(ConfigError, match="holds no readable row \\(1 damaged\\)"):
        datasets.load(tmp_path / "fer2013.csv")


def test_rows_of_contempt_are_known_also_after_preparing(tmp_path: Path) -> None:
    path = csvs(tmp_path)
    votes = (tmp_path / "fer2013new.csv").read_text().replace("c,9,0,0,0,0,0,0,0", "c,1,0,0,0,0,0,0,9")
    (tmp_path / "fer2013new.csv").write_text(votes)
    datasets.save_prepared(datasets.load(path), tmp_path / "data.npz")
    data = datasets.load(tmp_path / "data.npz")
    assert data.contempt.tolist() == [False, False, True]
    assert data.truth.tolist() == [3, 0, -1]
    assert data.part("train").contempt.tolist() == [False, True]


def test_a_set_prepared_before_contempt_was_kept_still_loads(drawn: Dataset, tmp_path: Path) -> None:
    datasets.save_prepared(drawn, tmp_path / "new.npz")
    with np.load(tmp_path / "new.npz") as f:
        np.savez(tmp_path / "old.npz", **{k: f[k] for k in f if k != "contempt"})
    assert len(datasets.load(tmp_path / "old.npz").part("train").contempt) == 0


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("targets", np.full((420, 7), np.nan), "not finite"),
        ("images", np.zeros((420, 32, 32), np.uint8), "not uint8"),
        ("truth", np.full(420, 9), "outside"),
        ("split", np.array(["train"]), "differ in length"),
    ],
)
def test_damaged_prepared_data_is_refused_at_the_start(
    drawn: Dataset, tmp_path: Path, column: str, value: np.ndarray, expected: str
) -> None:
    datasets.save_prepared(drawn, tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as f:
        np.savez(tmp_path / "bad.npz", **({k: f[k] for k in f} | {column: value}))
    with pytest.raises(ConfigError, match=expected):
        datasets.load(tmp_path / "bad.npz")
