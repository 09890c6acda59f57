"""The worth of each step from a scraped set to a model: dirty, cleaned, cropped, augmented, fine-tuned.

    python -m benchmarks.dirty_set ../shared/data /tmp/other --keep /tmp/dirty
    python -m benchmarks.small_set ../shared/data /tmp/dirty --base emotion-0.1.0.tflite --part plain    # or dense

Two small networks are trained from nothing with the same number of steps on the dirty set of ``dirty_set``, on what
``emotion-train clean`` keeps of it, with wrong labels replaced instead of left out, on the app's crops and on closer
ones, and on augmented ones. ``--part base`` takes a base network as it is, trains its last layer on the crops, and all
of its layers. All are measured on photographs of RAF-DB, the source with clean labels, that are not in the set. The
base network must not know these sources: the shipped one does, that of version 0.1.0 (``git show
9e917c5:models/emotion.tflite``, and the .json) does not.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.small_networks import NETWORKS, NUMBERS, Pictures, inputs_of, trained
from monitor.capture.picture import read_picture
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import KeypointNet
from monitor.system.digest import sha256
from train.clean import labels
from train.clean.faces import Face, Faces
from train.clean.manifest import NAME, Entry, Manifest
from train.data.crops import SIDE, fitted
from train.reports.predict import FaceFinder

TIGHT = CropSpec(SIDE, margin=-0.05, align=True)
"""About the framing of RAF-DB; the app adds 0.185 of the box, so that the face covers fewer of the 32 pixels."""
WHOLE = ("epochs=10", "decay=6", "source_balance=0", "rate=0.0007", "ema=0.99")
"""Changes of the recipe mixed for the training of the whole base network."""
LAST = 0.001
"""Inverse regularisation strength of the last layer."""
CONTRAST = 40.0
"""Contrast to which the base network's crops are evened."""
HELD = 80
"""Held-out pictures of a class."""
CLEAN = "rafdb"
"""The source whose labels are clean: 40 annotators each."""


def joined(found: list[tuple[Image, str]]) -> Pictures:
    """Pictures with the names of their classes."""
    return Pictures(np.stack([i for i, _ in found]), np.array([EMOTIONS.index(name) for _, name in found]))


def whole(folder: Path, entries: list[Entry]) -> Pictures:
    """The pictures as they are, shrunk; what cannot be decoded is left out."""
    found = [(read_picture(folder / entry.path, gray=True), entry.final_label) for entry in entries]
    return joined([(fitted(image, SIDE), name) for image, name in found if image is not None])


def cut(folder: Path, entries: list[Entry], spec: CropSpec) -> Pictures:
    """The faces cut by the boxes of the record."""
    out = []
    for entry in entries:
        image, seen = read_picture(folder / entry.path, gray=True), json.loads(entry.details)
        if image is not None and "box" in seen:
            height, width = image.shape
            x1, y1, x2, y2 = (v * s for v, s in zip(seen["box"], (width, height, width, height), strict=True))
            out.append((crop(image, (x1, y1, x2, y2), spec, seen.get("roll", 0.0)), entry.final_label))
    return joined(out)


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out photographs.

    Attributes:
        plain: As they are.
        faces: As the app cuts their faces; as they are where it finds none.
        tight: Cut closely; likewise.
    """

    plain: Pictures
    faces: Pictures
    tight: Pictures


def held_out(data: Path, used: set[str]) -> Held:
    """Clean photographs that are not in the set."""
    rng = np.random.default_rng(77)
    finder = Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())
    plain, faces, tight = [], [], []
    with zipfile.ZipFile(data / "expressions.zip") as archive:
        names = archive.namelist()
        for label in EMOTIONS:
            own = [n for n in names if f"{CLEAN}/{label}/" in n and n.endswith(".webp")]
            taken = 0
            for n in rng.permutation(len(own)):
                content = archive.read(own[int(n)])
                if sha256(content) in used:
                    continue
                image = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
                seen = finder.find(image)
                plain.append((fitted(image, SIDE), label))
                faces.append((seen.crop if seen.crop is not None else plain[-1][0], label))
                tight.append((plain[-1][0] if seen.crop is None else closely(image, seen), label))
                taken += 1
                if taken == HELD:
                    break
    return Held(joined(plain), joined(faces), joined(tight))


def closely(image: Image, face: Face) -> Image:
    """A face cut with ``TIGHT``."""
    height, width = image.shape
    x1, y1, x2, y2 = (v * s for v, s in zip(face.box, (width, height, width, height), strict=True))
    return crop(image, (x1, y1, x2, y2), TIGHT, face.pose[2])


def fine_tuned(base: Path, given: Pictures, test: Pictures) -> NUMBERS:
    """Answers of a base network whose last layer is trained anew."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = make_pipeline(StandardScaler(), LogisticRegression(C=LAST, max_iter=400))
    head.fit(labels.features(base, given.images), given.truth)
    return np.asarray(head.predict(labels.features(base, test.images)), np.int64)


def whole_tuned(base: Path, given: Pictures, test: Pictures, seed: int) -> NUMBERS:
    """Answers of a base network whose layers are all trained on; every tenth picture only validates."""
    from benchmarks.tuning import tuned
    from train.data.datasets import Dataset
    from train.engine.inference import all_evened, predict

    count = len(given.truth)
    split = np.where(np.random.default_rng(seed).permutation(count) % 10 == 0, "validation", "train")
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[given.truth]
    data = Dataset(given.images, targets, given.truth, np.ones(count, bool), split, "small set")
    with tempfile.TemporaryDirectory() as place:
        model, _ = tuned(base, data, Path(place), [*WHOLE, f"seed={seed}"])
    return np.asarray(predict(model, all_evened(test.images, CONTRAST)).argmax(axis=1), np.int64)


