"""Reading labelled face images: the public fer2013 file format, or a folder per class.

Whatever the source, the result is one ``Dataset`` of small gray crops with a distribution over
the seven emotions for each. Unreadable images are skipped and counted, never fatal.
"""

from __future__ import annotations

import csv
import io
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.labels import EMOTIONS
from train import votes as ferplus

log = logging.getLogger("train")

SIDE = 48
SPLITS = ("train", "validation")
USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
ALIASES = {
    "anger": "angry", "happiness": "happy", "sadness": "sad", "surprised": "surprise",
    "fearful": "fear", "disgusted": "disgust", "afraid": "fear",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled face crops.

    Attributes:
        images: (N, 48, 48) uint8 gray.
        targets: (N, 7) float32, each row a distribution over ``EMOTIONS``.
        truth: (N,) int64 class by the FER+ majority rule (or the folder's class), -1 = no clear answer.
        usable: (N,) bool, rows worth training on.
        split: (N,) "train", "validation" or "test".
        name: Where it came from, for cards and logs.
        skipped: Unreadable images or rows.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    truth: NDArray[np.int64]
    usable: NDArray[np.bool_]
    split: NDArray[np.str_]
    name: str
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.images)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Dataset:
        """The rows chosen by a mask or by indices."""
        return replace(
            self, images=self.images[keep], targets=self.targets[keep], truth=self.truth[keep],
            usable=self.usable[keep], split=self.split[keep],
        )  # fmt: skip

    def part(self, split: str) -> Dataset:
        """The rows of one split.

        Raises:
            ConfigError: The split has no rows.
        """
        chosen = self.take(self.split == split)
        if not len(chosen):
            has = ", ".join(sorted(set(self.split.tolist()))) or "nothing"
            raise ConfigError(f"{self.name}: has no rows of the split {split!r}; it has: {has}")
        return chosen


def load(path: Path) -> Dataset:
    """Reads a data set, choosing the reader by what ``path`` is.

    Args:
        path: ``fer2013.csv``, a zip or folder holding it (with ``fer2013new.csv`` beside it for
            FER+ votes), a folder of class folders, or a prepared ``.npz``.

    Raises:
        ConfigError: The path is missing or holds no labelled images; says what was expected.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder; give --data a fer2013.zip, a fer2013.csv or a folder")
    if path.suffix == ".npz":
        return load_prepared(path)
    if path.suffix == ".zip":
        return _load_zip(path)
    if path.suffix == ".csv":
        beside = path.with_name("fer2013new.csv")
        return _load_fer(path.read_text(), beside.read_text() if beside.exists() else None, path.name)
    if path.is_dir():
        found = sorted(path.rglob("fer2013.csv"))
        return load(found[0]) if found else load_folder(path)
    raise ConfigError(f"{path}: is neither a zip, a csv, an npz nor a folder")


def _load_zip(path: Path) -> Dataset:
    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(n).name: n for n in archive.namelist()}
            if "fer2013.csv" not in names:
                raise ConfigError(f"{path}: holds no fer2013.csv; unpack other layouts and give the folder")
            pixels = archive.read(names["fer2013.csv"]).decode()
            votes = archive.read(names["fer2013new.csv"]).decode() if "fer2013new.csv" in names else None
    except (zipfile.BadZipFile, OSError) as error:
        raise ConfigError(f"{path}: is not a readable zip: {error}") from None
    return _load_fer(pixels, votes, path.name)


def _load_fer(pixels_csv: str, votes_csv: str | None, name: str) -> Dataset:
    """Parses fer2013.csv, with FER+ votes matched row by row where they are given."""
    rows = list(csv.DictReader(io.StringIO(pixels_csv)))
    if not rows or not {"emotion", "pixels", "Usage"} <= set(rows[0]):
        raise ConfigError(f"{name}: fer2013.csv must have the columns emotion,pixels,Usage")
    images, labels, split, good = [], [], [], []
    for number, row in enumerate(rows):
        pixels = np.fromstring(row["pixels"] or "", dtype=np.int64, sep=" ") if row["pixels"] else np.empty(0)
        label = row["emotion"] or ""
        if pixels.size != SIDE * SIDE or not label.isdigit() or int(label) >= len(EMOTIONS):
            continue
        images.append(np.clip(pixels, 0, 255).astype(np.uint8).reshape(SIDE, SIDE))
        labels.append(int(label))
        split.append(USAGES.get(row["Usage"] or "", "train"))
        good.append(number)
    truth = np.array(labels, dtype=np.int64)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[truth]
    usable = np.ones(len(truth), dtype=bool)
    if votes_csv is not None:
        votes = _read_votes(votes_csv, len(rows), name)[good]
        truth = ferplus.majority(votes)
        targets, usable = ferplus.targets(votes)
    return Dataset(np.stack(images), targets, truth, usable, np.array(split), name, skipped=len(rows) - len(good))


def _read_votes(votes_csv: str, rows: int, name: str) -> NDArray[np.int64]:
    table = list(csv.DictReader(io.StringIO(votes_csv)))
    if len(table) != rows:
        raise ConfigError(
            f"{name}: fer2013new.csv has {len(table)} rows and fer2013.csv {rows}; they must match row by row"
        )
    try:
        return np.array([[int(r[c]) for c in ferplus.VOTE_COLUMNS] for r in table], dtype=np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{name}: fer2013new.csv lacks whole-number vote columns: {error}") from None


def load_folder(folder: Path, validation_share: float = 0.1) -> Dataset:
    """Reads ``folder/[train|validation|test/]<class>/*.png`` images.

    Without split folders, every tenth image of a class (by sorted name) is validation.

    Raises:
        ConfigError: No class folder or no readable image.
    """
    splits = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
    roots = {d: splits[d.name] for d in sorted(folder.iterdir()) if d.name in splits} or {folder: ""}
    images, truth, split, skipped = [], [], [], 0
    every = max(2, round(1 / validation_share))
    for root, part in roots.items():
        for label, path in _labelled_files(root):
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if image is None:
                skipped += 1
                log.warning("%s: cannot be read as a picture; skipped", path)
                continue
            images.append(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8))
            truth.append(label)
            count = sum(1 for t in truth if t == label) if not part else 0
            split.append(part or ("validation" if count % every == 0 else "train"))
    if not images:
        raise ConfigError(f"{folder}: holds no images in class folders named {', '.join(EMOTIONS)}")
    labels = np.array(truth, dtype=np.int64)
    return Dataset(
        np.stack(images), np.eye(len(EMOTIONS), dtype=np.float32)[labels], labels,
        np.ones(len(labels), dtype=bool), np.array(split), folder.name, skipped,
    )  # fmt: skip


def _labelled_files(root: Path) -> Iterator[tuple[int, Path]]:
    for directory in sorted(d for d in root.iterdir() if d.is_dir()):
        name = ALIASES.get(directory.name.lower(), directory.name.lower())
        if name not in EMOTIONS:
            log.warning("%s: is not one of the seven classes; skipped", directory)
            continue
        for path in sorted(directory.iterdir()):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                yield EMOTIONS.index(name), path


def save_prepared(dataset: Dataset, path: Path) -> None:
    """Writes the data set to one ``.npz`` that loads in under a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as handle:
        np.savez_compressed(
            handle, images=dataset.images, targets=dataset.targets, truth=dataset.truth,
            usable=dataset.usable, split=dataset.split, name=dataset.name, skipped=dataset.skipped,
        )  # fmt: skip
    part.replace(path)


def load_prepared(path: Path) -> Dataset:
    """Reads what ``save_prepared`` wrote.

    Raises:
        ConfigError: The file is not a prepared data set.
    """
    try:
        with np.load(path, allow_pickle=False) as f:
            return Dataset(
                f["images"], f["targets"], f["truth"], f["usable"], f["split"], str(f["name"]), int(f["skipped"])
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: is not a prepared data set ({error}); make it with: train prepare") from None
