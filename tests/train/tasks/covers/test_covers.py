"""The cover network's drawings and training, on drawn faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from monitor.networks.covers import CoverNet
from monitor.settings import reader as settings
from monitor.settings.reader import load
from train.cli import main as cli
from train.data import faceset
from train.data.faceset import FaceSet
from train.engine.fit import fit
from train.engine.recipe import HERE, Recipe
from train.engine.task import Export
from train.engine.trainer import Trainer
from train.tasks.covers import network
from train.tasks.covers.canvas import Canvas
from train.tasks.covers.coverings import CLEAR, COVERED, SHARES, SPEC, Coverings, check_coverings, hidden_shares
from train.tasks.covers.drawing import COVERS, HARMLESS
from train.tasks.covers.export import export
from train.tasks.covers.figures import calibration_error, evaluate, figures
from train.tasks.covers.training import CoverTraining
from train.tasks.keypoints.regions import CHECK_LIGHT


@pytest.fixture(autouse=True)
def eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn eyes count as eyes; the eye network does not know them."""
    monkeypatch.setattr(Coverings, "_sees_eyes", lambda self, row: True)


def canvas(faces: FaceSet, row: int) -> Canvas:
    """A drawn face on a square."""
    picture = faces.pictures[row]
    square = np.pad(picture, ((0, picture.shape[1] - picture.shape[0]), (0, 0)), mode="edge")
    return Canvas(square.astype(np.float32), faces.points[row][:17].copy())


def shares(faces: FaceSet, kind: str, count: int = 40) -> np.ndarray:
    """Hidden shares (count, 2) of eyes and mouth of faces with that drawn over them."""
    rng, found = np.random.default_rng(2), []
    for row in range(count):
        face = canvas(faces, row)
        {**COVERS, **HARMLESS}[kind](face, rng)
        found.append(hidden_shares(face))
    return np.array(found)


@pytest.mark.parametrize(("kind", "half"), [("mask", 1), ("scarf", 1), ("sunglasses", 0)])
def test_a_cover_hides_its_half_and_not_the_other(faces: FaceSet, kind: str, half: int) -> None:
    hidden = shares(faces, kind)
    assert (hidden[:, half] >= COVERED).mean() > 0.9
    assert (hidden[:, 1 - half] <= CLEAR).mean() > 0.9


@pytest.mark.parametrize("kind", HARMLESS)
def test_clear_glasses_and_beards_hide_neither(faces: FaceSet, kind: str) -> None:
    hidden = shares(faces, kind)
    assert (hidden < COVERED).mean() > 0.95


def test_hands_are_held_before_the_mouth_the_eyes_and_beside(faces: FaceSet) -> None:
    hidden = shares(faces, "hand", 80) >= COVERED
    assert hidden[:, 0].any()
    assert hidden[:, 1].any()
    assert (~hidden).all(axis=1).any()


def recipe(**changes: str) -> Recipe:
    overrides = {"jitter.regions": "320", "batch": "32", "epochs": "2", "rate": "0.004", "ema": "0.9"} | changes
    return load(Recipe, HERE / "covers.yaml", [f"{k}={v}" for k, v in overrides.items()])


def test_an_epoch_draws_the_same_again_for_the_same_seed_and_no_scarf(
    faces: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.tasks.covers.training.CHECKED", 5)
    task = CoverTraining(faces, recipe())
    one, two = (list(task.batches(3, SPEC.side)) for _ in range(2))
    assert len(one) == task.steps == 10
    assert all(np.array_equal(a, b) for x, y in zip(one, two, strict=True) for a, b in zip(x, y, strict=True))
    assert set(np.unique(np.concatenate([b[1] for b in one]))) <= {-1.0, 0.0, 1.0}
    assert "scarf" in COVERS
    assert "scarf" not in SHARES


def test_figures_of_perfect_answers_are_perfect(faces: FaceSet) -> None:
    made = check_coverings(faces, "validation", 20, CHECK_LIGHT)
    truth = np.stack([c.target for c in made])
    report = figures(np.where(truth == 1, 40.0, -40.0).astype(np.float32), made, 1.0)
    assert report["false"] == report["ece"] == 0.0
    assert report["mask"] == report["sunglasses"] == report["scarf"] == 1.0
    worst = figures(np.where(truth == 1, -40.0, 40.0).astype(np.float32), made, 1.0)
    assert (worst["false"], worst["mask"], worst["ece"]) == (1.0, 0.0, 1.0)


def test_the_calibration_error_is_the_gap_between_probability_and_frequency() -> None:
    truth = np.array([1.0] * 7 + [0.0] * 3, np.float32)
    assert calibration_error(np.full(10, 0.7), truth) == pytest.approx(0.0, abs=1e-6)
    assert calibration_error(np.full(10, 0.9), truth) == pytest.approx(0.2)


def test_a_recipe_for_another_size_is_refused(faces: FaceSet) -> None:
    with pytest.raises(ConfigError, match="side must be 48"):
        CoverTraining(faces, recipe(side="32"))


def test_training_learns_drawn_covers_and_exports_a_model_the_app_reads(
    faces: FaceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.tasks.covers.training.CHECKED", 20)
    monkeypatch.setattr("train.tasks.covers.export.CHECKED", 20)
    monkeypatch.setattr("train.tasks.covers.export.CALIBRATION", 10)
    monkeypatch.setattr("train.tasks.covers.figures.CHECKED", 20)
    monkeypatch.setattr("train.engine.convert.LEAST_AGREEMENT", 0.9)
    chosen = recipe(epochs="6", **{"network.channels": "8-16-16", "network.blocks": "0-0-0"})
    task = CoverTraining(faces, chosen)
    last = fit(task, chosen, tmp_path / "run", resume=False)
    assert last["mask"] > last["false"]
    again = Trainer(settings.load(Recipe, tmp_path / "run" / "recipe.yaml"), network, task)
    again.restore(tmp_path / "run" / "checkpoint.npz")
    model = tmp_path / "covers.tflite"
    card = export(again.averaged, faces, Export(chosen, model, again.history))
    assert card.crop == SPEC
    assert CoverNet(model).card.labels == ("upper", "lower")
    assert evaluate(model, faces, "validation")["mask"] == card.metrics["validation"]["mask"]
    faceset.save(faces, tmp_path / "faces.npz")
    said = ["evaluate", "--model", str(model), "--data", str(tmp_path / "faces.npz"), "--out", str(tmp_path / "out")]
    assert cli.main(said) == 0
