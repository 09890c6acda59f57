"""Joins several expression sets: pictures are framed as in the app, and a column has the source of each row.

A collection is a zip or a folder of ``SOURCE/CLASS/NUMBER.webp`` (one folder level above SOURCE is allowed). Every
tenth picture of a class, by the number in its name, is for validation; near-duplicates are never on both sides of the
split.
"""

from __future__ import annotations

import logging
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.follower import Reader
from train.data import datasets, framing, neighbours
from train.data.crops import SIDE, VALIDATION_EVERY
from train.data.datasets import Dataset
from train.system import resources
from train.system.progress import track

log = logging.getLogger("train")

FER = "fer"
"""Source of the rows of fer2013.csv."""
LAYOUT = re.compile(
    r"(?:[^/]+/)?(?P<source>[^/]+)/(?P<label>" + "|".join(EMOTIONS) + r")/(?P<number>\d+)\.(?:webp|png|jpe?g)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture of a collection.

    Attributes:
        name: Its path inside the collection.
        source: The set it belongs to.
        label: Index in ``EMOTIONS``.
        number: The number in its file name, which decides its split.
    """

    name: str
    source: str
    label: int
    number: int


def entries(names: Sequence[str]) -> list[Entry]:
    """The labelled pictures among names, sorted by name."""
    found = []
    for name in sorted(names):
        match = LAYOUT.fullmatch(str(PurePosixPath(name)))
        if match:
            found.append(Entry(name, match["source"], EMOTIONS.index(match["label"]), int(match["number"])))
    return found


def is_collection(path: Path) -> bool:
    """Whether a zip or a folder is laid out as a collection of sources."""
    if path.suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                return any(LAYOUT.fullmatch(name) for name in archive.namelist())
        except (OSError, zipfile.BadZipFile):
            return False
    if not path.is_dir():
        return False
    return bool(entries([str(p.relative_to(path)) for p in path.glob("*/*/*.webp")]))


def read(paths: Sequence[Path], net: Callable[[], Reader]) -> Dataset:
    """Reads one data set, or joins several; a folder with zips of both kinds stands for these zips.

    Args:
        paths: Paths, each either valid for ``datasets.load`` or a collection.
        net: Creates the keypoint network; called only if faces must be framed.

    Raises:
        ConfigError: One of them cannot be read.
    """
    named: list[Path] = []
    for path in paths:
        inside = [path / "fer2013.zip", path / "expressions.zip"]
        named += [p for p in inside if p.exists()] if path.is_dir() and all(p.exists() for p in inside) else [path]
    parts = [load(path, net()) if is_collection(path) else datasets.load(path) for path in named]
    return parts[0] if len(parts) == 1 else joined(parts)


def load(path: Path, net: Reader) -> Dataset:
    """Reads a collection, frames every face and chooses the splits.

    Args:
        path: The zip or folder.
        net: The keypoint network that frames faces.

    Returns:
        Rows with their ``source``.

    Raises:
        ConfigError: It cannot be read or holds no picture that can.
    """
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return _framed(entries(archive.namelist()), archive.read, net, path.name)
        names = [str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()]
        return _framed(entries(names), lambda name: (path / name).read_bytes(), net, path.name)
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise ConfigError(f"{path}: cannot be read: {resources.brief(error)}; copy it again") from None


def _framed(found: list[Entry], read: Callable[[str], bytes], net: Reader, name: str) -> Dataset:
    resources.require(f"reading {name}", memory=6e4 * len(found) + 50e6)
    kept: list[Entry] = []
    pictures: list[Image] = []
    faces: list[framing.Framed | None] = []
    for entry, picture in _pictures(found, read, name):
        kept.append(entry)
        pictures.append(picture)
        faces.append(framing.find(net, picture))
    if not kept:
        raise ConfigError(f"{name}: holds no readable picture SOURCE/CLASS/NUMBER.webp")
    source = np.array([entry.source for entry in kept])
    crops = np.empty((len(kept), SIDE, SIDE), np.uint8)
    for own in sorted(set(source.tolist())):
        rows = np.flatnonzero(source == own)
        seen = [face for row in rows if (face := faces[row]) is not None]
        if not seen:
            raise ConfigError(
                f"{name}: no face was found in any picture of {own}; is the keypoint model the right one?"
            )
        usual = framing.Framed(framing.median_box(seen), 0.0, 0.0)
        log.info("%s: %d pictures, a face found in %.1f %%; the others are cut by the median box", own, len(rows),
                 100 * len(seen) / len(rows))  # fmt: skip
        for row in rows:
            face = faces[row] or usual
            crops[row] = framing.cut(pictures[row], face.box, face.roll, SIDE)
    truth = np.array([entry.label for entry in kept], np.int64)
    split = np.where([entry.number % VALIDATION_EVERY == 0 for entry in kept], "validation", "train")
    return Dataset(
        crops, np.eye(len(EMOTIONS), dtype=np.float32)[truth], truth, np.ones(len(kept), bool), split, name,
        len(found) - len(kept), np.zeros(len(kept), bool), source,
    )  # fmt: skip


def _pictures(found: list[Entry], read: Callable[[str], bytes], name: str) -> Iterator[tuple[Entry, Image]]:
    for entry in track(found, f"framing {name}"):
        image = cv2.imdecode(np.frombuffer(read(entry.name), np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            log.warning("%s: cannot be read as a picture; skipped", entry.name)
            continue
        yield entry, image.astype(np.uint8, copy=False)


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Several data sets as one; near-duplicates are kept on one side of the split.

    A row that looks like a validation row of another set becomes validation, one that looks like a training row of a
    set with fixed splits (fer2013) becomes training, and one that looks like both is left out of both.

    Args:
        parts: Sets, each with its own source; the rows of a set without one have the source ``FER``.
    """
    named = [p if len(p.source) else replace(p, source=np.full(len(p), FER)) for p in parts]
    whole = datasets.concatenated(named)
    free = whole.source != FER
    groups = neighbours.groups(whole.images, free)
    split, truth, usable = whole.split.copy(), whole.truth.copy(), whole.usable.copy()
    moved = dropped = 0
    for rows in groups:
        fixed = set(whole.split[rows[~free[rows]]].tolist()) - {"test"}
        if len(fixed) == 1:
            side = fixed.pop()
        elif not fixed:
            side = str(whole.split[rows[0]])
        else:
            truth[rows[free[rows]]], usable[rows[free[rows]]] = -1, False
            dropped += int(free[rows].sum())
            continue
        own = rows[free[rows]]
        moved += int((split[own] != side).sum())
        split[own] = side
    log.info("near-duplicates: %d groups; %d pictures changed sides, %d left out", len(groups), moved, dropped)
    return replace(whole, split=split, truth=truth, usable=usable)
