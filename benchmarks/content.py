"""Trains and measures ``train.clean.content``, which tells photographs of people from drawings and other pictures.

    python -m benchmarks.other_pictures ../shared/data /tmp/other
    python -m benchmarks.content ../shared/data /tmp/other --out train/clean/content.npz

Photographs of people: RAF-DB, AffectNet, ExpW and faces.zip; FER2013 is only in the test. The other pictures and what
is held out of them: ``benchmarks.other_pictures``. Every training picture occurs once as it is and once changed (size,
JPEG, contrast, blur, noise, caption, border), the same way in all classes.
"""

from __future__ import annotations

import argparse
import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.core.types import Image
from monitor.networks.card import find_model
from monitor.networks.keypoints import KeypointNet
from train.clean.content import CLASSES, CLIP, WEIGHTS, Content
from train.clean.faces import Faces
from train.clean.statistics import described
from train.reports.predict import FaceFinder
from train.system.progress import track

SOURCES = {"rafdb": (800, 400), "affectnet": (800, 400), "expw": (800, 400)}
"""Pictures of each source of expressions.zip for training and test."""
HEADS = (350, 200)
MOST = 450
"""Pictures of a collection of other pictures that are used for training."""
FER = 300
HIDDEN_SHARE = 0.3
"""Share of the photographs of people that also occur without a face."""
HIDDEN = (64,)
"""Units of the hidden layer."""
DECAY = 3.0


@dataclass(frozen=True, slots=True)
class Part:
    """Descriptions of pictures.

    Attributes:
        rows: (N, F) float32.
        truth: (N,) index in ``CLASSES``.
        names: Collection of each row.
    """

    rows: NDArray[np.float32]
    truth: NDArray[np.int64]
    names: NDArray[np.str_]


def persons(data: Path, *, held: bool) -> Iterator[tuple[str, Image]]:
    """Photographs of people of one side, with their collection."""
    rng = np.random.default_rng(5)
    with zipfile.ZipFile(data / "expressions.zip") as archive:
        names = archive.namelist()
        for source, counts in SOURCES.items():
            own = sorted(n for n in names if f"/{source}/" in n and n.endswith(".webp"))
            order = rng.permutation(len(own))
            for n in order[counts[0] : sum(counts)] if held else order[: counts[0]]:
                yield source, _decoded(archive.read(own[int(n)]))
    with zipfile.ZipFile(data / "faces.zip") as archive:
        own = sorted(n for n in archive.namelist() if n.endswith(".jpg"))[held::2]
        for name in own[-HEADS[held] :]:
            yield "faces", _decoded(archive.read(name))
    if held:
        with zipfile.ZipFile(data / "fer2013.zip") as archive, archive.open("fer2013/fer2013.csv") as handle:
            for n, row in enumerate(csv.DictReader(io.TextIOWrapper(handle))):
                if n >= FER:
                    break
                yield "fer2013", np.array(row["pixels"].split(), np.uint8).reshape(48, 48)


def others(folder: Path, *, held: bool) -> Iterator[tuple[str, str, Image]]:
    """Class, collection and picture of the other pictures of one side."""
    counts: Counter[str] = Counter()
    for path in sorted((folder / ("test" if held else "train")).glob("*/*.png")):
        name = path.stem.split("_")[0]
        counts[name] += 1
        if held or counts[name] <= MOST:
            yield path.parent.name, name, np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)


