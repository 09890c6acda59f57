"""Eye patches with their openness, from the eye sets and the faces with keypoints, in one packed file."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from monitor.faces.crop import CropSpec, crop
from monitor.networks.eyes import MARGIN, eye_boxes
from monitor.networks.keypoints import POINTS
from train.data import inputs, keypoints, packed
from train.data.faceset import FaceSet

Image = NDArray[np.uint8]

SPEC = CropSpec(side=32, margin=MARGIN, shift_y=0.0, align=True)
"""The app's crop of an eye."""
PATCH = 64
"""Side in pixels of a stored patch; the network's crop is its middle ``INNER`` pixels, the rest is room for jitter."""
INNER = 44
SHUT, OPEN = 0.10, 0.26
"""Lid distance over eye width at which a reference eye counts as shut and as open (data README: closed up to about
0.12, open from about 0.25); the target is linear in between."""
LARGEST_YAW = 35.0
"""Largest yaw in degrees of faces whose eyes are used, because beyond it the reference guesses the far eye."""


@dataclass(frozen=True, slots=True)
class EyeSet:
    """Eye patches.

    Attributes:
        images: (N, 64, 64) uint8 gray; the middle 44 pixels are the app's crop.
        opened: (N,) float32 target 0..1; 0 where there is no eye.
        visible: (N,) float32 1 or 0.
        source: (N,) "cew", "kaggle", "mrl", "faces", "driver", "fer", or "none" for other parts of faces.
        person: (N,) person, as far as the file names show.
        split: (N,) "train" or "validation"; a person is in only one of them.
        name: Name of its origin.
        skipped: Unreadable pictures.
    """

    images: NDArray[np.uint8]
    opened: NDArray[np.float32]
    visible: NDArray[np.float32]
    source: NDArray[np.str_]
    person: NDArray[np.str_]
    split: NDArray[np.str_]
    name: str
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.images)

    def digests(self) -> dict[str, int]:
        """See ``train.data.inputs.Data``."""
        split = np.frombuffer("".join(self.split.tolist()).encode(), np.uint8)
        return {
            "crc32": inputs.checksum(split, self.images), "labels": inputs.checksum(self.opened, self.visible)
        }  # fmt: skip


def load(path: Path) -> EyeSet:
    """Reads a packed file, ``eyes.zip`` alone, or a folder with it and the files of ``keypoints.load``.

    Raises:
        ConfigError: It is none of these.
    """
    if path.suffix == ".npz":
        return _load_packed(path)
    rows = _Rows()
    if path.suffix == ".zip":
        rows.archive(path)
        return rows.finish(path.name)
    rows.archive(path / "eyes.zip")
    rows.faces(keypoints.load(path))
    return rows.finish(path.name)


def save(data: EyeSet, path: Path) -> None:
    """Writes the set to one ``.npz``.

    Raises:
        ConfigError: The disk has no room for it, or the file cannot be written.
    """
    names = ("images", "opened", "visible", "source", "person", "split", "name", "skipped")
    packed.write(path, {name: getattr(data, name) for name in names}, data.images.nbytes * 1.1)


def _load_packed(path: Path) -> EyeSet:
    return packed.read(
        path,
        lambda f: EyeSet(
            f["images"], f["opened"], f["visible"], f["source"], f["person"], f["split"],
            str(f["name"]), int(f["skipped"]),
        ),
        "set of eyes",
        "train prepare --task eyes",
    )  # fmt: skip


def person_of(name: str) -> tuple[str, str]:
    """Source and person of a file of ``eyes.zip``; the two eyes of one face have the same person.

    CEW's open eyes are named after people, and its shut ones numbered by picture; MRL's names begin with the subject;
    the third set names nobody, so each of its pictures counts as a person.
    """
    source, base = name.split("/")[-3], name.rsplit("/", 1)[-1]
    if source == "mrl":
        return source, base[:5]
    if source == "cew":
        number = re.match(r"closed_eye_(\d+)", base)
        return source, f"closed {number[1]}" if number else re.sub(r"_\d+_[LR]\.\w+$", "", base)
    return source, base


def held_out(source: str, person: str) -> bool:
    """Whether a person of ``eyes.zip`` belongs to validation: about every sixth, and every fifth MRL subject."""
    return zlib.crc32(f"{source} {person}".encode()) % (5 if source == "mrl" else 6) == 0


