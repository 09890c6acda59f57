"""Speech and song: a driver whose mouth keeps moving is awake."""

from __future__ import annotations

import math

MOVES = 0.5
"""Least mean movement of the lips, in mouth widths a second, of speech or song. Medians of the clips: 0.65
to 0.85 in three people who sing, talk or dance, 0.2 or less in two sleepers and three silent drivers, 0.43 at most in a
yawn."""
STILL = 0.7
"""Share of ``MOVES`` below which speech ends."""
SOFT_S, MEAN_S = 0.1, 1.5
"""The opening is smoothed with the first time constant, its movement averaged with the second."""


class Speech:
    """Follows the movement of one mouth.

    Attributes:
        speaking: Whether it moves as in speech or song.
        moves: Mean movement in mouth widths a second.
    """

    def __init__(self) -> None:
        self._mouth: float | None = None
        self.moves = 0.0
        self.speaking = False

    def update(self, dt: float, mouth: float | None) -> bool:
        """Takes a step in seconds (0 = unknown) and the mouth's opening; returns ``speaking``."""
        if mouth is None or self._mouth is None or not dt:
            self._mouth = self._mouth if mouth is None else mouth
        else:
            step = (1 - math.exp(-dt / SOFT_S)) * (mouth - self._mouth)
            self._mouth += step
            self.moves += (1 - math.exp(-dt / MEAN_S)) * (abs(step) / dt - self.moves)
        self.speaking = self.moves >= MOVES * (STILL if self.speaking else 1.0)
        return self.speaking
