"""Searching less when the machine cannot keep up with a live camera, and more again, slowly."""

from __future__ import annotations

MOST = 8.0
"""Search intervals are lengthened at most this much: 0.8 s to find a newcomer."""


class LoadControl:
    """Watches step time against the frame interval.

    A step longer than the interval raises the slowdown by 10 %; one well below it takes 1 % back, so
    that the program degrades at once and recovers slowly, without swinging.

    Attributes:
        slowdown: Factor on the search intervals, 1..8.
    """

    def __init__(self) -> None:
        self.slowdown = 1.0
        self._step = self._interval = 0.0
        self._last_t: float | None = None

    def update(self, t: float, step_s: float) -> float:
        """Takes one step's frame time and duration, in seconds; returns the slowdown."""
        if self._last_t is not None and 0 < t - self._last_t < 1:
            self._interval += 0.1 * ((t - self._last_t) - self._interval) if self._interval else t - self._last_t
        self._last_t = t
        self._step += 0.1 * (step_s - self._step)
        if self._interval:
            if self._step > 0.9 * self._interval:
                self.slowdown = min(MOST, self.slowdown * 1.1)
            elif self._step < 0.6 * self._interval:
                self.slowdown = max(1.0, self.slowdown * 0.99)
        return self.slowdown
