"""Training expressions: teachers, crops without labels, validation."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.core.errors import ConfigError
from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.fit import predict
from train.engine.network import build
from train.tasks.expression import task as expression
from train.tasks.expression.task import ExpressionTask, answers, taught


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
    (tmp_path / "recipe.yaml").write_text("task: keypoints\n")
    with pytest.raises(ConfigError, match="was trained for keypoints, not for expression"):
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

    monkeypatch.setattr("train.tasks.expression.task.predict", answers)
    task = ExpressionTask(drawn, TINY)
    for side in (24, 48):
        task.validate(build((8, 16), (1, 1), 0.0), side)
    assert shapes == [(24, 24), (48, 48)]
