"""The networks: what they cost, and growing one from a smaller one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import ConfigError
from tests.train.conftest import TINY
from train.datasets import Dataset
from train.fit import Trainer, load_trained, predict
from train.network import build, cost, grow, strength, weighted
from train.shape import Shape


def test_a_network_that_grows_starts_with_the_answers_it_had(run: Path, drawn: Dataset) -> None:
    more = "-".join(str(n + 1) for n in TINY.network.shape().blocks)
    grown = Trainer(dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, blocks=more)))
    grown.start_from(run)
    before = predict(load_trained(run, TINY), drawn.images[:40])
    assert np.allclose(predict(grown.averaged, drawn.images[:40]), before, atol=1e-5)
    assert np.allclose(predict(grown.model, drawn.images[:40]), before, atol=1e-5)
    assert grown.model.count_params() > Trainer(TINY).model.count_params()
    eyes = dataclasses.replace(TINY, task="eyes", side=32)
    with pytest.raises(ConfigError, match="cannot be used"):
        Trainer(eyes).start_from(run)


def test_a_block_that_becomes_narrower_keeps_the_channels_that_matter(run: Path, drawn: Dataset) -> None:
    widths = TINY.network.shape().channels
    narrow = [*widths[:-1], widths[-1] // 2]
    chosen = dataclasses.replace(TINY.network, inner="-".join(map(str, narrow)))
    small = Trainer(dataclasses.replace(TINY, network=chosen))
    start = load_trained(run, TINY)
    first, norm, second, _ = weighted(start)[-5:-1]
    dead = np.arange(widths[-1]) % 2 == 0  # every other channel answers nothing, whatever it is asked
    norm.gamma.assign(np.where(dead, 1e-9, norm.gamma.numpy()))
    norm.beta.assign(np.where(dead, 0.0, 1.0))
    assert (strength(norm, second)[dead] < 1e-6).all()
    assert (strength(norm, second)[~dead] > 0.1).all()
    grow(small.averaged, start, TINY.network.shape(), chosen.shape())
    expected = predict(start, drawn.images[:40])
    assert np.allclose(predict(small.averaged, drawn.images[:40]), expected, atol=1e-5)
    assert np.array_equal(weighted(small.averaged)[-5].kernel, first.kernel.numpy()[..., ~dead])
    with pytest.raises(ValueError, match="cannot grow into"):
        grow(start, small.averaged, chosen.shape(), TINY.network.shape())


def test_cost_counts_what_the_network_has() -> None:
    model = build(Shape((8, 16), (1, 2), (8, 12)), 0.0)
    kernels = sum(int(np.prod(w.shape)) for w in model.weights if w.name == "kernel")
    assert cost(Shape((8, 16), (1, 2), (8, 12)), 48).parameters == kernels
    with pytest.raises(ValueError, match="one entry per stage"):
        Shape((8, 16), (1,))
