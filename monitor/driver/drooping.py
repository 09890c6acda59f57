"""The drooping head of a driver whose eyes cannot be read, as behind sunglasses: it nods, or sinks and stays down."""

from __future__ import annotations

from monitor.core.lifecycle import Observation
from monitor.driver.moment import Moment
from monitor.driver.timing import Window
from monitor.settings.config import DriverConfig

DROOPS = ("", "head nods, eyes not seen", "head hangs, eyes not seen", "head hangs for long, eyes not seen")
"""Names of the levels."""
UPRIGHT_DEG, BACK_DEG, HANGS_DEG = 9.0, 12.0, 15.0
"""A head below ``UPRIGHT_DEG`` of pitch off straight ahead is up; one beyond ``HANGS_DEG`` hangs until it is back above
``BACK_DEG``. A glance at the instruments takes some 15 degrees, but no seconds."""
ASIDE_DEG = 20.0
"""A head turned by more degrees looks at something and does not droop."""
NOD_DEG, NOD_S = 15.0, 3.0
"""A nod sinks beyond ``NOD_DEG`` and is up again within ``NOD_S``."""
NODS, NODS_S = 3, 60.0
"""This many nods within this time are level 1; single ones may be looks at the instruments."""
UNSEEN_S = 2.0
"""The eyes must have been unknown for this long while the head was up; eyes that are hidden only by the sinking head
were judged before."""
HANGS_S, LONG_S = 3.0, 6.0
"""Seconds after which a hanging head is level 2 and 3: as long as closed eyes that are sleep and unresponsive."""


class HeadDroops:
    """The sign ``head_droops``: level 1 for repeated nods, 2 and 3 for a head that hangs."""

    def __init__(self, config: DriverConfig) -> None:
        self._nods = Window(NODS_S)
        self._unseen_s = self._down_s = 0.0
        self._down_at: float | None = None

    def update(self, moment: Moment) -> Observation:
        """Judges the head; needs ``opened`` and the pose."""
        seen, off = moment.evidence, moment.yaw_pitch
        if not seen.present or off is None or moment.slow:
            if not seen.present:
                self._down_at, self._down_s = None, 0.0
            return self._observation(seen.t, hanging=False)
        if off[1] < UPRIGHT_DEG:
            self._unseen_s = self._unseen_s + moment.dt if moment.opened is None else 0.0
            self._come_up(seen.t)
        elif self._unseen_s >= UNSEEN_S:
            self._sink(seen.t, moment.dt, off)
        if moment.opened is not None:
            self._down_at, self._down_s = None, 0.0
            if off[1] < UPRIGHT_DEG:
                self._nods.clear()
        return self._observation(seen.t, hanging=self._down_at is not None)

    def _come_up(self, t: float) -> None:
        """Handles a head that is up again; it was a nod if the head was down only for a moment."""
        if self._down_at is not None and t - self._down_at <= NOD_S:
            self._nods.add(t, 1.0)
        self._down_at, self._down_s = None, 0.0

    def _sink(self, t: float, dt: float, off: tuple[float, float]) -> None:
        """Handles a head that is not upright, with eyes that were unknown before."""
        if abs(off[0]) > ASIDE_DEG:
            self._down_at, self._down_s = None, 0.0
        elif off[1] >= HANGS_DEG:
            self._down_at = t - dt / 2 if self._down_at is None else self._down_at
            self._down_s += dt
        elif off[1] < BACK_DEG and self._down_at is not None and t - self._down_at > NOD_S:
            self._down_at, self._down_s = None, 0.0

    def _observation(self, t: float, *, hanging: bool) -> Observation:
        self._nods.forget(t)
        nods = len(self._nods)
        level = 3 if self._down_s >= LONG_S else 2 if self._down_s >= HANGS_S else int(nods >= NODS)
        since = self._down_at if level >= 2 else None
        return Observation(level, since, hanging, {"what": DROOPS[level], "nods": nods})
