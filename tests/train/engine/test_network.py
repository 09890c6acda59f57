"""The networks: their cost, and growing one from a smaller one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from monitor.core.errors import ConfigError
from tests.train.conftest import TINY
from train.data.datasets import Dataset
from train.engine.inference import predict
from train.engine.network import stages
from train.engine.recipe import Network
from train.engine.trainer import Trainer, load_trained
from train.tasks.expression import network
from train.tasks.eyes import network as eye_network


def test_a_network_that_grows_starts_with_the_answers_it_had(run: Path, drawn: Dataset) -> None:
    _, blocks = TINY.network.shape()
    more = "-".join(str(n + 1) for n in blocks)
    grown = Trainer(dataclasses.replace(TINY, network=dataclasses.replace(TINY.network, blocks=more)), network)
    grown.start_from(run)
    before = predict(load_trained(run, TINY, network), drawn.images[:40])
    assert np.allclose(predict(grown.averaged, drawn.images[:40]), before, atol=1e-5)
    assert np.allclose(predict(grown.model, drawn.images[:40]), before, atol=1e-5)
    assert grown.model.count_params() > Trainer(TINY, network).model.count_params()
    eyes = dataclasses.replace(TINY, task="eyes", side=32)
    with pytest.raises(ConfigError, match="cannot be used"):
        Trainer(eyes, eye_network).start_from(run)


def test_the_cost_equals_that_of_the_built_network() -> None:
    recipe = dataclasses.replace(TINY, network=Network("8-16", "1-2", 0.0))
    model = network.build(recipe)
    kernels = sum(int(np.prod(w.shape)) for w in model.weights if w.name == "kernel")
    assert network.cost(recipe).parameters == kernels
    with pytest.raises(ValueError, match="one entry per stage"):
        stages(keras.Input((48, 48, 1)), ((8, 16), (1,)))
