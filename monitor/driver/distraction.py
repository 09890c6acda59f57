"""Distraction: eyes on the lap, a phone or the dashboard instead of the road.

The bounds are those of NHTSA's driver distraction guidelines (2013): single glances of over 2 s, and glances that add
up to 12 s.
"""

from __future__ import annotations

import math

from monitor.core.lifecycle import Observation
from monitor.driver.moment import Moment
from monitor.driver.timing import Window
from monitor.settings.config import DriverConfig

BACK = 0.8
"""Share of ``distraction_deg`` below which a lowered head counts as raised again."""
BRIEF_S = 0.3
"""A look at the road shorter than this does not end a glance: it may be a misread frame or a blink."""
WINDOW_S = 60.0
"""Glances add up over this time."""
FALLS = 0.75
"""Share of ``distraction_total_s`` below which level 2 ends."""
DISTRACTIONS = ("", "looking down", "looking away often")
"""Names of the levels."""


class Distraction:
    """The sign ``distraction``: level 1 for a long look down, 2 for glances that add up.

    Glances are looks down and turned heads. A turned head is already reported as ``away``, so it only adds to the
    total.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._sum = Window(WINDOW_S)
        self._down = False
        self._start: float | None = None
        self._last = 0.0
        self._often = False
        self._asleep = -math.inf

    def update(self, moment: Moment) -> Observation:
        """Judges where the driver looks; needs ``lowered``, ``narrowed_s``, ``turned``, the yawns and the levels."""
        t = moment.evidence.t
        if moment.levels.get("eyes_closed", 0) > 0 or t < self._asleep:
            self._asleep = t  # a closure is reported already; only the time after it is a look down
        self._down = self._looks_down(moment)
        if self._down:
            if self._start is None or not 0 <= t - self._last <= BRIEF_S + moment.dt:
                self._start = t - max(moment.dt / 2, min(moment.narrowed_s, t - self._asleep))
            self._last = t
        elif self._start is not None and not 0 <= t - self._last <= BRIEF_S:
            self._start = None
        glance_s = 0.0 if self._start is None else self._last - self._start
        glancing = self._down or (moment.turned and moment.levels.get("away", 0) == 0)
        self._sum.add(t, moment.dt if glancing else 0.0)
        total, most = self._sum.total, self._config.distraction_total_s
        self._often = total >= most * (FALLS if self._often else 1.0)
        long = glance_s >= self._config.distraction_s
        level = 2 if self._often else int(long)
        since = self._start if long and not self._often else None
        data = {"what": DISTRACTIONS[1 if long else level], "glances_s": round(total, 1)}
        return Observation(level, since, glancing, data)

    def _looks_down(self, moment: Moment) -> bool:
        """Whether the driver looks down now; a head that sinks in sleep does not count, nor do the lids of a yawn."""
        off, level = moment.yaw_pitch, moment.levels.get
        if not moment.evidence.present or level("eyes_closed", 0) > 0 or level("head_droops", 0) > 1:
            return False
        if not moment.yawn_like and (moment.lowered or moment.narrowed_s):
            return True
        if off is None:
            return self._down
        return off[1] > self._config.distraction_deg * (BACK if self._down else 1.0)
