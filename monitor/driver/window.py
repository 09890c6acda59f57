"""Sums over the last so many seconds, however often samples come."""

from __future__ import annotations

from collections import deque

from monitor.core.numeric import unit


class Window:
    """Running sum of weighted amounts over the last ``span_s`` seconds.

    Args:
        span_s: Length of the window in seconds.
    """

    def __init__(self, span_s: float) -> None:
        self._span = span_s
        self._entries: deque[tuple[float, float]] = deque()
        self.total = 0.0

    def add(self, t: float, amount: float) -> None:
        """Adds an amount that belongs to ``t`` seconds; amounts older than the span are forgotten."""
        self.forget(t)
        if amount:
            self._entries.append((t, amount))
            self.total += amount

    def forget(self, t: float) -> None:
        """Drops what lies more than the span before ``t``, and everything when time went back."""
        if self._entries and self._entries[-1][0] > t:
            self.clear()
        while self._entries and self._entries[0][0] <= t - self._span:
            self.total -= self._entries.popleft()[1]
        if not self._entries:
            self.total = 0.0  # rounding errors must not add up over a night

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self.total = 0.0

    def decayed(self, t: float) -> float:
        """The sum with each amount fading linearly to nothing over the span."""
        return sum(a * unit(1 - (t - at) / self._span) for at, a in self._entries)
