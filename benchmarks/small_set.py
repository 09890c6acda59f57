"""The worth of each step from a scraped set to a model: dirty, cleaned, cropped, augmented, fine-tuned.

    python -m benchmarks.dirty_set ../shared/data /tmp/other --keep /tmp/dirty
    python -m benchmarks.small_set ../shared/data /tmp/dirty --base emotion-0.1.0.tflite --out /tmp/small

The same small network is trained from nothing with the same number of steps on the dirty set of ``dirty_set``, on what
``emotion-train clean`` keeps of it, on the app's crops of that, and on augmented crops. The last step takes a base
network and trains only its last layer on the crops. All are measured on photographs of RAF-DB, the source with clean
labels, that are not in the set. The base network must not know these sources: the shipped one does, that of version
0.1.0 (``git show 9e917c5:models/emotion.tflite``, and the .json) does not.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.capture.picture import read_picture
from monitor.core.labels import EMOTIONS
from monitor.core.types import Image
from monitor.faces.crop import CropSpec, crop
from monitor.networks.card import find_model
from monitor.networks.emotion import EmotionNet
from monitor.networks.keypoints import KeypointNet
from monitor.system.digest import sha256
from train.clean import labels
from train.clean.faces import Faces
from train.clean.manifest import NAME, Entry, Manifest
from train.data.crops import SIDE, fitted
from train.reports.predict import FaceFinder

CHANNELS = (16, 32, 64, 96)
BATCH, RATE, DROPOUT = 32, 0.002, 0.3
DECAY, AVERAGE = 0.02, 0.99
INPUT = 32
"""Side in pixels of the network's input; a half of the time of 48 pixels."""
HELD = 80
"""Held-out pictures of a class."""
CLEAN = "rafdb"
"""The source whose labels are clean: 40 annotators each."""
NUMBERS = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Network inputs (N, 48, 48) uint8 and their labels (N,)."""

    images: NDArray[np.uint8]
    truth: NUMBERS


def joined(found: list[tuple[Image, str]]) -> Pictures:
    """Pictures with the names of their classes."""
    return Pictures(np.stack([i for i, _ in found]), np.array([EMOTIONS.index(name) for _, name in found]))


def whole(folder: Path, entries: list[Entry]) -> Pictures:
    """The pictures as they are, shrunk; what cannot be decoded is left out."""
    found = [(read_picture(folder / entry.path, gray=True), entry.final_label) for entry in entries]
    return joined([(fitted(image, SIDE), name) for image, name in found if image is not None])


def cut(folder: Path, entries: list[Entry]) -> Pictures:
    """The faces as the app cuts them, by the boxes of the record."""
    out = []
    for entry in entries:
        image, seen = read_picture(folder / entry.path, gray=True), json.loads(entry.details)
        if image is not None and "box" in seen:
            height, width = image.shape
            x1, y1, x2, y2 = (v * s for v, s in zip(seen["box"], (width, height, width, height), strict=True))
            spec = CropSpec(SIDE, align=True)
            out.append((crop(image, (x1, y1, x2, y2), spec, seen.get("roll", 0.0)), entry.final_label))
    return joined(out)


def held_out(data: Path, used: set[str]) -> tuple[Pictures, Pictures]:
    """Clean photographs that are not in the set: as they are, and as the app cuts their faces (where it finds one)."""
    rng = np.random.default_rng(77)
    finder = Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())
    plain, faces = [], []
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
                seen = finder.find(image).crop
                plain.append((fitted(image, SIDE), label))
                faces.append((seen if seen is not None else plain[-1][0], label))
                taken += 1
                if taken == HELD:
                    break
    return joined(plain), joined(faces)


def trained(given: Pictures, steps: int, seed: int, *, augmented: bool) -> Any:
    """The small network, trained from nothing."""
    import keras
    from keras import layers

    from train.engine.network import stages

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((INPUT, INPUT, 1))
    x = layers.GlobalAveragePooling2D()(stages(inputs, (CHANNELS, (0,) * len(CHANNELS)), 3))
    model = keras.Model(inputs, layers.Dense(len(EMOTIONS))(layers.Dropout(DROPOUT)(x)))
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY, use_ema=True, ema_momentum=AVERAGE)
    model.compile(optimizer, loss)
    for images, truth in batches(given, steps, seed, augmented=augmented):
        model.train_on_batch(images, truth)
    optimizer.finalize_variable_values(model.trainable_variables)
    return model


def batches(
    given: Pictures, steps: int, seed: int, *, augmented: bool
) -> Iterator[tuple[NDArray[np.float32], NUMBERS]]:
    """Random batches."""
    from train.engine.augment import augment
    from train.engine.recipe import load

    rng = np.random.default_rng(seed)
    how = load("quick", []).augment
    for _ in range(steps):
        rows = rng.integers(0, len(given.images), BATCH)
        images = given.images[rows]
        if augmented:
            images = np.stack([augment(image, how, SIDE, rng) for image in images])
        yield inputs_of(images), given.truth[rows]


def inputs_of(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Network inputs (N, INPUT, INPUT, 1) with the contrast of each picture evened."""
    small = [cv2.resize(image, (INPUT, INPUT), interpolation=cv2.INTER_AREA) for image in images]
    values = np.stack(small).astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    return np.asarray(values / (values.std(axis=(1, 2), keepdims=True) + 8) / 2, np.float32)[..., None]


def fine_tuned(base: Path, given: Pictures, test: Pictures) -> NUMBERS:
    """Answers of a base network whose last layer is trained anew."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = make_pipeline(StandardScaler(), LogisticRegression(C=labels.STRENGTH, max_iter=400))
    head.fit(labels.features(base, given.images), given.truth)
    return np.asarray(head.predict(labels.features(base, test.images)), np.int64)


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
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/small-set"), help="folder of the galleries")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # broken pictures are part of the set
    args.out.mkdir(parents=True, exist_ok=True)
    entries = Manifest(args.folder / NAME).entries()
    kept = [entry for entry in entries if entry.kept]
    plain, faces = held_out(args.data, {entry.sha256 for entry in entries})
    crops = cut(args.folder, kept)
    steps = (
        ("dirty", whole(args.folder, entries), plain, False), ("cleaned", whole(args.folder, kept), plain, False),
        ("cleaned and cropped", crops, faces, False), ("cleaned, cropped, augmented", crops, faces, True),
    )  # fmt: skip
    for name, given, test, augmented in steps:
        begun = time.process_time()
        model = trained(given, args.steps, args.seed, augmented=augmented)
        found = np.asarray(model.predict(inputs_of(test.images), verbose=0).argmax(axis=1), np.int64)
        report(args.out, name, given, test, found, time.process_time() - begun)
    begun = time.process_time()
    net = EmotionNet(args.base)
    answers = [int(net.logits(net.prepared(image)).argmax()) for image in faces.images]
    none = Pictures(crops.images[:0], crops.truth[:0])
    report(args.out, "base network as it is", none, faces, np.array(answers), time.process_time() - begun)
    begun = time.process_time()
    found = fine_tuned(args.base, crops, faces)
    report(args.out, "cleaned, cropped, last layer of the base network trained", crops, faces, found,
           time.process_time() - begun)  # fmt: skip


def report(out: Path, name: str, given: Pictures, test: Pictures, found: NUMBERS, seconds: float) -> None:
    """Prints a step and writes its gallery."""
    print(render(name, len(given.truth), table(test.truth, found), seconds), flush=True)
    gallery(out / f"{name.replace(' ', '_').replace(',', '')}.png", test, found)


if __name__ == "__main__":
    main()
