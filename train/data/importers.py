"""Labels of pictures in folders, in the layouts of public data sets.

This module reads names and labels only; ``train.data.datasets`` reads the pictures. The layouts:

- a folder per class, optionally inside folders named after a split (``fer2013.USAGES``: ``train``, ``Val``, ``test``);
- RAF-DB, basic emotions (Li et al. 2017): ``EmoLabel/list_patition_label.txt`` (the file's own spelling)
  with lines ``train_00001.jpg 5``, and ``Image/aligned/train_00001_aligned.jpg``;
- AffectNet as distributed for research since 2021 (Mollahosseini et al. 2017): ``train_set/images/0.jpg``
  with ``train_set/annotations/0_exp.npy``, and ``val_set`` alike;
- AffectNet's older tables: ``training.csv`` and ``validation.csv`` beside ``Manually_Annotated_Images/``.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.core.errors import ConfigError
from monitor.core.labels import EMOTIONS
from monitor.core.types import Box
from train.data.fer2013 import USAGES

log = logging.getLogger("train")

CONTEMPT = len(EMOTIONS)
"""Label of pictures of contempt, which is not one of the seven classes; used only in the eight-class figure."""
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif"}
ALIASES = {
    "anger": "angry", "happiness": "happy", "sadness": "sad", "surprised": "surprise",
    "fearful": "fear", "disgusted": "disgust", "afraid": "fear",
}  # fmt: skip
RAF = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
"""RAF-DB's labels 1 to 7."""
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
"""AffectNet's labels 0 to 7; its labels 8 to 10 mean none, uncertain and no face."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One labelled picture of a folder.

    Attributes:
        path: The file; it may be missing or damaged.
        label: Index in ``EMOTIONS``, or ``CONTEMPT``.
        split: "train", "validation" or "test"; empty = the layout has no splits.
        box: The face in picture pixels; None = the picture is the face crop.
    """

    path: Path
    label: int
    split: str = ""
    box: Box | None = None


def pictures(folder: Path) -> list[Picture]:
    """All labelled pictures of a folder in any known layout, in a fixed order.

    Raises:
        ConfigError: The layout's label file cannot be read, the layout is unknown, or the folder holds several data
            sets.
    """
    for find, read in LAYOUTS:
        found = find(folder)
        if found is not None:
            return list(read(found))
    root = _find_classes(folder)
    classes = list(_class_folders(root)) if root is not None else []
    if not classes:
        raise ConfigError(
            f"{folder}: holds no images in class folders named {', '.join(EMOTIONS)} (docs/guides/train.md, layouts)"
        )
    return classes


def _index(name: str) -> int | None:
    """The label of a class name in any common spelling; None = not a class."""
    word = ALIASES.get(name.lower(), name.lower())
    if word == "contempt":
        return CONTEMPT
    return EMOTIONS.index(word) if word in EMOTIONS else None


def _find_classes(folder: Path) -> Path | None:
    """The folder with the classes or the splits: ``folder`` itself or one inside it."""
    if _holds_classes(folder):
        return folder
    found = [d for d in _folders(folder) if _holds_classes(d)]
    if len(found) > 1:
        raise ConfigError(f"{folder}: holds several data sets ({', '.join(d.name for d in found)}); give one of them")
    return found[0] if found else None


def _holds_classes(folder: Path) -> bool:
    return any(_index(d.name) is not None for part in _split_folders(folder) for d in _folders(part))


def _folders(folder: Path) -> list[Path]:
    return sorted(d for d in folder.iterdir() if d.is_dir())


def _split_folders(folder: Path) -> dict[Path, str]:
    return {d: USAGES[d.name.lower()] for d in _folders(folder) if d.name.lower() in USAGES} or {folder: ""}


