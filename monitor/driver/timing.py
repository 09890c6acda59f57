"""Time helpers of the judgement: steps, sliding sums and budgets, independent of the frame rate."""

from __future__ import annotations

from collections import deque

from monitor.core.numeric import unit

LONGEST_STEP_S = 1.0
"""Longest interval between two pieces of evidence that counts; a longer one (a stalled host, a clock jump) is unknown
time."""


class Clock:
    """Measures the steps between two pieces of evidence."""

    def __init__(self) -> None:
        self._t: float | None = None

    def step(self, t: float) -> float | None:
        """Seconds since the last call; None for the first call, a step back and one over ``LONGEST_STEP_S``."""
        last, self._t = self._t, t
        if last is None or t < last or t - last > LONGEST_STEP_S:
            return None
        return t - last


class Window:
    """Running sum of weighted amounts over the last ``span_s`` seconds.

    Args:
        span_s: Length of the window in seconds.

    Attributes:
        total: The sum.
    """

    def __init__(self, span_s: float) -> None:
        self._span = span_s
        self._entries: deque[tuple[float, float]] = deque()
        self.total = 0.0

    def add(self, t: float, amount: float) -> None:
        """Adds an amount at ``t`` seconds and forgets amounts older than the span."""
        self.forget(t)
        if amount:
            self._entries.append((t, amount))
            self.total += amount

    def forget(self, t: float) -> None:
        """Drops amounts older than the span before ``t``; drops all of them when time went back."""
        if self._entries and self._entries[-1][0] > t:
            self.clear()
        while self._entries and self._entries[0][0] <= t - self._span:
            self.total -= self._entries.popleft()[1]
        if not self._entries:
            self.total = 0.0  # rounding errors must not add up over a night

    def clear(self) -> None:
        """Drops everything."""
        self._entries.clear()
        self.total = 0.0

    def __len__(self) -> int:
        """Number of amounts in the window."""
        return len(self._entries)

    def decayed(self, t: float) -> float:
        """The sum, with each amount reduced linearly to 0 over the span."""
        return sum(a * unit(1 - (t - at) / self._span) for at, a in self._entries)


class Countdown:
    """A budget of seconds that a condition spends while it holds and recovers while it does not. Recovery is faster the
    more was spent; while the condition is unknown nothing changes. Short looks at the road therefore do not reset the
    budget. After openpilot's driver monitoring (policy.py), which treats awareness likewise.

    Args:
        levels: Seconds at which level 1, 2, … is reached, rising.

    Attributes:
        spent: Seconds spent.
        level: 0, or the level reached; it falls by one when the seconds spent are less than half of that level's.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        self.levels = levels
        self.spent = 0.0
        self.level = 0
        self._clock = Clock()

    def update(self, t: float, *, on: bool | None) -> int:
        """Takes whether the condition holds at ``t`` seconds (None: unknown); returns the level."""
        dt = self._clock.step(t)
        if dt and on is not None:
            if on:
                self.spent = min(self.spent + dt, self.levels[-1])
            else:
                self.spent = max(0.0, self.spent - dt * (1 + 4 * self.spent / self.levels[-1]))
        reached = sum(self.spent >= seconds for seconds in self.levels)
        if reached > self.level:
            self.level = reached
        elif self.level and self.spent < 0.5 * self.levels[self.level - 1]:
            self.level -= 1  # so that the next rise is reported
        return self.level
