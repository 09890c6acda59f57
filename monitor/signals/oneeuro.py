"""The One-Euro filter: steady while a value rests, quick when it moves.

Source: G. Casiez, N. Roussel, D. Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


class OneEuro:
    """Filters a vector sampled at uneven times.

    Args:
        min_cutoff: Cut-off in Hz at rest; lower is steadier.
        beta: How fast the cut-off rises with speed; higher lags less.
        d_cutoff: Cut-off in Hz of the speed estimate.
    """

    def __init__(self, min_cutoff: float, beta: float, d_cutoff: float = 1.0) -> None:
        self._min_cutoff, self._beta, self._d_cutoff = min_cutoff, beta, d_cutoff
        self._value: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] = np.zeros(0)
        self._t = 0.0

    def __call__(self, value: NDArray[np.float64], t: float, unit: float = 1.0) -> NDArray[np.float64]:
        """Takes a sample at ``t`` seconds and returns the filtered value.

        Speeds are counted in ``unit`` per second (a face's size, say), so that one tuning serves near
        and far faces and any resolution.

        The first sample passes unchanged; a sample that is not later than the last one changes nothing.
        """
        if self._value is None:
            self._value, self._speed, self._t = value.copy(), np.zeros_like(value), t
            return self._value
        dt = t - self._t
        if dt <= 0:
            return self._value
        self._t = t
        speed = (value - self._value) / dt
        self._speed = self._speed + _alpha(np.array(self._d_cutoff), dt) * (speed - self._speed)
        cutoff = self._min_cutoff + self._beta * np.abs(self._speed) / unit
        self._value = self._value + _alpha(cutoff, dt) * (value - self._value)
        return self._value


def _alpha(cutoff: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    tau = 1.0 / (2 * math.pi * cutoff)
    return np.asarray(1.0 / (1.0 + tau / dt))
