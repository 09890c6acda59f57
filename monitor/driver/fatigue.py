"""A fatigue score from 0 to 100 with its parts named, and a level that does not flap."""

from __future__ import annotations

import numpy as np

from monitor.core.numeric import unit
from monitor.driver.closure import Eyes
from monitor.driver.evidence import Clock
from monitor.driver.window import Window
from monitor.settings.config import DriverConfig

LEVELS = ("none", "early", "drowsy", "danger")
FROM = (25.0, 50.0, 75.0)
"""Score from which the level is early, drowsy, danger."""
FALLS = 8.0
"""The score must lie this far under a level's bound …"""
FALLS_S = 10.0
"""… for this long before the level falls: it rises at once."""
EVENTS_S = 300.0
"""Yawns, nods and microsleeps count over five minutes, fading."""
YAWN, NOD, LONG_BLINK = 8.0, 8.0, 4.0
OFTEN, MOST_OFTEN = 10.0, 1.5
"""Points for blinking ``1 + MOST_OFTEN`` times as often as usual, none up to half of that above it: the rate rises with
fatigue, but by how much is everybody's own."""
LEAST_USUAL = 6.0
"""Blinks a minute; a lower usual rate would make every blink a rise."""
MOST = {"yawns": 24.0, "nods": 24.0, "blinks": 20.0}
CLOSURE = (0.0, 8.0, 28.0, 55.0, 80.0)
"""Points of a closure that was long, or reached microsleep, sleep, unresponsive: one microsleep alone is "early", two
within five minutes "drowsy". The weights are ours; see docs/DRIVER.md."""


class Fatigue:
    """Adds up the signs of fatigue.

    Attributes:
        parts: Points by name: perclos, blinks, yawns, nods, microsleeps.
        score: Their sum, 0..100.
        level: 0 to 3, index into ``LEVELS``.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._yawns, self._nods, self._sleeps = (Window(EVENTS_S) for _ in range(3))
        self._clock = Clock()
        self._below_s = 0.0
        self._worst = 0
        self.parts = {"perclos": 0.0, "blinks": 0.0, "yawns": 0.0, "nods": 0.0, "microsleeps": 0.0}
        self.level = 0

    @property
    def score(self) -> float:
        """0..100."""
        return min(100.0, sum(self.parts.values()))

    @property
    def yawns(self) -> int:
        """Yawns of the last five minutes."""
        return round(self._yawns.total)

    def update(self, t: float, eyes: Eyes, closure: int, yawned: bool, nodded: bool, usual: float | None) -> None:
        """Takes one moment.

        Args:
            t: Seconds on the frame clock.
            eyes: From ``Closure``.
            closure: Level of the present closure: 0 none, 1 long, 2 microsleep, 3 sleep, 4 unresponsive.
            yawned: Whether a yawn became one just now.
            nodded: Whether a nod was completed just now.
            usual: This driver's usual blinks per minute, None until learnt.
        """
        dt = self._clock.step(t) or 0.0
        if yawned:
            self._yawns.add(t, 1.0)
        if nodded:
            self._nods.add(t, 1.0)
        if closure == 0 and self._worst:
            self._sleeps.add(t, CLOSURE[self._worst])
            self._worst = 0
        self._worst = max(self._worst, closure)
        for window in (self._yawns, self._nods, self._sleeps):
            window.forget(t)
        warn, drowsy = self._config.perclos_warn, self._config.perclos_drowsy
        if eyes.perclos is not None:  # what is not known now stays what it was: not knowing is no rest
            self.parts["perclos"] = float(
                np.interp(eyes.perclos, (0.6 * warn, warn, drowsy, 2 * drowsy), (0, 25, 50, 75))
            )
        self.parts["blinks"] = min(MOST["blinks"], LONG_BLINK * eyes.long_per_min + _often(eyes.blinks_per_min, usual))
        self.parts["yawns"] = min(MOST["yawns"], YAWN * self._yawns.decayed(t))
        self.parts["nods"] = min(MOST["nods"], NOD * self._nods.decayed(t))
        self.parts["microsleeps"] = min(80.0, self._sleeps.decayed(t) + CLOSURE[self._worst])
        self._judge(dt)

    def _judge(self, dt: float) -> None:
        score = self.score
        reached = sum(score >= bound for bound in FROM)
        if reached >= self.level:
            self.level, self._below_s = reached, 0.0
        elif score < FROM[self.level - 1] - FALLS:
            self._below_s += dt
            if self._below_s >= FALLS_S:
                self.level, self._below_s = self.level - 1, 0.0
        else:
            self._below_s = 0.0


def _often(rate: float | None, usual: float | None) -> float:
    """Points for blinking more often than usual."""
    if rate is None or usual is None:
        return 0.0
    more = rate / max(usual, LEAST_USUAL) - 1
    return OFTEN * unit((more - MOST_OFTEN / 2) / (MOST_OFTEN / 2))