def changed(image: Image, rng: np.random.Generator) -> Image:
    """The picture as a web site may show it: of another size, recompressed, with a caption or a border."""
    side = int(rng.integers(56, 180))
    scale = side / max(image.shape)
    out: NDArray[Any] = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.4:
        out = cv2.convertScaleAbs(out, alpha=float(rng.uniform(0.6, 1.5)), beta=float(rng.uniform(-30, 30)))
    if rng.random() < 0.25:
        out = np.clip(out + rng.normal(0, rng.uniform(2, 9), out.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        place = (int(rng.integers(0, 12)), int(out.shape[0] * rng.uniform(0.15, 0.95)))
        cv2.putText(out, "stock photo", place, cv2.FONT_HERSHEY_SIMPLEX, side / 200, 255 * int(rng.integers(0, 2)), 1)
    if rng.random() < 0.15:
        edge = [int(v) for v in rng.integers(0, max(2, side // 4), 4)]
        out = cv2.copyMakeBorder(out, *edge, cv2.BORDER_CONSTANT, value=255 * int(rng.random() < 0.7))  # type: ignore[call-overload]
    if rng.random() < 0.5:
        out = out[:, ::-1]
    quality = int(rng.integers(30, 95))
    packed = cv2.imencode(".jpg", np.ascontiguousarray(out), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return _decoded(packed.tobytes())


def _decoded(content: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def part(data: Path, folder: Path, *, held: bool) -> Part:
    """Describes all pictures of one side; those of training a second time, changed."""
    faces = Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())
    pictures = [("person", name, image) for name, image in persons(data, held=held)] + list(others(folder, held=held))
    rows, truth, names = [], [], []
    for n, (kind, name, image) in enumerate(track(pictures, "describing pictures")):
        own = [described(image, faces.find(image).crop)] if held else list(versions(n, kind, image, faces))
        rows += own
        truth += [CLASSES.index(kind)] * len(own)
        names += [name] * len(own)
    return Part(np.stack(rows), np.array(truth), np.array(names))


def versions(number: int, kind: str, image: Image, faces: Faces) -> Iterator[NDArray[np.float32]]:
    """Descriptions of a training picture: as it is, changed, and, of some people, as if the face were hidden, so that a
    missing face alone proves nothing."""
    rng = np.random.default_rng([9, number])
    yield described(image, faces.find(image).crop)
    other = changed(image, rng)
    yield described(other, faces.find(other).crop)
    if kind == "person" and rng.random() < HIDDEN_SHARE:
        yield described(image, None)


def fit(train: Part, path: Path) -> None:
    """Trains the network and writes its numbers."""
    from sklearn.neural_network import MLPClassifier

    mean, scale = train.rows.mean(axis=0), train.rows.std(axis=0) + 1e-3
    values = np.clip((train.rows - mean) / scale, -CLIP, CLIP)
    net = MLPClassifier(HIDDEN, alpha=DECAY, max_iter=40, early_stopping=False, random_state=0, batch_size=128)
    net.fit(values, train.truth)
    arrays = {f"w{n}": w.astype(np.float32) for n, w in enumerate(net.coefs_)}
    arrays |= {f"b{n}": b.astype(np.float32) for n, b in enumerate(net.intercepts_)}
    np.savez_compressed(path, mean=mean, scale=scale, layers=np.array(len(net.coefs_)), **arrays)


def report(test: Part, content: Content) -> str:
    """Precision and recall of each class, and the share of each collection that is recognised."""
    found = content.probs(test.rows).argmax(axis=1)
    lines = ["| class | precision | recall | N |", "|---|---|---|---|"]
    for n, kind in enumerate(CLASSES):
        hit = ((found == n) & (test.truth == n)).sum()
        line = f"{hit / max(1, (found == n).sum()):.3f} | {hit / max(1, (test.truth == n).sum()):.3f}"
        lines.append(f"| {kind} | {line} | {(test.truth == n).sum()} |")
    lines += ["", "| collection | class | recognised | N |", "|---|---|---|---|"]
    for n, kind in enumerate(CLASSES):
        for name in sorted(set(test.names[test.truth == n])):
            own = (test.names == name) & (test.truth == n)
            lines.append(f"| {name} | {kind} | {(found[own] == n).mean():.3f} | {own.sum()} |")
    return "\n".join(lines)


def main() -> None:
    """Trains, writes the numbers and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with expressions.zip, faces.zip and fer2013.zip")
    parser.add_argument("pictures", type=Path, help="folder of benchmarks.other_pictures")
    parser.add_argument("--out", type=Path, help="train and write this file; without it the shipped one is measured")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.out:
        fit(part(args.data, args.pictures, held=False), args.out)
    print(report(part(args.data, args.pictures, held=True), Content(args.out or WEIGHTS)))


if __name__ == "__main__":
    main()
