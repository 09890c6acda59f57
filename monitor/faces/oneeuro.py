"""The One-Euro filter: strong smoothing while a value rests, little lag while it moves.

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
        min_cutoff: Cut-off in Hz at rest; lower is smoother.
        beta: Growth of the cut-off with speed; higher means less lag.
        d_cutoff: Cut-off in Hz of the speed estimate.
    """

    def __init__(self, min_cutoff: float, beta: float, d_cutoff: float = 1.0) -> None:
        self._min_cutoff, self._beta, self._d_cutoff = min_cutoff, beta, d_cutoff
        self._value: list[float] = []
        self._speed: list[float] = []
        self._t = 0.0

    def __call__(self, value: NDArray[np.float64], t: float, unit: float = 1.0) -> NDArray[np.float64]:
        """Takes a sample at ``t`` seconds and returns the filtered value.

        Speeds are measured in ``unit`` per second, such as the size of a face, so that the same parameters fit near and
        far faces at any resolution. The first sample is returned unchanged; a sample that is not later than the last
        one is ignored.
        """
        new = value.tolist()
        dt = t - self._t
        if not self._value:
            self._value, self._speed, self._t = new, [0.0] * len(new), t
        elif dt > 0:
            # Plain floats: for so few numbers this takes a fifth of the time that NumPy needs.
            self._t = t
            calm = _alpha(self._d_cutoff, dt)
            for n, (sample, before) in enumerate(zip(new, self._value, strict=True)):
                speed = self._speed[n] + calm * ((sample - before) / dt - self._speed[n])
                self._speed[n] = speed
                weight = _alpha(self._min_cutoff + self._beta * abs(speed) / unit, dt)
                self._value[n] = before + weight * (sample - before)
        return np.array(self._value)


def _alpha(cutoff: float, dt: float) -> float:
    tau = 1.0 / (2 * math.pi * cutoff)
    return 1.0 / (1.0 + tau / dt)
