"""Plain numbers agree with NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.numeric import sigmoid, unit


@given(st.floats(allow_nan=False))
def test_unit_is_a_clip_to_0_and_1(value: float) -> None:
    assert unit(value) == np.clip(value, 0.0, 1.0)


@given(st.floats(-1e6, 1e6))
def test_sigmoid_is_a_chance_at_any_logit(logit: float) -> None:
    chance = sigmoid(logit)
    assert 0 < chance <= 1
    assert chance == pytest.approx(1 / (1 + np.exp(-np.clip(logit, -40, 40))))
    assert chance + sigmoid(-logit) == pytest.approx(1)