class _Rows:
    """Collects patches."""

    def __init__(self) -> None:
        self.images: list[Image] = []
        self.facts: list[tuple[float, float, str, str, str]] = []
        self.skipped = 0

    def archive(self, path: Path) -> None:
        """The eye sets; each picture is assumed to show 1.8 eye widths."""
        try:
            with zipfile.ZipFile(path) as opened:
                for name in sorted(opened.namelist()):
                    kind = name.split("/")[-2] if name.count("/") >= 3 else ""
                    if kind not in ("open", "closed") or name.endswith("/"):
                        continue
                    image = cv2.imdecode(np.frombuffer(opened.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
                    if image is None:
                        self.skipped += 1
                        continue
                    source, person = person_of(name)
                    split = "validation" if held_out(source, person) else "train"
                    edge = (PATCH - INNER) // 2
                    inner = cv2.resize(image, (INNER, INNER), interpolation=_method(max(image.shape), INNER))
                    patch = cv2.copyMakeBorder(inner, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
                    self._add(np.asarray(patch, np.uint8), float(kind == "open"), 1.0, source, person, split)
        except (OSError, zipfile.BadZipFile) as error:
            raise ConfigError(f"{path}: is not a readable zip: {error}") from None

    def faces(self, data: FaceSet) -> None:
        """Both eyes of faces with reference keypoints, and another part of each face."""
        rng = np.random.default_rng(3)
        wide = CropSpec(PATCH, (1 + MARGIN) * PATCH / INNER - 1, 0.0, align=True)
        nose, low, high = (POINTS.index(n) for n in ("nose", "lip_bot", "brow"))
        for row in range(len(data)):
            source, split = str(data.source[row]), str(data.split[row])
            if abs(float(data.pose[row, 0])) > LARGEST_YAW or (source == "fer" and row % 4):
                continue
            image, roll = data.pictures[int(data.picture[row])], float(data.pose[row, 2])
            boxes = eye_boxes(data.points[row])
            for side, box in enumerate(boxes):
                target = float(np.clip((data.openness[row, side] - SHUT) / (OPEN - SHUT), 0.0, 1.0))
                self._cut(image, box, wide, roll, (target, 1.0, source, f"{source} {row}", split))
            part = int(rng.integers(4))
            points = data.points[row]
            width = (boxes[0][2] - boxes[0][0]) * float(rng.uniform(0.8, 1.4))
            brow = points[high] + (points[high] - points[nose]) * 0.5
            cheek = points[low] + (np.array(boxes[part % 2][:2]) - points[low]) * 0.45
            x, y = (points[nose], points[low], brow, cheek)[part]
            spot = (float(x) - width / 2, float(y) - width / 2, float(x) + width / 2, float(y) + width / 2)
            self._cut(image, spot, wide, roll, (0.0, 0.0, "none", f"{source} {row}", split))

    def finish(self, name: str) -> EyeSet:
        opened, visible, source, person, split = zip(*self.facts, strict=True)
        return EyeSet(
            np.stack(self.images), np.array(opened, np.float32), np.array(visible, np.float32), np.array(source),
            np.array(person), np.array(split), name, self.skipped,
        )  # fmt: skip

    def _cut(
        self, image: Image, box: Any, spec: CropSpec, roll: float, facts: tuple[float, float, str, str, str]
    ) -> None:
        try:
            self._add(crop(image, box, spec, roll), *facts)
        except ValueError:
            self.skipped += 1  # the keypoints lie outside the picture

    def _add(self, image: Image, opened: float, visible: float, source: str, person: str, split: str) -> None:
        self.images.append(image)
        self.facts.append((opened, visible, source, person, split))


def _method(have: int, want: int) -> int:
    return cv2.INTER_AREA if have > want else cv2.INTER_LINEAR


def middle(patches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The network's undisturbed crops (N, 32, 32) of patches (N, 64, 64)."""
    edge = (PATCH - INNER) // 2
    inner = patches[:, edge : edge + INNER, edge : edge + INNER]
    return np.stack([cv2.resize(p, (SPEC.side, SPEC.side), interpolation=cv2.INTER_AREA) for p in inner]).astype(
        np.uint8
    )
