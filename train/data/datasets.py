"""Labelled face crops in one form, from fer2013 files or folders of pictures.

Unreadable images and rows are skipped and counted. ``train.data.importers`` lists the known layouts of folders;
``train.data.fer2013`` reads fer2013 files.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from train.data import fer2013, importers, inputs, packed
from train.data import votes as ferplus
from train.data.crops import SIDE, read_crop, splits
from train.system import resources
from train.system.progress import track

log = logging.getLogger("train")

TOLD = 5
"""Unreadable pictures that are logged by name; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled face crops.

    Attributes:
        images: (N, 48, 48) uint8 gray.
        targets: (N, 7) float32, each row a distribution over ``EMOTIONS``.
        truth: (N,) int64 class by the FER+ majority rule, or the folder's class; -1 = no clear answer.
        usable: (N,) bool, rows used for training.
        split: (N,) "train", "validation" or "test".
        name: Name of its origin, for cards and logs.
        skipped: Unreadable images or rows.
        contempt: (N,) bool, rows that clearly show contempt and count only in the eight-class figure;
            empty (0,) = unknown (a set prepared by an earlier version).
        source: (N,) the set each row comes from; empty (0,) = one set alone.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    truth: NDArray[np.int64]
    usable: NDArray[np.bool_]
    split: NDArray[np.str_]
    name: str
    skipped: int = 0
    contempt: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    source: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))

    def __len__(self) -> int:
        return len(self.images)

    @property
    def voted(self) -> bool:
        """Whether the labels are a crowd's votes, not one label for each picture."""
        return bool((self.targets[self.usable].max(axis=1, initial=0) < 0.999).any())

    @property
    def rule(self) -> str:
        """The rule that determined the true class."""
        return "FER+ majority rule" if self.voted else "the data set's own labels"

    def digests(self) -> dict[str, int]:
        """See ``train.data.inputs.Data``."""
        split = np.frombuffer("".join(self.split.tolist()).encode(), np.uint8)
        labels = inputs.checksum(self.targets, self.truth, self.usable)
        return {"crc32": inputs.checksum(split, self.images), "labels": labels}

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Dataset:
        """The rows chosen by a mask or by indices."""
        return replace(
            self, images=self.images[keep], targets=self.targets[keep], truth=self.truth[keep],
            usable=self.usable[keep], split=self.split[keep],
            contempt=self.contempt[keep] if len(self.contempt) else self.contempt,
            source=self.source[keep] if len(self.source) else self.source,
        )  # fmt: skip

    @property
    def sources(self) -> list[str]:
        """The sources among its rows, sorted; one without a name where there is only one set."""
        return sorted(set(self.source.tolist())) or [""]

    def of(self, source: str) -> Dataset:
        """The rows of one source; all of them where the set has no sources."""
        return self.take(self.source == source) if len(self.source) else self

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
    """Reads a data set; the kind of ``path`` selects the reader.

    Args:
        path: ``fer2013.csv``, a zip or folder holding it (with ``fer2013new.csv`` beside it for
            FER+ votes), a folder of pictures (``train/data/importers.py``), or a prepared ``.npz``.

    Raises:
        ConfigError: The path is missing, holds no labelled images, or needs more memory than there is.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder; give --data a fer2013.zip, a fer2013.csv or a folder")
    if path.suffix == ".npz":
        return load_prepared(path)
    if path.suffix in (".zip", ".csv"):
        return _from_rows(fer2013.read(path), path.name)
    if path.is_dir():
        found = sorted(path.rglob("fer2013.csv"))
        return load(found[0]) if found else load_folder(path)
    raise ConfigError(f"{path}: is neither a zip, a csv, an npz nor a folder")


def load_all(paths: Sequence[Path]) -> Dataset:
    """One data set, or several with their names as sources (a set that has sources of its own keeps them).

    Raises:
        ConfigError: One of them cannot be read.
    """
    parts = [load(path) for path in paths]
    if len(parts) == 1:
        return parts[0]
    named = [
        p if len(p.source) else replace(p, source=np.full(len(p), path.stem))
        for p, path in zip(parts, paths, strict=True)
    ]
    return concatenated(named)


def concatenated(parts: Sequence[Dataset]) -> Dataset:
    """Data sets with sources as one, rows and splits as they are."""
    columns = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name in ("images", "targets", "truth", "usable", "split", "source")
    }
    contempt = [p.contempt if len(p.contempt) else np.zeros(len(p), bool) for p in parts]
    name, skipped = " + ".join(p.name for p in parts), sum(p.skipped for p in parts)
    return Dataset(name=name, skipped=skipped, contempt=np.concatenate(contempt), **columns)


def _from_rows(rows: fer2013.Rows, name: str) -> Dataset:
    """The rows of fer2013.csv, with targets from the crowd's votes if there are any."""
    if not len(rows.images):
        raise ConfigError(f"{name}: fer2013.csv holds no readable row ({rows.skipped} damaged)")
    truth = rows.labels
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[truth]
    usable, contempt = np.ones(len(truth), dtype=bool), np.zeros(len(truth), dtype=bool)
    if rows.votes is not None:
        truth, contempt = ferplus.majority(rows.votes), ferplus.contempt(rows.votes)
        targets, usable = ferplus.targets(rows.votes)
    return Dataset(rows.images, targets, truth, usable, rows.split, name, rows.skipped, contempt)


