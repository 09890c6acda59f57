"""Builds a set of pictures with known faults; see ``benchmarks.dirty_set``."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from train.data.crops import VALIDATION_EVERY

SEEN = {"rafdb": 0.30, "affectnet": 0.36, "expw": 0.34}
UNSEEN = {"rafdb": 0.4, "affectnet": 0.6}
"""Shares of the sources in each class; they are the same in all classes, or a network could learn the source instead of
the expression. The second ones are for pictures that the shipped network was not trained on: at most 97 a class, and
without ExpW, of whose own labels the program calls a fifth wrong."""
CONFUSIONS = {
    "angry": "disgust", "disgust": "angry", "fear": "surprise", "surprise": "fear", "sad": "neutral", "neutral": "sad",
    "happy": "surprise",
}  # fmt: skip
SHARES = {"drawing": (0.08, "drawing"), "thing": (0.07, "no face")}
"""Share of each kind of other pictures, and the fault that they are."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pictures the set is made of.

    Attributes:
        seed: Chooses pictures and faults.
        unseen: Whether only those that the shipped network was not trained on are taken.
    """

    seed: int
    unseen: bool

    def pictures(self, names: list[str], label: str, count: int, rng: np.random.Generator) -> list[str]:
        """Random pictures of a class, of all sources."""
        chosen: list[str] = []
        for source, share in (UNSEEN if self.unseen else SEEN).items():
            own = [name for name in names if f"{source}/{label}/" in name and name.endswith(".webp")]
            usable = [n for n in own if not self.unseen or int(Path(n).stem) % VALIDATION_EVERY == 0]
            chosen += _shuffled(usable, rng)[: round(share * count)]
        return _shuffled(chosen, rng)


@dataclass(slots=True)
class DirtySet:
    """A folder of pictures with known faults.

    Attributes:
        folder: The set.
        faults: Injected fault by path below the folder.
        twins: Path of the original of each copy.
    """

    folder: Path
    faults: dict[str, str] = field(default_factory=dict)
    twins: dict[str, str] = field(default_factory=dict)


def recompressed(image: Image, rng: np.random.Generator) -> Image:
    """JPEG at quality 30 to 60."""
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 60))])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


def mirrored(image: Image, rng: np.random.Generator) -> Image:
    """The mirror image."""
    return np.ascontiguousarray(image[:, ::-1])


def cropped(image: Image, rng: np.random.Generator) -> Image:
    """Up to 8 % cut off each side."""
    height, width = image.shape
    top, left, bottom, right = (int(v) for v in rng.uniform(0.02, 0.08, 4) * (height, width, height, width))
    return np.ascontiguousarray(image[top : height - bottom, left : width - right])


def watermarked(image: Image, rng: np.random.Generator) -> Image:
    """Half-transparent letters over the lower part."""
    layer = image.copy()
    place = (int(rng.integers(0, 10)), int(image.shape[0] * 0.92))
    cv2.putText(layer, "STOCK", place, cv2.FONT_HERSHEY_SIMPLEX, image.shape[1] / 110, 255, 2, cv2.LINE_AA)
    return cv2.addWeighted(image, 0.5, layer, 0.5, 0).astype(np.uint8)


NEAR: tuple[Callable[[Image, np.random.Generator], Image], ...] = (recompressed, mirrored, cropped, watermarked)


def build(data: Path, others: Path, folder: Path, per_class: int, choice: Choice) -> DirtySet:
    """Writes the set.

    Args:
        data: Folder with expressions.zip.
        others: Folder of ``benchmarks.other_pictures``.
        folder: The set's folder.
        per_class: Pictures of a class, faults among them.
        choice: Which pictures and faults.
    """
    rng = np.random.default_rng(choice.seed)
    made = DirtySet(folder)
    foreign = {kind: _shuffled(sorted(map(str, (others / "test" / kind).glob("*.png"))), rng) for kind in SHARES}
    with zipfile.ZipFile(data / "expressions.zip") as archive:
        names = archive.namelist()
        for label in EMOTIONS:
            own = choice.pictures(names, label, round(0.72 * per_class), rng)
            pictures = [(name, archive.read(name)) for name in own[: round(0.62 * per_class)]]
            wrong = own[round(0.62 * per_class) :]
            _write_class(made, label, pictures, per_class, rng)
            for n, name in enumerate(wrong):
                apart = [other for other in EMOTIONS if other != label]
                target = CONFUSIONS[label] if n % 2 else str(rng.choice(apart))
                _put(made, f"{target}/wrong_{label}_{n:04}.webp", archive.read(name), "wrong label")
            for kind, (share, fault) in SHARES.items():
                for _ in range(round(share * per_class)):
                    if foreign[kind]:
                        path = Path(foreign[kind].pop())
                        _put(made, f"{label}/{fault.replace(' ', '_')}_{path.name}", path.read_bytes(), fault)
    return made


def _write_class(
    made: DirtySet, label: str, pictures: list[tuple[str, bytes]], per_class: int, rng: np.random.Generator
) -> None:
    for n, (_, content) in enumerate(pictures):
        _put(made, f"{label}/{n:05}.webp", content, "")
    chosen = rng.permutation(len(pictures))
    count = round(0.02 * per_class)
    for n, row in enumerate(chosen[:count]):
        _put(made, f"{label}/same_{n:04}.webp", pictures[row][1], "duplicate", f"{label}/{row:05}.webp")
    for n, row in enumerate(chosen[count : 5 * count]):
        image = cv2.imdecode(np.frombuffer(pictures[row][1], np.uint8), cv2.IMREAD_GRAYSCALE)
        changed = NEAR[n % len(NEAR)](np.asarray(image, np.uint8), rng)
        name = f"{label}/{NEAR[n % len(NEAR)].__name__}_{n:04}.png"
        _put(made, name, _png(changed), "duplicate", f"{label}/{row:05}.webp")
    for n in range(round(0.03 * per_class)):
        content = pictures[int(chosen[n])][1]
        _put(made, f"{label}/broken_{n:04}.webp", (b"", content[:30], b"<html>404</html>")[n % 3], "broken")


def _png(image: Image) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def _shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    return [names[int(n)] for n in rng.permutation(len(names))]


def _put(made: DirtySet, name: str, content: bytes, fault: str, twin: str = "") -> None:
    path = made.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    made.faults[name] = fault
    if twin:
        made.twins[name] = twin