def _class_folders(folder: Path) -> Iterator[Picture]:
    roots = _split_folders(folder)
    if folder not in roots:
        for left in _folders(folder):
            if left not in roots and (_index(left.name) is not None or _holds_classes(left)):
                log.warning("%s: is neither train, validation nor test, unlike the folders beside it; skipped", left)
    for root, split in roots.items():
        for directory in _folders(root):
            label = _index(directory.name)
            if label is None:
                log.warning("%s: is not one of the seven classes; skipped", directory)
                continue
            for path in sorted(directory.iterdir()):
                if path.suffix.lower() in IMAGE_SUFFIXES:
                    yield Picture(path, label, split)


def _find_raf(folder: Path) -> Path | None:
    """The label file, also inside the archive's folder ``basic``."""
    return next(iter(sorted(folder.glob("**/EmoLabel/list_patition_label.txt"))), None)


def _raf(labels: Path) -> Iterator[Picture]:
    root = labels.parent.parent / "Image" / "aligned"
    for number, line in enumerate(_lines(labels), 1):
        name, _, code = line.strip().rpartition(" ")
        part = name.partition("_")[0]
        if not (code.isascii() and code.isdecimal() and 1 <= int(code) <= len(RAF)) or part not in ("train", "test"):
            if line.strip():
                log.warning("%s:%d: is not 'train_NNNNN.jpg 1..7'; skipped", labels, number)
            continue
        path = Path(name)
        yield Picture(root / f"{path.stem}_aligned{path.suffix}", EMOTIONS.index(RAF[int(code) - 1]), part)


def _find_affectnet(folder: Path) -> Path | None:
    for root in (folder, *_folders(folder)):
        if any((root / f"{part}_set" / "annotations").is_dir() for part in ("train", "val")):
            return root
    return None


def _affectnet(root: Path) -> Iterator[Picture]:
    for part in ("train", "val", "test"):
        notes = root / f"{part}_set" / "annotations"
        if not notes.is_dir():
            continue
        for note in sorted(notes.glob("*_exp.npy"), key=lambda p: (len(p.name), p.name)):
            label = _affectnet_label(note)
            if label is not None:
                yield Picture(notes.parent / "images" / note.name.replace("_exp.npy", ".jpg"), label, USAGES[part])


def _affectnet_label(note: Path) -> int | None:
    try:
        code = int(np.load(note, allow_pickle=False))
    except (OSError, ValueError, TypeError, EOFError):
        log.warning("%s: holds no label; skipped", note)
        return None
    return _index(AFFECTNET[code]) if 0 <= code < len(AFFECTNET) else None


def _find_tables(folder: Path) -> Path | None:
    for root in (folder, *_folders(folder)):
        if (root / "Manually_Annotated_Images").is_dir() and any((root / name).exists() for name in TABLES):
            return root
    return None


def _tables(root: Path) -> Iterator[Picture]:
    for name, split in TABLES.items():
        table = root / name
        if not table.exists():
            continue
        rows = csv.DictReader(_lines(table))
        wanted = {"subDirectory_filePath", "face_x", "face_y", "face_width", "face_height", "expression"}
        if not wanted <= set(rows.fieldnames or []):
            raise ConfigError(f"{table}: lacks the columns {', '.join(sorted(wanted - set(rows.fieldnames or [])))}")
        for row in rows:
            try:
                code = int(row["expression"])
                x, y, w, h = (float(row[f"face_{k}"]) for k in ("x", "y", "width", "height"))
            except (TypeError, ValueError):
                log.warning("%s:%d: holds no label and box; skipped", table, rows.line_num)
                continue
            label = _index(AFFECTNET[code]) if 0 <= code < len(AFFECTNET) else None
            if label is not None:
                path = root / "Manually_Annotated_Images" / row["subDirectory_filePath"]
                yield Picture(path, label, split, (x, y, x + w, y + h))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


TABLES = {"training.csv": "train", "validation.csv": "validation"}
LAYOUTS: tuple[tuple[Callable[[Path], Path | None], Callable[[Path], Iterator[Picture]]], ...] = (
    (_find_raf, _raf),
    (_find_affectnet, _affectnet),
    (_find_tables, _tables),
)
