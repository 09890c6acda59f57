"""Decides when a recurring search is due."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARLY = 0.95
"""Share of an interval after which a search is due. With the full interval of 33 ms and frames of a 30 Hz camera that
arrive slightly early, searches would run at 15 Hz."""


@dataclass(slots=True)
class Pace:
    """The common pace of all searches of one source.

    Attributes:
        slowdown: Factor on all intervals, at least 1; raised when the machine cannot keep up.
    """

    slowdown: float = 1.0

    def is_due(self, last: float, every_s: float, t: float, within_s: float = math.inf) -> bool:
        """Whether a search is due at ``t`` seconds.

        Args:
            last: Time of the last search in seconds; minus infinity = never.
            every_s: Its interval at normal speed.
            t: Now.
            within_s: Upper limit of the interval, whatever the slowdown.
        """
        return t - last >= min(every_s * self.slowdown, within_s) * EARLY
