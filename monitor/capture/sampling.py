"""Selects frames of a recording at a lower rate."""

from __future__ import annotations

import math

SLACK_S = 1e-6
"""Tolerance in seconds, because frame times are rounded to it."""


class Sampling:
    """Selects the first frame, and the first frame at or after each multiple of an interval.

    The choice depends on the times of the file alone, so that spans of a file choose the same frames as the whole.

    Args:
        every_s: The interval in seconds; 0 = every frame is taken.

    Attributes:
        every_s: See above.
        due_s: Time before which no frame is taken.
    """

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self.due_s = -math.inf

    def start(self, t: float) -> None:
        """Takes no frame before the first multiple at or after ``t`` seconds."""
        if self.every_s > 0:
            self.due_s = math.ceil((t - SLACK_S) / self.every_s) * self.every_s

    def due(self, t: float) -> bool:
        """Whether the frame at ``t`` seconds is wanted."""
        return t + SLACK_S >= self.due_s

    def take(self, t: float) -> None:
        """Moves to the next multiple after ``t``, the time of a frame that was taken."""
        if self.every_s > 0:
            self.due_s = (math.floor((t + SLACK_S) / self.every_s) + 1) * self.every_s
