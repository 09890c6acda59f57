"""The eye network's data and training, on drawn eyes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.networks.eyes import EyeNet
from monitor.settings import reader as settings
from monitor.settings.reader import load
from train.data import eyeset
from train.data.eyeset import INNER, PATCH, SPEC, EyeSet
from train.engine.fit import fit
from train.engine.recipe import HERE, Recipe
from train.engine.task import Export
from train.engine.trainer import Trainer
from train.tasks.eyes import network
from train.tasks.eyes.export import export
from train.tasks.eyes.figures import evaluate, figures
from train.tasks.eyes.training import EyeTraining


def eye(opened: bool, rng: np.random.Generator, side: int = PATCH) -> np.ndarray:
    """A drawn eye in the middle of a patch."""
    image = np.full((side, side), int(rng.integers(110, 190)), np.uint8)
    middle, width = side // 2, int(side * 0.19)
    if opened:
        cv2.ellipse(image, (middle, middle), (width, width // 2), 0, 0, 360, 230, -1, cv2.LINE_AA)
        cv2.circle(image, (middle, middle), width // 2, int(rng.integers(20, 70)), -1, cv2.LINE_AA)
    else:
        cv2.ellipse(image, (middle, middle), (width, width // 3), 0, 10, 170, 50, 2, cv2.LINE_AA)
    return image


@pytest.fixture(scope="module")
def data() -> EyeSet:
    rng = np.random.default_rng(1)
    count = 240
    opened = np.arange(count) % 2 == 0
    source = np.array(["mrl", "cew", "faces", "none"])[np.arange(count) // 2 % 4]
    visible = source != "none"
    flat = [np.full((PATCH, PATCH), v, np.uint8) for v in rng.integers(60, 200, count)]
    images = [eye(bool(o), rng) if v else flat[n] for n, (o, v) in enumerate(zip(opened, visible, strict=True))]
    split = np.where(np.arange(count) % 5 == 0, "validation", "train")
    person = np.array([f"p{n // 10}" for n in range(count)])
    return EyeSet(
        np.stack(images), np.where(visible, opened, 0).astype(np.float32), visible.astype(np.float32), source, person,
        split, "drawn",
    )  # fmt: skip


def recipe(**changes: str) -> Recipe:
    overrides = {"jitter.regions": "192", "batch": "32", "epochs": "2", "rate": "0.004", "ema": "0.9"} | changes
    return load(Recipe, HERE / "eyes.yaml", [f"{k}={v}" for k, v in overrides.items()])


def test_both_eyes_of_a_person_are_of_one_split() -> None:
    assert eyeset.person_of("eyes/cew/open/Abdel_Madi_0001_L.jpg") == ("cew", "Abdel_Madi")
    assert eyeset.person_of("eyes/cew/closed/closed_eye_0012.jpg_face_1_R.jpg") == ("cew", "closed 0012")
    assert eyeset.person_of("eyes/mrl/open/s0012_00004_0_0_0_0_0_01.png") == ("mrl", "s0012")
    assert eyeset.person_of("eyes/kaggle/open/_7.png") == ("kaggle", "_7.png")
    assert eyeset.held_out("mrl", "s0007")
    shares = [np.mean([eyeset.held_out("cew", f"closed {n:04d}") for n in range(1000)])]
    assert shares[0] == pytest.approx(1 / 6, abs=0.05)


def test_the_middle_of_a_patch_equals_the_apps_crop() -> None:
    patch = eye(True, np.random.default_rng(0))
    edge = (PATCH - INNER) // 2
    assert eyeset.middle(patch[None]).shape == (1, SPEC.side, SPEC.side)
    inner = cv2.resize(patch[edge:-edge, edge:-edge], (SPEC.side, SPEC.side), interpolation=cv2.INTER_AREA)
    assert np.array_equal(eyeset.middle(patch[None])[0], inner)


def test_an_archive_of_eyes_is_read_and_broken_pictures_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "eyes.zip", "w") as out:
        for name, opened in (("mrl/open/s0001_1.png", True), ("cew/closed/closed_eye_0003.jpg_face_1_L.jpg", False)):
            out.writestr(f"eyes/{name}", cv2.imencode(".png", eye(opened, rng, 24))[1].tobytes())
        out.writestr("eyes/mrl/open/s0001_2.png", b"not a picture")
    rows = eyeset._Rows()
    rows.archive(tmp_path / "eyes.zip")
    made = rows.finish("x")
    assert rows.skipped == 1
    assert sorted(zip(made.source, made.opened, strict=True)) == [("cew", 0.0), ("mrl", 1.0)]
    with pytest.raises(ConfigError, match="readable zip"):
        rows.archive(tmp_path / "none.zip")


def test_a_packed_set_is_read_back_completely(data: EyeSet, tmp_path: Path) -> None:
    eyeset.save(data, tmp_path / "e.npz")
    again = eyeset.load(tmp_path / "e.npz")
    assert np.array_equal(again.images, data.images)
    assert np.array_equal(again.person, data.person)
    (tmp_path / "bad.npz").write_bytes(io.BytesIO(b"PK\x03\x04 rubbish").getvalue())
    with pytest.raises(ConfigError, match="prepare --task eyes"):
        eyeset.load(tmp_path / "bad.npz")


def test_a_covered_eye_is_not_visible_and_does_not_train_openness(data: EyeSet) -> None:
    task = EyeTraining(data, recipe())
    batches = list(task.batches(0, SPEC.side))
    assert len(batches) == task.steps == 6
    images, _targets = batches[0]
    assert images.shape == (32, 32, 32, 1)
    assert images.min() >= -1
    assert images.max() <= 1
    every = np.concatenate([t for _, t in batches])
    assert set(np.unique(every[:, 1])) == {0.0, 1.0}
    # The openness of invisible eyes does not count in the loss.
    logits = np.array([[9.0, 0.0], [-9.0, 0.0]], np.float32)
    hidden = np.array([[0.0, 0.0], [1.0, 0.0]], np.float32)
    assert float(task.loss(logits, hidden)) == pytest.approx(0.5 * np.log(2), rel=1e-3)


def test_an_epoch_draws_the_same_again_for_the_same_seed(data: EyeSet) -> None:
    one, two = (next(iter(EyeTraining(data, recipe()).batches(3, SPEC.side))) for _ in range(2))
    assert np.array_equal(one[0], two[0])


def test_figures_weigh_each_subject_equally(data: EyeSet) -> None:
    rows = np.flatnonzero(data.split == "validation")
    truth = np.stack([data.opened[rows] - 0.5, data.visible[rows] - 0.5], axis=1)
    report = figures(truth, data, rows)
    assert report["mrl"] == report["cew"] == report["faces"] == report["visible"] == 1.0
    assert report["ghosts"] == 0.0
    assert figures(-truth, data, rows)["mrl"] == 0.0


def test_a_recipe_for_another_size_is_refused(data: EyeSet) -> None:
    with pytest.raises(ConfigError, match="side must be 32"):
        EyeTraining(data, recipe(side="48"))


def test_training_learns_drawn_eyes_and_exports_a_model_the_app_reads(data: EyeSet, tmp_path: Path) -> None:
    chosen = recipe(epochs="12", **{"network.channels": "8-16-16", "network.blocks": "0-0-0"})
    task = EyeTraining(data, chosen)
    last = fit(task, chosen, tmp_path / "run", resume=False)
    assert last["mrl"] >= 0.9
    again = Trainer(settings.load(Recipe, tmp_path / "run" / "recipe.yaml"), network, task)
    again.restore(tmp_path / "run" / "checkpoint.npz")
    card = export(again.averaged, data, Export(chosen, tmp_path / "eyes.tflite", again.history))
    assert card.metrics["int8_agreement"] >= 0.98
    net = EyeNet(tmp_path / "eyes.tflite")
    rng = np.random.default_rng(5)
    opened, shut = (net.logits(eyeset.middle(eye(o, rng)[None])[0])[0] for o in (True, False))
    assert opened > shut
    assert evaluate(tmp_path / "eyes.tflite", data, "validation")["cew"] >= 0.9
