"""The governor: doing less when the machine cannot keep up or may not be used more; and more again, slowly."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from monitor.settings.config import PerformanceConfig
from monitor.system.machine import cpu_seconds, throttled


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done.

    Attributes:
        search: Factor on the intervals of full searches.
        read: Factor on the interval between two readings of a face's expression.
        width: Factor on the width at which faces are searched.
        rest: Share of the frames that are left out when even that is too much, 0..1.
    """

    search: float = 1.0
    read: float = 1.0
    width: float = 1.0
    rest: float = 0.0


EFFORTS = (
    Effort(), Effort(1.5, 1.25), Effort(2, 1.5), Effort(3, 2), Effort(4, 2.5), Effort(6, 3), Effort(8, 4),
    Effort(8, 4, 0.8), Effort(8, 4, 0.64), Effort(8, 4, 0.64, 0.5), Effort(8, 4, 0.64, 0.75),
)  # fmt: skip
"""From everything to least: first searches and readings come more rarely, then faces are searched in a smaller
picture, then frames are left out. With intervals eight times as long a newcomer is found within four seconds."""
LOOK_S = 0.5
"""Load is judged over spans of this length …"""
CALM_S = 5.0
"""… and must have been low for this long before more is done again, a step at a time."""
LOW = 0.6
"""Load under which there is room for the next step: it costs at most half as much again."""
READ_EVERY_S = 5.0
"""How often heat is asked for."""


class Governor:
    """Chooses the effort from what the frames cost.

    Load is the largest of: the steps' time against the frames' interval (a step slower than the camera makes
    frames old), the process's CPU time against ``max_cpu`` of one core, and 1.2 while the board throttles for heat or
    under-voltage. Above 1 the effort falls a step each half second; below 0.6 for five seconds it rises one.

    Args:
        config: Limits.
        cpu: CPU seconds of the process so far; tests put their own here.
        clock: Monotonic seconds.
        hot: Whether the board throttles.

    Attributes:
        level: Index into ``EFFORTS``, 0 = everything.
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
        self._asked = -READ_EVERY_S
        self._is_hot = False
        self._taken = -1.0
        self._owed = 0.0
        self.reason = ""

    @property
    def effort(self) -> Effort:
        """The effort of now."""
        return EFFORTS[self.level]

    def wants(self, t: float) -> bool:
        """Whether the frame of time ``t`` is to be processed: at most ``target_fps`` a second, and fewer at rest."""
        if self._config.target_fps and 0 <= t - self._taken < 0.95 / self._config.target_fps:
            return False
        self._owed += 1 - self.effort.rest
        if self._owed < 1 - 1e-9:
            return False
        self._owed -= 1
        self._taken = t
        return True

    def update(self, t: float, step_s: float) -> bool:
        """Takes a processed frame's time and the seconds its step took; True when the effort changed."""
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
        if now - self._asked >= READ_EVERY_S:
            self._asked, self._is_hot = now, self._hot()
        if self._is_hot:
            loads["heat or voltage"] = 1.2
        self.reason = max(loads, key=lambda name: loads[name])
        return loads[self.reason]
