"""Training expressions: teachers, crops without labels, validation."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.errors import ConfigError
from tests.train.conftest import TINY
from train import expression
from train.datasets import Dataset
from train.expression import ExpressionTask, answers, offsets, take_off, taught
from train.fit import load_trained, predict
from train.network import build


def test_teachers_answers_are_mixed_into_the_targets(run: Path, drawn: Dataset) -> None:
    training = drawn.part("train")
    learner = dataclasses.replace(TINY, teachers=f"{run}, {run}", taught=0.5)
    mixed = taught(training, learner).targets
    assert np.allclose(mixed.sum(axis=1), 1, atol=1e-5)
    alone = taught(training, dataclasses.replace(learner, taught=1.0)).targets
    assert np.allclose(mixed, 0.5 * alone + 0.5 * training.targets, atol=1e-5)
    assert (alone.argmax(axis=1) == training.truth).mean() > 0.6
    assert taught(training, TINY) is training
    with pytest.raises(ConfigError, match="nowhere is no training run"):
        taught(training, dataclasses.replace(TINY, teachers="nowhere"))


def test_crops_without_a_label_are_learnt_from_the_teachers_alone(run: Path, drawn: Dataset) -> None:
    training, more = drawn.part("train"), drawn.part("validation")
    learner = dataclasses.replace(TINY, teachers=str(run), taught=0.5)
    both = taught(training, learner, more.images)
    assert len(both) == len(training) + len(more)
    assert np.array_equal(both.targets[: len(training)], taught(training, learner).targets)
    answers = both.targets[len(training) :]
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == more.truth).mean() > 0.6
    task = ExpressionTask(drawn, learner, more.images)
    assert len(task.training) == len(both)
    assert task.steps == len(both) // learner.batch
    with pytest.raises(ConfigError, match="needs teachers"):
        taught(training, TINY, more.images)


def test_a_teachers_answers_are_kept_until_it_or_the_crops_change(
    run: Path, drawn: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Path(shutil.copytree(run, tmp_path / "teacher"))
    for old in teacher.glob("answers-*"):
        old.unlink()
    asked: list[int] = []

    def counted(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        asked.append(len(images))
        return predict(model, images)

    monkeypatch.setattr(expression, "predict", counted)
    few = drawn.images[:5]
    first = answers(teacher, few)
    assert np.array_equal(answers(teacher, few), first)
    assert asked == [5, 5]  # each crop and its mirror image, once
    (kept,) = teacher.glob("answers-*.npy")
    kept.write_bytes(kept.read_bytes()[:40])
    assert np.array_equal(answers(teacher, few), first)
    answers(teacher, drawn.images[1:6])
    assert len(asked) == 6
    recipe = teacher / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("contrast: 0.0", "contrast: 40.0"))
    assert not np.array_equal(answers(teacher, few), first)
    assert len(asked) == 8


def test_without_anything_to_validate_on_or_with_another_tasks_teacher_it_says_so(
    drawn: Dataset, tmp_path: Path
) -> None:
    unclear = dataclasses.replace(drawn, truth=np.where(drawn.split == "validation", -1, drawn.truth))
    with pytest.raises(ConfigError, match="no row of the split 'validation' has a clear answer"):
        ExpressionTask(unclear, TINY)
    (tmp_path / "recipe.yaml").write_text("task: landmarks\n")
    with pytest.raises(ConfigError, match="was trained for landmarks, not for expression"):
        taught(drawn, dataclasses.replace(TINY, teachers=str(tmp_path)))


def test_another_side_than_the_crops_is_one_line(drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match=r"side must be 48 for the task expression \(got 64\)"):
        ExpressionTask(drawn, dataclasses.replace(TINY, side=64))


def test_too_little_data_is_one_line(drawn: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than batch=16"):
        ExpressionTask(drawn.take(np.arange(12)), TINY)


def test_validation_is_done_at_the_side_trained_on(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def answers(model: object, images: np.ndarray) -> np.ndarray:
        shapes.append(images.shape[1:])
        return np.zeros((len(images), 7), np.float32)

    monkeypatch.setattr("train.expression.predict", answers)
    task = ExpressionTask(drawn, TINY)
    for side in (24, 48):
        task.validate(build((8, 16), (1, 1), 0.0), side)
    assert shapes == [(24, 24), (48, 48)]


def test_the_rarer_an_expression_the_more_readily_it_is_named() -> None:
    targets = np.repeat(np.eye(7, dtype=np.float32), [60, 1, 2, 20, 9, 7, 1], axis=0)
    amounts = offsets(targets, 0.5)
    assert amounts.argmin() in (1, 6)
    assert amounts.argmax() == 0
    assert amounts[0] - amounts[3] == pytest.approx(0.5 * np.log(60 / 20), rel=1e-4)
    assert amounts.mean() == pytest.approx(0, abs=1e-6)
    assert not offsets(targets, 0.0).any()
    never = offsets(targets[61:99], 1.0)  # nothing was learnt of what has no example: it is not favoured
    assert never[0] == never[1] == never[6] == 0
    assert never[[2, 3, 4, 5]].mean() == pytest.approx(0, abs=1e-6)
    assert never.argmin() == 2


def test_what_is_taken_off_is_in_the_network_that_is_exported_and_in_the_figures_of_its_training(
    run: Path, drawn: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    adjusted = dataclasses.replace(TINY, adjust=0.4)
    common = drawn.take(np.flatnonzero((drawn.truth == 3) | (np.arange(len(drawn)) % 12 < 4)))
    task, model = ExpressionTask(common, adjusted), load_trained(run, TINY)
    assert task.offsets.argmax() == 3
    before = predict(model, common.images)
    seen: list[np.ndarray] = []

    def watched(logits: np.ndarray, truth: np.ndarray) -> float:
        seen.append(logits)
        return 0.5

    monkeypatch.setattr("train.expression.accuracy", watched)
    validated = predict(model, task.validation.images)
    task.validate(model, 48)
    assert np.allclose(seen[0], validated - task.offsets, atol=1e-5)
    take_off(model, task.offsets)
    assert np.allclose(predict(model, common.images), before - task.offsets, atol=1e-4)
