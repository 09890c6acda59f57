"""The networks: what they cost, and growing one from a smaller one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from monitor.core.errors import ConfigError
from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.fit import Trainer, load_trained, predict
from train.engine.network import build, cost


def test_a_network_that_grows_starts_with_the_answers_it_had(run: Path, drawn: Dataset) -> None:
    _, blocks = TINY.network.shape()
    more = "-".join(str(n + 1) for n in blocks)
    grown = Trainer(dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, blocks=more)))
    grown.start_from(run)
    before = predict(load_trained(run, TINY), drawn.images[:40])
    assert np.allclose(predict(grown.averaged, drawn.images[:40]), before, atol=1e-5)
    assert np.allclose(predict(grown.model, drawn.images[:40]), before, atol=1e-5)
    assert grown.model.count_params() > Trainer(TINY).model.count_params()
    eyes = dataclasses.replace(TINY, task="eyes", side=32)
    with pytest.raises(ConfigError, match="cannot be used"):
        Trainer(eyes).start_from(run)


def test_cost_counts_what_the_network_has() -> None:
    model = build((8, 16), (1, 2), 0.0)
    kernels = sum(int(np.prod(w.shape)) for w in model.weights if w.name == "kernel")
    assert cost((8, 16), (1, 2), 48).parameters == kernels
    with pytest.raises(ValueError, match="one entry per stage"):
        build((8, 16), (1,), 0.0)