def table(truth: NUMBERS, found: NUMBERS) -> NDArray[np.int64]:
    """The confusion matrix: rows the truth, columns the answers."""
    return np.bincount(truth * len(EMOTIONS) + found, minlength=len(EMOTIONS) ** 2).reshape(len(EMOTIONS), -1)


def render(name: str, count: int, matrix: NDArray[np.int64], seconds: float) -> str:
    """One step in Markdown."""
    recall = np.diag(matrix) / matrix.sum(axis=1)
    lines = [f"## {name}", "", f"{count} training pictures, {seconds:.0f} s of one core; accuracy "
             f"{np.trace(matrix) / matrix.sum():.3f}, mean recall {recall.mean():.3f} (N = {matrix.sum()})", "",
             "| | " + " | ".join(EMOTIONS) + " | recall |", "|---" * (len(EMOTIONS) + 2) + "|"]  # fmt: skip
    lines += [f"| {label} | " + " | ".join(map(str, row)) + f" | {recall[n]:.2f} |"
              for n, (label, row) in enumerate(zip(EMOTIONS, matrix.tolist(), strict=True))]  # fmt: skip
    return "\n".join(lines) + "\n"


def gallery(path: Path, test: Pictures, found: NUMBERS) -> None:
    """A wall of 40 random held-out pictures with answer and truth; it shows people, so it is not for publication."""
    rng = np.random.default_rng(3)
    tiles = []
    for n in rng.choice(len(found), 40, replace=False):
        tile = cv2.resize(test.images[n], (120, 120), interpolation=cv2.INTER_CUBIC)
        tile = cv2.copyMakeBorder(tile, 0, 30, 0, 0, cv2.BORDER_CONSTANT, value=255)
        for line, name in enumerate((EMOTIONS[found[n]], f"({EMOTIONS[test.truth[n]]})")):
            cv2.putText(tile, name, (4, 132 + 14 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 0, 1, cv2.LINE_AA)
        tiles.append(tile)
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles[n : n + 10]) for n in range(0, 40, 10)]))


def main() -> None:
    """Trains and measures the steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path, help="folder with expressions.zip")
    parser.add_argument("folder", type=Path, help="the set and record that benchmarks.dirty_set --keep writes")
    parser.add_argument("--base", type=Path, required=True, help="expression model that does not know these sources")
    parser.add_argument("--part", choices=[*NETWORKS, "base"], default="plain", help="the networks to train")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/small-set"), help="folder of the galleries")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # broken pictures are part of the set
    args.out.mkdir(parents=True, exist_ok=True)
    entries = Manifest(args.folder / NAME).entries()
    held = held_out(args.data, {entry.sha256 for entry in entries})
    (on_base if args.part == "base" else from_nothing)(args, entries, held)


def from_nothing(args: argparse.Namespace, entries: list[Entry], held: Held) -> None:
    """Trains a small network on each step."""
    kept = [entry for entry in entries if entry.kept]
    tight = cut(args.folder, kept, TIGHT)
    steps = (
        ("dirty", whole(args.folder, entries), held.plain, False),
        ("cleaned", whole(args.folder, kept), held.plain, False),
        ("cleaned, wrong labels replaced", whole(args.folder, kept + replaced(entries)), held.plain, False),
        ("cleaned, augmented", whole(args.folder, kept), held.plain, True),
        ("cleaned and cropped as the app does", cut(args.folder, kept, CropSpec(SIDE, align=True)), held.faces, False),
        ("cleaned and cropped closely", tight, held.tight, False),
        ("cleaned, cropped closely, augmented", tight, held.tight, True),
    )
    for name, given, test, augmented in steps:
        begun = time.process_time()
        model = trained(NETWORKS[args.part], given, args.steps, args.seed, augmented=augmented)
        found = np.asarray(model.predict(inputs_of(test.images), verbose=0).argmax(axis=1), np.int64)
        report(args.out, f"{args.part} {name}", given, test, found, time.process_time() - begun)


def replaced(entries: list[Entry]) -> list[Entry]:
    """The pictures with a wrong label, under the suggested one."""
    return [replace(entry, label=entry.suggestion) for entry in entries if entry.kind == "wrong label"]


def on_base(args: argparse.Namespace, entries: list[Entry], held: Held) -> None:
    """Measures the base network as it is, with a new last layer, and with all layers trained on."""
    crops = cut(args.folder, [entry for entry in entries if entry.kept], CropSpec(SIDE, align=True))
    net, test = EmotionNet(args.base), held.faces
    none = Pictures(crops.images[:0], crops.truth[:0])
    ways: tuple[tuple[str, Pictures, Callable[[], NUMBERS]], ...] = (
        ("base network as it is", none, lambda: np.array([net.logits(net.prepared(i)).argmax() for i in test.images])),
        ("cleaned, cropped, last layer of the base network", crops, lambda: fine_tuned(args.base, crops, test)),
        ("cleaned, cropped, whole base network", crops, lambda: whole_tuned(args.base, crops, test, args.seed)),
    )
    for name, given, answer in ways:
        begun = time.process_time()
        report(args.out, name, given, test, answer(), time.process_time() - begun)


def report(out: Path, name: str, given: Pictures, test: Pictures, found: NUMBERS, seconds: float) -> None:
    """Prints a step and writes its gallery."""
    print(render(name, len(given.truth), table(test.truth, found), seconds), flush=True)
    gallery(out / f"{name.replace(' ', '_').replace(',', '')}.png", test, found)


if __name__ == "__main__":
    main()
