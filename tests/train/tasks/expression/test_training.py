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
from train.engine.inference import predict
from train.tasks.expression import network, targets
from train.tasks.expression.targets import answers, smoothed, taught
from train.tasks.expression.training import ExpressionTraining


def test_teachers_answers_are_mixed_into_the_targets(run: Path, drawn: Dataset) -> None:
    training = drawn.part("train")
    learner = dataclasses.replace(TINY, teachers=f"{run}, {run}", taught=0.5)
    mixed = taught(training, learner).targets
    assert np.allclose(mixed.sum(axis=1), 1, atol=1e-5)
    alone = taught(training, dataclasses.replace(learner, taught=1.0)).targets
    assert np.allclose(mixed, 0.5 * alone + 0.5 * training.targets, atol=1e-5)
    assert (alone.argmax(axis=1) == training.truth).mean() > 0.6
    assert taught(training, TINY) is training
    with pytest.raises(ConfigError, match="nowhere is not a training run"):
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
    task = ExpressionTraining(drawn, learner, more.images)
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

    monkeypatch.setattr(targets, "predict", counted)
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


def test_missing_validation_rows_and_foreign_teachers_are_reported(drawn: Dataset, tmp_path: Path) -> None:
    unclear = dataclasses.replace(drawn, truth=np.where(drawn.split == "validation", -1, drawn.truth))
    with pytest.raises(ConfigError, match="no row of the split 'validation' has a clear answer"):
        ExpressionTraining(unclear, TINY)
    (tmp_path / "recipe.yaml").write_text("task: keypoints\n")
    with pytest.raises(ConfigError, match="was trained for keypoints, not for expression"):
        taught(drawn, dataclasses.replace(TINY, teachers=str(tmp_path)))


def test_another_side_than_the_crops_gives_one_line(drawn: Dataset) -> None:
    with pytest.raises(ConfigError, match=r"side must be 48 for the task expression \(got 64\)"):
        ExpressionTraining(drawn, dataclasses.replace(TINY, side=64))