def load_folder(folder: Path) -> Dataset:
    """Reads a folder of labelled pictures in any layout of ``train.data.importers``.

    A picture without a face box counts as the crop itself; one with a box is cut as in the app.

    Raises:
        ConfigError: No known layout, or no readable image.
    """
    pictures = importers.pictures(folder)
    resources.require(f"reading {folder}", memory=2.5 * len(pictures) * SIDE * SIDE + 50e6)
    images, kept, skipped = [], [], 0
    for picture in track(pictures, f"reading {folder.name}"):
        image = read_crop(picture)
        if image is None:
            skipped += 1
            if skipped <= TOLD:
                log.warning("%s: cannot be read as a picture; skipped", picture.path)
            continue
        images.append(image)
        kept.append(picture)
    if skipped > TOLD:
        log.warning("%s: %d more cannot be read either", folder, skipped - TOLD)
    if not images:
        raise ConfigError(f"{folder}: none of its {len(pictures)} labelled pictures can be read")
    labels = np.array([p.label for p in kept], dtype=np.int64)
    contempt = labels == importers.CONTEMPT
    targets = np.eye(len(EMOTIONS) + 1, dtype=np.float32)[labels][:, : len(EMOTIONS)]
    targets[contempt] = 1 / len(EMOTIONS)
    truth = np.where(contempt, -1, labels)
    return Dataset(np.stack(images), targets, truth, ~contempt, splits(kept), folder.name, skipped, contempt)


def save_prepared(dataset: Dataset, path: Path) -> None:
    """Writes the data set to one ``.npz``.

    Raises:
        ConfigError: The disk has no room for it, or the file cannot be written.
    """
    names = ("images", "targets", "truth", "usable", "split", "name", "skipped", "contempt", "source")
    arrays = {name: getattr(dataset, name) for name in names}
    packed.write(path, arrays, dataset.images.nbytes * 1.1, compressed=True)


def load_prepared(path: Path) -> Dataset:
    """Reads what ``save_prepared`` wrote.

    Raises:
        ConfigError: The file is not a prepared data set, or it is damaged.
    """

    def make(f: Any) -> Dataset:
        contempt = f["contempt"] if "contempt" in f else np.empty(0, bool)
        data = Dataset(
            f["images"], f["targets"], f["truth"], f["usable"], f["split"], str(f["name"]), int(f["skipped"]),
            contempt, f["source"] if "source" in f else np.empty(0, np.str_),
        )  # fmt: skip
        _check(data)
        return data

    return packed.read(path, make, "data set", "train prepare")


def _check(data: Dataset) -> None:
    """Raises ValueError if shapes, types or values differ from those that ``Dataset`` documents."""
    count = len(data.images)
    if data.images.shape != (count, SIDE, SIDE) or data.images.dtype != np.uint8:
        raise ValueError(f"images are {data.images.dtype} {data.images.shape}, not uint8 (N, {SIDE}, {SIDE})")
    if data.targets.shape != (count, len(EMOTIONS)) or not np.isfinite(data.targets).all():
        raise ValueError("targets are not finite rows of seven")
    if any(len(column) != count for column in (data.truth, data.usable, data.split)):
        raise ValueError("columns differ in length")
    if len(data.source) not in (0, count):
        raise ValueError("the column of sources differs in length")
    if not ((data.truth >= -1) & (data.truth < len(EMOTIONS))).all():
        raise ValueError("a label is outside -1..6")
