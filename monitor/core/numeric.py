"""Arithmetic on single numbers in plain Python, where NumPy takes ten times as long."""

from __future__ import annotations

import math


def unit(value: float) -> float:
    """The nearest number of 0 to 1."""
    return 0.0 if value < 0 else min(value, 1.0)


def sigmoid(logit: float) -> float:
    """Probability of a logit: 1 / (1 + exp(-logit)), without overflow for any logit."""
    return 1 / (1 + math.exp(min(40.0, max(-40.0, -logit))))
