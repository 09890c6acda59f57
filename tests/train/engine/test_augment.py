from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from monitor.faces.crop import to_unit
from train.data.datasets import Dataset
from train.engine.augment import Augment, augment
from train.engine.batches import epoch_batches, fallen, sampling
from train.engine.recipe import Recipe

NOTHING = Augment(
    flip=0, rotate=0, shift=0, zoom=0, aspect=0, light=0, brightness=0, side_light=0, blur=0, noise=0, jpeg=0, erase=0
)
EVERYTHING = Augment(side_light=1, blur=1, noise=1, jpeg=1, erase=1)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_nothing_changes_nothing(drawn: Dataset) -> None:
    out = augment(drawn.images[0], NOTHING, 48, rng())
    assert np.abs(out.astype(int) - drawn.images[0]).max() <= 1


def test_flipped_it_is_the_mirror_image(drawn: Dataset) -> None:
    out = augment(drawn.images[0], dataclasses.replace(NOTHING, flip=1), 48, rng())
    assert np.abs(out.astype(int) - drawn.images[0][:, ::-1]).max() <= 2


@pytest.mark.parametrize("side", [24, 32, 48])
def test_the_result_has_the_requested_side(drawn: Dataset, side: int) -> None:
    for seed in range(40):
        out = augment(drawn.images[seed], EVERYTHING, side, rng(seed))
        assert out.shape == (side, side)
        assert out.dtype == np.uint8


def test_the_same_state_gives_the_same_picture(drawn: Dataset) -> None:
    assert np.array_equal(
        augment(drawn.images[0], EVERYTHING, 48, rng(5)), augment(drawn.images[0], EVERYTHING, 48, rng(5))
    )


def test_an_epoch_depends_on_seed_and_number_alone(drawn: Dataset) -> None:
    recipe = Recipe(batch=32)
    first = list(epoch_batches(drawn, recipe, 3, 32))
    again = list(epoch_batches(drawn, recipe, 3, 32))
    other = list(epoch_batches(drawn, recipe, 4, 32))
    assert len(first) == len(drawn) // 32
    assert all(np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])
    assert first[0][0].shape == (32, 32, 32, 1)
    assert np.abs(first[0][0]).max() <= 1


def test_disturbances_fade_with_the_learning_rate(drawn: Dataset) -> None:
    recipe = Recipe(epochs=10, decay=4, fade=0.5, batch=32, balance=0, augment=EVERYTHING)
    assert [fallen(recipe, epoch) for epoch in (0, 5, 6, 7, 9)] == [0, 0, 0.25, 0.5, 1]
    assert fallen(Recipe(epochs=10), 9) == 0
    half = EVERYTHING.weaker(0.5)
    assert (half.rotate, half.erase, half.flip) == (EVERYTHING.rotate / 2, 0.5, EVERYTHING.flip)
    whole = dataclasses.replace(recipe, fade=1.0, augment=dataclasses.replace(EVERYTHING, flip=0))
    rows = np.random.default_rng([whole.seed, 9]).permutation(len(drawn))[:32]
    plain = to_unit(drawn.images[rows])[..., None]
    assert np.abs(next(epoch_batches(drawn, whole, 9, 48))[0] - plain).max() < 0.01
    assert np.abs(next(epoch_batches(drawn, whole, 5, 48))[0] - plain).max() > 0.5


def test_mixup_mixes_pictures_and_targets_equally(drawn: Dataset) -> None:
    recipe = Recipe(batch=32, augment=dataclasses.replace(NOTHING, mixup=1.0))
    for _, targets in epoch_batches(drawn, recipe, 0, 48):
        assert np.allclose(targets.sum(axis=1), 1, atol=1e-5)
        assert (targets.max(axis=1) < 0.999).any()


def test_a_consumer_that_leaves_early_leaves_no_thread(drawn: Dataset) -> None:
    import threading

    before = threading.active_count()
    batches = epoch_batches(drawn, Recipe(batch=16), 0, 32)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before


def test_an_error_while_making_batches_is_raised(drawn: Dataset) -> None:
    broken = dataclasses.replace(drawn, targets=drawn.targets[:10])
    with pytest.raises(IndexError):
        list(epoch_batches(broken, Recipe(batch=16, balance=0), 0, 32))


def test_balance_draws_rare_classes_more_often() -> None:
    targets = np.eye(2, dtype=np.float32)[[0] * 90 + [1] * 10]
    assert np.allclose(sampling(targets, 0), 0.01)
    assert sampling(targets, 1)[90:].sum() == pytest.approx(0.5)
    assert 0.1 < sampling(targets, 0.3)[90:].sum() < 0.5