def test_too_little_data_gives_one_line(drawn: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than batch=16"):
        ExpressionTraining(drawn.take(np.arange(12)), TINY)


def test_validation_is_done_at_the_side_trained_on(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def answers(model: object, images: np.ndarray) -> np.ndarray:
        shapes.append(images.shape[1:])
        return np.zeros((len(images), 7), np.float32)

    monkeypatch.setattr("train.tasks.expression.training.predict", answers)
    task = ExpressionTraining(drawn, TINY)
    for side in (24, 48):
        task.validate(network.build(TINY), side)
    assert shapes == [(24, 24), (48, 48)]


def two_sources(drawn: Dataset) -> Dataset:
    """The drawn faces as FER2013's and another set's, of which neutral is common in the first one only."""
    source = np.where(np.arange(len(drawn)) % 8 < 4, "fer", "other")
    rare = (source == "other") & (drawn.truth == 6) & (np.arange(len(drawn)) % 10 != 5)
    return dataclasses.replace(drawn, source=source).take(~rare)


def test_the_loss_knows_the_prior_of_each_source(drawn: Dataset) -> None:
    data = two_sources(drawn)
    task = ExpressionTraining(data, dataclasses.replace(TINY, balance=0.0, adjusted=1.0))
    fer, other = task.prior("fer"), task.prior("other")
    assert fer is not None
    assert other is not None
    assert fer[6] > other[6] + 0.5
    assert np.exp(other).sum() == pytest.approx(1, abs=1e-3)
    _, targets, offsets = next(iter(task.batches(0, 48)))
    assert offsets.shape == targets.shape
    flat = np.zeros_like(targets)
    rare, common = (np.eye(7, dtype=np.float32)[[label] * len(targets)] for label in (6, 0))
    # At equal logits a class that is rare in the source has the larger loss, so learning it must rest on the picture.
    assert task.loss(flat, rare, flat + other) > task.loss(flat, common, flat + other)
    assert float(task.loss(flat, rare)) == pytest.approx(float(task.loss(flat, common)))


def test_a_balanced_run_starts_without_the_prior_of_the_run_before(drawn: Dataset) -> None:
    data = two_sources(drawn)
    task = ExpressionTraining(data, dataclasses.replace(TINY, adjusted=1.0))
    model = network.build(TINY)
    before = model.get_layer("logits").bias.numpy()
    task.adapt(model, dataclasses.replace(TINY, adjusted=1.0))
    assert np.array_equal(model.get_layer("logits").bias.numpy(), before)
    task.adapt(model, dataclasses.replace(TINY, balance=0.0))
    moved = model.get_layer("logits").bias.numpy() - before
    assert moved.sum() == pytest.approx(0, abs=1e-5)
    prior = np.bincount(data.of("fer").part("train").truth) / len(data.of("fer").part("train"))
    assert np.allclose(moved, -(np.log(prior) - np.log(prior).mean()), atol=1e-5)


def test_each_source_is_validated_alone(drawn: Dataset) -> None:
    task = ExpressionTraining(two_sources(drawn), dataclasses.replace(TINY, adjusted=1.0))
    figures = task.validate(network.build(TINY), 48)
    assert figures["sources_mean_recall"] == pytest.approx(
        (figures["fer_recall"] + figures["other_recall"]) / 2, abs=1e-4
    )
    assert "fer_own_prior" in figures
    assert "fer_recall" not in ExpressionTraining(drawn, TINY).validate(network.build(TINY), 48)


def test_single_labels_are_smoothed_and_votes_are_not(drawn: Dataset) -> None:
    data = two_sources(drawn)
    votes = data.targets.copy()
    votes[data.source == "fer"] = 0.9 * votes[data.source == "fer"] + 0.1 / 7
    soft = smoothed(dataclasses.replace(data, targets=votes), 0.14).targets
    assert np.array_equal(soft[data.source == "fer"], votes[data.source == "fer"])
    assert soft[data.source == "other"].max() == pytest.approx(0.88)
    assert soft[data.source == "other"].min() == pytest.approx(0.02)


def test_a_teacher_of_one_set_answers_for_that_set_alone(run: Path, drawn: Dataset) -> None:
    training = two_sources(drawn).part("train")
    learner = dataclasses.replace(TINY, teachers=str(run), taught=1.0)
    mixed = taught(training, learner).targets
    other = training.source == "other"
    assert np.array_equal(mixed[other], training.targets[other])
    assert not np.allclose(mixed[~other], training.targets[~other], atol=1e-3)


def test_labels_that_the_teachers_contradict_give_way_to_their_answer(run: Path, drawn: Dataset) -> None:
    training = two_sources(drawn).part("train")
    data = dataclasses.replace(training, source=np.full(len(training), "fer"))
    answers_of = taught(data, dataclasses.replace(TINY, teachers=str(run), taught=1.0)).targets
    wrong = np.flatnonzero((answers_of.max(axis=1) > 0.8) & (answers_of.argmax(axis=1) == data.truth))[:5]
    truth = data.truth.copy()
    truth[wrong] = (truth[wrong] + 1) % 7
    noisy = dataclasses.replace(data, truth=truth, targets=np.eye(7, dtype=np.float32)[truth])
    made = taught(noisy, dataclasses.replace(TINY, teachers=str(run), taught=0.0, doubted=1.0)).targets
    assert np.allclose(made[wrong], answers_of[wrong], atol=1e-5)
    untouched = (made == noisy.targets).all(axis=1)
    assert untouched.mean() > 0.8


def test_a_source_that_is_left_out_is_validated_on_but_not_learnt(drawn: Dataset) -> None:
    data = two_sources(drawn)
    task = ExpressionTraining(data, dataclasses.replace(TINY, left_out="other"))
    assert task.training.sources == ["fer"]
    assert task.validation.sources == ["fer", "other"]
    with pytest.raises(ConfigError, match="left_out: web is no source of drawn; it has: fer, other"):
        ExpressionTraining(data, dataclasses.replace(TINY, left_out="other, web"))
