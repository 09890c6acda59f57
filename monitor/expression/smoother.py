"""Smoothing of a distribution over time, in seconds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

RESET_S = 2.0
"""After a longer gap in seconds, smoothing restarts with the next reading."""


class Smoother:
    """Exponential smoothing that depends on elapsed time, not on the number of samples.

    ``a = 1 − exp(−dt·w/τ)``, ``s += a(p − s)``: the same input at 10 and at 30 Hz gives the same curve. The first
    reading initialises it.

    Args:
        tau_s: Time constant in seconds; 0 = no smoothing.

    Attributes:
        value: (K,) float32 smoothed distribution, or None before the first reading.
    """

    def __init__(self, tau_s: float) -> None:
        self._tau = tau_s
        self._t = 0.0
        self.value: NDArray[np.float32] | None = None

    def update(self, probs: NDArray[np.float32], t: float, weight: float = 1.0) -> NDArray[np.float32]:
        """Takes a reading at ``t`` seconds with a ``weight`` of 0..1 (its quality); returns the smoothed one.

        A reading that is not later than the last one changes nothing.
        """
        dt = t - self._t
        if self.value is None or dt > RESET_S or dt < 0:
            self.value = probs.astype(np.float32)
        elif dt > 0:
            a = 1.0 if self._tau <= 0 else 1 - math.exp(-dt * weight / self._tau)
            self.value = (self.value + np.float32(a) * (probs - self.value)).astype(np.float32)
        self._t = t
        return self.value
