"""How a drive's time divides over the driver's states of attention."""

from __future__ import annotations

from collections import defaultdict

from monitor.core.driver_state import UNJUDGED


class Shares:
    """Credits time to what was the case in it; time that no picture showed counts as not judged.

    Attributes:
        seconds: State of attention to the seconds credited to it; clear it to start counting anew.

    Args:
        longest_gap_s: A longer pause between two frames shows nothing.
    """

    def __init__(self, longest_gap_s: float) -> None:
        self._longest_gap = longest_gap_s
        self._to: float | None = None
        self._blind = False
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def see(self, t: float, attention: str) -> float:
        """Takes a frame's time in seconds and its state; returns the seconds that the frame vouches for."""
        passed = max(0.0, t - self._to) if self._to is not None else 0.0
        known = passed <= self._longest_gap and not self._blind
        self._to, self._blind = t, False
        self.seconds[attention if known else UNJUDGED] += passed
        return passed if known else 0.0

    def is_blind(self, t: float) -> bool:
        """Whether so long before ``t`` there was no picture that nothing is known of the time since."""
        return self._to is not None and t - self._to > self._longest_gap

    def pass_blind(self, t: float) -> None:
        """Credits the time without a picture until ``t``, where there was none for long enough."""
        if self.is_blind(t):
            self.leave_out(t)

    def leave_out(self, t: float) -> None:
        """Credits all time until ``t`` as not judged, however short it was."""
        self.seconds[UNJUDGED] += max(0.0, t - self._to) if self._to is not None else 0.0
        self._to, self._blind = t, True
