"""Cleans a set: all checks in their order. Each picture gets the first fault that applies, a reason and a score."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from train.clean import alike, duplicates, files, labels
from train.clean.content import DRAWING, PERSON, Content
from train.clean.faces import Face, details
from train.clean.manifest import GOOD, Entry
from train.clean.statistics import described
from train.system.progress import track

NO_PERSON = 0.1
"""Probability of a photographed person below which a found face belongs to an animal or a thing and does not count."""

DRAWN = 0.75
"""Least probability of a drawing for a picture with a certain face. Of 12,000 pictures of expressions.zip, 12 reach it
instead of 54, nearly all of them photographs of high contrast; of 504 drawings 7 more are missed."""


class Finder(Protocol):
    """The search for faces, as ``train.clean.faces.Faces`` does it."""

    def find(self, image: Image) -> Face:
        """The faces of a (H, W) uint8 gray picture."""


class Classifier(Protocol):
    """The classification of the content, as ``train.clean.content.Content`` does it."""

    def probs(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities (N, 3) of person, drawing and thing."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Parts that the checks need.

    Attributes:
        faces: Creates the search for faces.
        model: The expression model whose features judge labels.
        content: Creates the classifier of the content.
    """

    faces: Callable[[], Finder]
    model: Path
    content: Callable[[], Classifier] = Content


@dataclass(slots=True)
class _Set:
    """A set during the checks: its entries, and by number the pixels and faces of pictures with a sound file."""

    entries: list[Entry]
    images: dict[int, Image]
    seen: dict[int, Face]

    def mark(self, n: int, kind: str, reason: str, score: float, other: str = "") -> None:
        """Records the first fault of a picture."""
        if self.entries[n].kind == GOOD:
            self.entries[n] = replace(self.entries[n], kind=kind, reason=reason, score=round(score, 4), other=other)

    def good(self) -> list[int]:
        """Numbers of the pictures without a fault so far."""
        return [n for n in sorted(self.images) if self.entries[n].kind == GOOD]

    def note(self, n: int, **values: object) -> None:
        """Adds to the details of a picture."""
        own = json.loads(self.entries[n].details) | values
        self.entries[n] = replace(self.entries[n], details=json.dumps(own))


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
    finder, content = tools.faces(), tools.content()
    own = _seen(folder, finder)
    held = [(other, _seen(other, finder)) for other in against]
    _judge_content(own, content)
    _find_copies(own, held)
    _judge_faces(own)
    _judge_labels(own, tools.model)
    rows = own.good()
    numbers = alike.groups(
        [own.images[n] for n in rows], [own.seen[n] for n in rows], [own.entries[n].label for n in rows]
    )
    for n, number in zip(rows, numbers, strict=True):
        own.note(n, alike=number)
    return own.entries


def _seen(folder: Path, finder: Finder) -> _Set:
    loaded = files.load(folder)
    images = {n: one.image for n, one in enumerate(loaded) if one.image is not None}
    work = _Set([one.entry for one in loaded], images, {})
    for n, image in track(images.items(), f"finding faces in {folder.name}", len(images)):
        work.seen[n] = finder.find(image)
        work.note(n, **details(work.seen[n]))
    return work


def _judge_content(work: _Set, content: Classifier) -> None:
    """Marks drawings and pictures without a person; a possible face counts if the content is a person."""
    rows = work.good()
    if not rows:
        return
    probs = content.probs(np.stack([described(work.images[n], work.seen[n].crop) for n in rows]))
    for n, (person, drawing, thing) in zip(rows, probs.tolist(), strict=True):
        work.note(n, **{PERSON: round(person, 3), DRAWING: round(drawing, 3)})
        face = work.seen[n]
        certain = face.count > 0 and not face.possible
        if drawing > max(person, thing) and (drawing >= DRAWN or not certain):
            work.mark(n, "drawing", "looks like a drawing, an icon or text, not like a photograph", drawing)
        elif thing > person and not certain:
            work.mark(n, "no face", "no face is found, and the picture resembles things more than people", thing)
        elif person < NO_PERSON:
            work.mark(n, "no face", "looks like an animal or a thing, not like a person", thing)


def _find_copies(work: _Set, held: Sequence[tuple[Path, _Set]]) -> None:
    rows = work.good()
    outside = [(str(folder / other.entries[n].path), other, n) for folder, other in held for n in sorted(other.images)]
    images = [work.images[n] for n in rows] + [other.images[n] for _, other, n in outside]
    digests = [work.entries[n].sha256 for n in rows] + [other.entries[n].sha256 for _, other, n in outside]
    faces = [work.seen[n] for n in rows] + [other.seen[n] for _, other, n in outside]
    for number, group in enumerate(duplicates.groups(images, digests, faces), 1):
        inside = [rows[n] for n in group if n < len(rows)]
        for n in inside:
            work.note(n, group=number)
        _settle(work, inside, [outside[n - len(rows)][0] for n in group if n >= len(rows)])


def _settle(work: _Set, inside: list[int], outside: list[str]) -> None:
    """Marks the members of a group of duplicates: leaks, conflicts, or all but the largest one."""
    entries = work.entries
    if outside:
        for n in inside:
            work.mark(n, "leak", f"also in a held-out set: {outside[0]}", 1.0, outside[0])
        return
    names = ", ".join(sorted({entries[n].label for n in inside}))
    if "," in names:
        for n in inside:
            other = next(entries[m].path for m in inside if entries[m].label != entries[n].label)
            work.mark(n, "conflict", f"one picture under {names}", 1.0, other)
        return
    best = max(inside, key=lambda n: (entries[n].width * entries[n].height, -n))
    for n in inside:
        if n != best:
            exact = entries[n].sha256 == entries[best].sha256
            reason = f"{'the same file as' if exact else 'a version of'} {entries[best].path}"
            work.mark(n, "duplicate", reason, 1.0 if exact else 0.9, entries[best].path)


def _judge_faces(work: _Set) -> None:
    """Marks pictures with several faces, with a face that the app cannot read, or with one that is cut off."""
    for n in work.good():
        face = work.seen[n]
        if face.count > 1:
            work.mark(n, "several faces", f"the app finds {face.count} faces", 0.8)
        elif face.count == 0:
            reason = "looks like a person, but no face can be read: turned away, covered, blurred or too close"
            work.mark(n, "hidden face", reason, 0.7)
        elif face.cut:
            work.mark(n, "cut face", "the picture's edge cuts the face off", 0.8)


def _judge_labels(work: _Set, model: Path) -> None:
    """Judges the labels of the pictures without another fault."""
    crops = {n: crop for n in work.good() if (crop := work.seen[n].crop) is not None}
    names = sorted({work.entries[n].label for n in crops})
    if len(names) < 2:
        return
    given = labels.features(model, np.stack(list(crops.values())))
    judged = labels.judge(given, np.array([names.index(work.entries[n].label) for n in crops]))
    for n, wrong, suspicion, best in zip(crops, judged.wrong, judged.suspicion, judged.suggestion, strict=True):
        suggestion = names[int(best)]
        score = round(float(suspicion), 4)
        label = work.entries[n].label
        if wrong and suggestion != label:
            work.mark(n, "wrong label", f"looks like {suggestion}, not {label}", score)
            work.entries[n] = replace(work.entries[n], suggestion=suggestion)
        else:
            work.entries[n] = replace(work.entries[n], score=score)
