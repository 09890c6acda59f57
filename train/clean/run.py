"""Cleans a set: all checks in their order, then the record and, on request, the cleaned view."""

from __future__ import annotations

import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.core.types import Image
from train.clean import duplicates, files, labels
from train.clean.faces import Face, Faces
from train.clean.manifest import GOOD, Entry
from train.system import resources
from train.system.progress import track

log = logging.getLogger("train")


@dataclass(frozen=True, slots=True)
class Tools:
    """What the checks need.

    Attributes:
        faces: Makes the search for faces.
        model: The expression model whose features judge labels.
    """

    faces: Callable[[], Faces]
    model: Path


def clean(folder: Path, against: Sequence[Path], tools: Tools) -> list[Entry]:
    """Finds the faults of a set.

    Args:
        folder: The set, one folder per class.
        against: Held-out sets in the same layout; pictures that also occur there are a leak.
        tools: Networks.

    Returns:
        Every picture with its finding.

    Raises:
        ConfigError: A folder holds no pictures in class folders.
        ModelError: A model cannot be used.
    """
    entries, images = _split(files.load(folder))
    held, held_images = [], []
    for other in against:
        found, more = _split(files.load(other))
        rows = sorted(more)
        held += [replace(found[n], path=str(other / found[n].path)) for n in rows]
        held_images += [more[n] for n in rows]
    faces = tools.faces()
    seen = {n: faces.find(image) for n, image in track(images.items(), "finding faces", len(images))}
    held_faces = [faces.find(image) for image in held_images]
    rows = sorted(images)
    shown = [images[n] for n in rows] + held_images
    digests = [entries[n].sha256 for n in rows] + [entry.sha256 for entry in held]
    crops = [seen[n].crop for n in rows] + [face.crop for face in held_faces]
    for group in duplicates.groups(shown, digests, crops):
        inside = [rows[n] for n in group if n < len(rows)]
        outside = [held[n - len(rows)] for n in group if n >= len(rows)]
        _settle(entries, inside, outside)
    _count_faces(entries, seen)
    _judge(entries, seen, tools.model)
    return entries


def _split(loaded: Sequence[files.Loaded]) -> tuple[list[Entry], dict[int, Image]]:
    """All entries, and the pixels of those without a fault by their number."""
    return [one.entry for one in loaded], {n: one.image for n, one in enumerate(loaded) if one.image is not None}


def _settle(entries: list[Entry], inside: list[int], outside: list[Entry]) -> None:
    """Marks the members of a group of duplicates: leaks, conflicts, or all but the largest one."""
    if outside:
        for n in inside:
            reason = f"also in a held-out set: {outside[0].path}"
            entries[n] = replace(entries[n], kind="leak", reason=reason, score=1.0, other=outside[0].path)
        return
    if len({entries[n].label for n in inside}) > 1:
        names = ", ".join(sorted({entries[n].label for n in inside}))
        for n in inside:
            other = next(entries[m].path for m in inside if entries[m].label != entries[n].label)
            entries[n] = replace(
                entries[n], kind="conflict", reason=f"one picture under {names}", score=1.0, other=other
            )
        return
    best = max(inside, key=lambda n: (entries[n].width * entries[n].height, -n))
    for n in inside:
        if n != best:
            exact = entries[n].sha256 == entries[best].sha256
            reason = f"{'the same file as' if exact else 'a version of'} {entries[best].path}"
            entries[n] = replace(
                entries[n], kind="duplicate", reason=reason, score=1.0 if exact else 0.9, other=entries[best].path
            )


def _count_faces(entries: list[Entry], seen: dict[int, Face]) -> None:
    for n, face in seen.items():
        if entries[n].kind != GOOD or face.count == 1:
            continue
        if face.count == 0:
            entries[n] = replace(entries[n], kind="no face", reason="the app finds no face", score=0.9)
        else:
            reason = f"the app finds {face.count} faces"
            entries[n] = replace(entries[n], kind="several faces", reason=reason, score=0.8)


def _judge(entries: list[Entry], seen: dict[int, Face], model: Path) -> None:
    """Judges the labels of the pictures without another fault."""
    rows = [n for n, face in seen.items() if entries[n].kind == GOOD and face.crop is not None]
    names = sorted({entries[n].label for n in rows})
    if len(names) < 2:
        return
    crops: list[NDArray[np.uint8]] = [crop for n in rows if (crop := seen[n].crop) is not None]
    given = labels.features(model, np.stack(crops))
    judged = labels.judge(given, np.array([names.index(entries[n].label) for n in rows]))
    for n, wrong, suspicion, best in zip(rows, judged.wrong, judged.suspicion, judged.suggestion, strict=True):
        suggestion = names[int(best)]
        if wrong and suggestion != entries[n].label:
            reason = f"looks like {suggestion}, not {entries[n].label}"
            entries[n] = replace(
                entries[n], kind="wrong label", reason=reason, score=round(float(suspicion), 4), suggestion=suggestion
            )
        else:
            entries[n] = replace(entries[n], score=round(float(suspicion), 4))


def summary(entries: Sequence[Entry]) -> str:
    """Pictures by finding, in one line."""
    counts = Counter(entry.kind for entry in entries)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def apply(folder: Path, entries: Sequence[Entry], view: Path) -> int:
    """Writes the cleaned view: links (copies where links are impossible) of the kept pictures under their final label.

    Returns:
        The number of pictures.

    Raises:
        ConfigError: The view is not empty or cannot be written.
    """
    if view.exists() and any(view.iterdir()):
        raise ConfigError(f"--apply {view}: is not empty; give a new folder")
    resources.make_folder(view)
    count = 0
    for entry in entries:
        if not entry.kept:
            continue
        target = view / entry.final_label / Path(entry.path).name
        if target.exists():  # a picture of that name came from another class
            target = target.with_name(entry.path.replace("/", "_"))
        with resources.writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(folder / entry.path, target)
            except OSError:
                shutil.copy2(folder / entry.path, target)
        count += 1
    return count
