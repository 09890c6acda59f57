"""The governor: reduces the effort when the machine is overloaded or the CPU limit is reached, and raises it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from monitor.settings.config import PerformanceConfig
from monitor.system.machine import cpu_seconds, throttled


class Effort(NamedTuple):
    """How much work is done per second.

    Attributes:
        search: Factor on the intervals of full searches.
        read: Factor on the interval between two readings of a face's expression.
        width: Factor on the width at which faces are searched.
        rest: Share of the frames that are left out, 0..1.
    """

    search: float = 1.0
    read: float = 1.0
    width: float = 1.0
    rest: float = 0.0


EFFORTS = (
    Effort(), Effort(1.5, 1.25), Effort(2, 1.5), Effort(3, 2), Effort(4, 2.5), Effort(6, 3), Effort(8, 4),
    Effort(8, 4, 0.8), Effort(8, 4, 0.64), Effort(8, 4, 0.64, 0.5), Effort(8, 4, 0.64, 0.75),
)  # fmt: skip
"""From full effort to least: first searches and readings become rarer, then the searched picture becomes smaller, then
frames are left out. With intervals eight times as long a new face is found within four seconds."""
LOOK_S = 0.5
"""Length of the spans over which the load is measured."""
CALM_S = 5.0
"""The load must have been low for this long before the effort rises by one step."""
LOW = 0.6
"""Load below which there is capacity for the next step, which costs at most 50 % more than the one before."""
HEAT_EVERY_S = 5.0
"""Interval between two checks for throttling."""


class Governor:
    """Chooses the effort from the measured load.

    The load is the largest of three: the time of a step relative to 90 % of the frame interval, the CPU time of the
    process relative to ``max_cpu`` of one core, and 1.2 while the board throttles for heat or under-voltage. A load
    above 1 lowers the effort by one step every ``LOOK_S``; a load below ``LOW`` for ``CALM_S`` raises it by one.

    Args:
        config: Limits.
        cpu: CPU seconds of the process so far.
        clock: Monotonic seconds.
        hot: Whether the board throttles.

    Attributes:
        level: Index into ``EFFORTS``, 0 = full effort.
        reason: The load behind the last change, such as "CPU share".
    """

    def __init__(
        self,
        config: PerformanceConfig,
        cpu: Callable[[], float] = cpu_seconds,
        clock: Callable[[], float] = time.monotonic,
        hot: Callable[[], bool] = throttled,
    ) -> None:
        self._config, self._cpu, self._clock, self._hot = config, cpu, clock, hot
        self.level = 0
        self._since: float | None = None
        self._cpu_before = 0.0
        self._steps = self._frames = 0.0
        self._first_t = self._last_t = 0.0
        self._calm_since: float | None = None
        self._asked = -HEAT_EVERY_S
        self._is_hot = False
        self._taken = -1.0
        self._owed = 0.0
        self.reason = ""

    @property
    def effort(self) -> Effort:
        """The current effort."""
        return EFFORTS[self.level]

    def wants(self, t: float) -> bool:
        """Whether to process the frame of time ``t`` seconds: at most ``target_fps`` a second, less ``Effort.rest``."""
        if self._config.target_fps and 0 <= t - self._taken < 0.95 / self._config.target_fps:
            return False
        self._owed += 1 - self.effort.rest
        if self._owed < 1 - 1e-9:
            return False
        self._owed -= 1
        self._taken = t
        return True

    def update(self, t: float, step_s: float) -> bool:
        """Registers a processed frame.

        Args:
            t: Time of the frame in seconds.
            step_s: Seconds that its step took.

        Returns:
            Whether the effort changed.
        """
        now = self._clock()
        if self._since is None or now < self._since:
            self._begin(now, t)
            return False
        self._steps += step_s
        self._frames += 1
        self._last_t = t
        if now - self._since < LOOK_S or self._frames < 2:
            return False
        load = self._load(now)
        self._begin(now, t)
        before = self.level
        if load > 1:
            self._calm_since = None
            self.level = min(self.level + 1, len(EFFORTS) - 1)
        elif load >= LOW:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= CALM_S:
            self._calm_since = now
            self.level = max(0, self.level - 1)
        return self.level != before

    def _begin(self, now: float, t: float) -> None:
        self._since, self._cpu_before = now, self._cpu()
        self._steps = self._frames = 0.0
        self._first_t = self._last_t = t

    def _load(self, now: float) -> float:
        assert self._since is not None
        interval = (self._last_t - self._first_t) / self._frames
        loads = {"slow steps": self._steps / self._frames / (0.9 * interval) if interval > 0 else 0.0}
        if self._config.max_cpu:
            share = (self._cpu() - self._cpu_before) / (now - self._since)
            loads["CPU share"] = share / self._config.max_cpu
        if now - self._asked >= HEAT_EVERY_S:
            self._asked, self._is_hot = now, self._hot()
        if self._is_hot:
            loads["heat or voltage"] = 1.2
        self.reason = max(loads, key=lambda name: loads[name])
        return loads[self.reason]
