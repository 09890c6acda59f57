from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture import demo_art
from monitor.core.labels import EMOTIONS
from monitor.faces.crop import CropSpec, crop
from monitor.networks.keypoints import POINTS
from train.data.datasets import Dataset
from train.data.faceset import FaceSet, Pictures
from train.engine.augment import Augment, augment
from train.engine.recipe import Network, Recipe

TINY = Recipe(
    epochs=8, small_epochs=2, small_side=24, batch=16, balance=0.3, ema=0.9, rate=0.01,
    network=Network("8-16-32", "1-1-1", 0.0), augment=Augment(flip=0, erase=0, blur=0, rotate=5),
)  # fmt: skip


@pytest.fixture(autouse=True)
def uncompiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trains without XLA, whose compilation takes longer than these tests; ``compiled`` asks for it."""
    trainer = sys.modules.get("train.engine.trainer")  # not imported here: only some tests need TensorFlow
    if trainer is not None and "compiled" not in request.keywords:
        monkeypatch.setattr(trainer, "COMPILE", False)


@pytest.fixture(scope="session")
def drawn() -> Dataset:
    """A data set of the demo's average faces, disturbed: 60 crops of each expression."""
    rng = np.random.default_rng(7)
    images, truth = [], []
    faces = demo_art.faces()
    for label in range(len(EMOTIONS)):
        for n in range(60):
            face = faces[n % 2, label]
            small = crop(face, (0, 0, face.shape[1], face.shape[0]), CropSpec(48, 0.0, 0.0))
            images.append(augment(small, Augment(flip=0, erase=0), 48, rng))
            truth.append(label)
    labels = np.array(truth, dtype=np.int64)
    split = np.where(np.arange(len(labels)) % 4 == 0, "validation", "train")
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return Dataset(np.stack(images), targets, labels, np.ones(len(labels), bool), split, "drawn")


def drawn_face(cx: float, cy: float, size: float) -> tuple[np.ndarray, np.ndarray]:
    """A drawn head in a 120×160 picture and its 19 points."""
    image = np.full((120, 160), 90, np.uint8)
    rng = np.random.default_rng(int(cx * 7 + cy))
    image += rng.integers(0, 30, image.shape, dtype=np.uint8)

    def at(dx: float, dy: float) -> tuple[float, float]:
        return cx + dx * size, cy + dy * size

    whole = tuple(round(v) for v in at(0, 0))
    cv2.ellipse(image, whole, (round(0.48 * size), round(0.55 * size)), 0, 0, 360, 200, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(image, tuple(round(v) for v in at(side * 0.2, -0.12)), round(0.07 * size), 30, -1, cv2.LINE_AA)
    mouth = tuple(round(v) for v in at(0, 0.27))
    cv2.ellipse(image, mouth, (round(0.16 * size), round(0.05 * size)), 0, 0, 360, 60, -1, cv2.LINE_AA)
    places = {
        "r_eye_out": (-0.27, -0.12), "r_eye_in": (-0.13, -0.12), "r_eye_top": (-0.2, -0.17), "r_eye_bot": (-0.2, -0.07),
        "l_eye_in": (0.13, -0.12), "l_eye_out": (0.27, -0.12), "l_eye_top": (0.2, -0.17), "l_eye_bot": (0.2, -0.07),
        "r_iris": (-0.2, -0.12), "l_iris": (0.2, -0.12), "nose": (0.0, 0.08), "mouth_r": (-0.16, 0.27),
        "mouth_l": (0.16, 0.27), "lip_top": (0.0, 0.22), "lip_bot": (0.0, 0.32),
        "chin": (0.0, 0.55), "brow": (0.0, -0.55),
    }  # fmt: skip
    points = [at(*places[name]) for name in POINTS]
    points += [at(-0.48, -0.55), at(0.48, 0.55)]
    return image, np.array(points, np.float32)


def origins(count: int) -> np.ndarray:
    """Where drawn faces come from."""
    return np.array([f"drawn/{n}.png" for n in range(count)])


@pytest.fixture(scope="session")
def faces() -> FaceSet:
    rng = np.random.default_rng(4)
    images, points, windows = [], [], []
    for n in range(80):
        size = float(rng.uniform(45, 70))
        image, keypoints = drawn_face(float(rng.uniform(45, 110)), float(rng.uniform(45, 75)), size)
        images.append(image)
        points.append(keypoints)
        windows.append((n, 0.0 if keypoints[0, 0] > 70 else 110.0, 0.0, 40.0))
    split = np.where(np.arange(80) % 4 == 0, "validation", "train")
    source = np.array(["fer", "faces", "driver", "faces"] * 20)
    source[split == "validation"] = "faces"
    return FaceSet(
        Pictures.pack(images), np.arange(80), np.stack(points), np.zeros((80, 3), np.float32),
        np.full((80, 3), 0.3, np.float32), source, split, origins(80), np.array(windows, np.float32), split.copy(),
        np.arange(80) % 2 == 0, "drawn",
    )  # fmt: skip


@pytest.fixture(scope="session")
def run(drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network trained on them. TensorFlow is imported by the tests that train, not by all."""
    from train.engine.fit import fit
    from train.tasks.expression.training import ExpressionTraining

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.engine.trainer.COMPILE", False)
        fit(ExpressionTraining(drawn, TINY), TINY, folder, resume=False)
    return folder


@pytest.fixture(scope="session")
def exported(run: Path, drawn: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That network as an int8 model with its card."""
    from train.engine.task import Export
    from train.engine.trainer import load_trained
    from train.tasks.expression import network
    from train.tasks.expression.export import export

    out = tmp_path_factory.mktemp("models") / "tiny.tflite"
    with pytest.MonkeyPatch.context() as patch:
        # A few epochs leave crops on the fence, where one int8 step decides; the gate itself is tested below.
        patch.setattr("train.engine.convert.LARGEST_LOSS", 0.05)
        patch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.9)
        export(load_trained(run, TINY, network), drawn, Export(TINY, out, []))
    return out
