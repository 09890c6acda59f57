"""A budget of seconds that runs down while something is the case and recovers when it is not."""

from __future__ import annotations

from monitor.driver.evidence import Clock


class Countdown:
    """Seconds spent on something, with levels at fixed seconds.

    While it is the case time is spent in real time; while it is not the budget recovers, faster the
    more was spent; while nobody knows it holds. So somebody who looks up for a moment now and then
    does not start afresh each time. After openpilot's driver monitoring (policy.py), which does the same
    with awareness.

    Args:
        levels: Seconds at which level 1, 2, … is reached, rising.

    Attributes:
        spent: Seconds spent.
        level: 0, or the level reached; it falls by one when less than half of that level's seconds are left.
    """

    def __init__(self, levels: tuple[float, ...]) -> None:
        self.levels = levels
        self.spent = 0.0
        self.level = 0
        self._clock = Clock()

    def update(self, t: float, on: bool | None) -> int:
        """Takes whether it is the case at ``t`` seconds (None: cannot be told); returns the level."""
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
            self.level -= 1  # so that a rise is one again: the next look aside must not be silent
        return self.level
