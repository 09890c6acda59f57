"""Time spent in each of the driver's states of attention."""

from __future__ import annotations

from collections import defaultdict

from monitor.core.driver_state import UNJUDGED


class Shares:
    """Credits time to the current state of attention; time without frames counts as not judged.

    Args:
        longest_gap_s: A longer interval between two frames counts as not judged.

    Attributes:
        seconds: Maps each state of attention to the seconds credited to it; clear it to restart the count.
    """

    def __init__(self, longest_gap_s: float) -> None:
        self._longest_gap = longest_gap_s
        self._to: float | None = None
        self._blind = False
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def see(self, t: float, attention: str) -> float:
        """Takes a frame's time in seconds and its state; returns the seconds credited to that state."""
        passed = max(0.0, t - self._to) if self._to is not None else 0.0
        known = passed <= self._longest_gap and not self._blind
        self._to, self._blind = t, False
        self.seconds[attention if known else UNJUDGED] += passed
        return passed if known else 0.0

    def is_blind(self, t: float) -> bool:
        """Whether the time between the last frame and ``t`` is long enough to count as not judged."""
        return self._to is not None and t - self._to > self._longest_gap

    def pass_blind(self, t: float) -> None:
        """Credits the time until ``t`` as not judged, if there was no frame for long enough."""
        if self.is_blind(t):
            self.leave_out(t)

    def leave_out(self, t: float) -> None:
        """Credits the time until ``t`` as not judged, even if it is short."""
        self.seconds[UNJUDGED] += max(0.0, t - self._to) if self._to is not None else 0.0
        self._to, self._blind = t, True
