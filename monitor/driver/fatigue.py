"""A fatigue score from 0 to 100 with named parts, and a level with hysteresis."""

from __future__ import annotations

import math

import numpy as np

from monitor.core.driver_state import FATIGUE_LEVELS
from monitor.core.lifecycle import Observation
from monitor.core.numeric import unit
from monitor.driver.attention import NOD_SHUT_S, Nods
from monitor.driver.closure import Eyes
from monitor.driver.moment import Moment
from monitor.driver.timing import Clock, Window
from monitor.settings.config import DriverConfig

FROM = (25.0, 50.0, 75.0)
"""Score from which the level is early, drowsy, danger."""
FALLS = 8.0
"""The score must lie this far below a level's bound …"""
FALLS_S = 10.0
"""… for this long before the level falls. It rises at once."""
EVENTS_S = 300.0
"""Window in seconds of yawns, nods and microsleeps; their weight fades linearly."""
YAWN, NOD, LONG_BLINK = 11.0, 8.0, 4.0
"""Points of each yawn, nod and long blink."""
OFTEN, MOST_OFTEN = 10.0, 1.5
"""Points for blinking ``1 + MOST_OFTEN`` times as often as normal; none up to ``1 + MOST_OFTEN / 2`` times. The rate
rises with fatigue, but by how much differs between people."""
LEAST_USUAL = 6.0
"""Least normal rate in blinks a minute; below it every blink would count as a rise."""
MOST = {"yawns": 33.0, "nods": 24.0, "blinks": 20.0}
"""Upper bounds of parts, in points."""
CLOSURE = (0.0, 8.0, 28.0, 55.0, 80.0)
"""Points of a closure by its level: one microsleep alone is "early", two within five minutes are "drowsy". The weights
are ours; see docs/concepts/driver.md."""


QUICK = 0.45
"""Factor on the points of a PERCLOS that consists of ordinary blinks: P80 means slow closures (Wierwille & Ellsworth
1994), and people who blink often are not tired."""
WHOLE = 0.9
"""Share of its window that PERCLOS must cover before it alone may mean danger."""
SLOW = (0.25, 0.5)
"""Shares of the shut time that must lie in closures longer than a blink before PERCLOS means "drowsy" and "danger": the
lids of a face that fills the picture, or that are blurred, blink slowly without fatigue."""


class Fatigue:
    """The sign ``fatigue``: adds up the signs of fatigue.

    Blinks, and a PERCLOS that consists of blinks, reach at most "early". "drowsy" and "danger" need a closure, a nod or
    a PERCLOS of slow closures; for "danger" PERCLOS must cover its whole window.

    Attributes:
        parts: Points by name: perclos, blinks, yawns, nods, microsleeps.
        plus_minus: Uncertainty of each part in points: one standard deviation of the number of events it counts.
        unknown: Parts without data, such as blinks where frames are too far apart.
        score: Their sum, 0..100.
        level: 0 to 3, index into ``FATIGUE_LEVELS``.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._nodding = Nods()
        self._yawns, self._nods, self._sleeps = (Window(EVENTS_S) for _ in range(3))
        self._clock = Clock()
        self._below_s = 0.0
        self._worst = 0
        self.parts = {"perclos": 0.0, "blinks": 0.0, "yawns": 0.0, "nods": 0.0, "microsleeps": 0.0}
        self.plus_minus = dict.fromkeys(self.parts, 0.0)
        self.unknown: list[str] = []
        self.level = 0

    @property
    def score(self) -> float:
        """0..100."""
        return min(100.0, sum(self.parts.values()))

    def update(self, moment: Moment) -> Observation:
        """Judges fatigue from the eyes, yawns and nods; fills in ``fatigue``, ``parts`` and ``yawns``."""
        t, off = moment.evidence.t, moment.yaw_pitch
        dt = self._clock.step(t) or 0.0
        if moment.yawned:
            self._yawns.add(t, 1.0)
        shut = moment.eyes.closed_s >= NOD_SHUT_S
        if self._nodding.update(t, None if off is None else off[1], shut=shut):
            self._nods.add(t, 1.0)
        self._closures(t, 0 if moment.speaking and not self._worst else moment.levels.get("eyes_closed", 0))
        for window in (self._yawns, self._nods, self._sleeps):
            window.forget(t)
        self._weigh(t, moment)
        self._judge(dt, self._bound(moment))
        moment.fatigue, moment.parts, moment.yawns = self.score, self.parts, round(self._yawns.total)
        parts = {name: round(points, 1) for name, points in self.parts.items() if points >= 0.05}
        what = FATIGUE_LEVELS[self.level]
        data = {
            "what": what, "score": round(self.score, 1), "parts": parts,
            "plus_minus": {name: round(self.plus_minus[name], 1) for name in parts}, "unknown": list(self.unknown),
        }  # fmt: skip
        return Observation(self.level, data=data)

    def _closures(self, t: float, level: int) -> None:
        """Stores the worst level of a closure once it is over."""
        if level == 0 and self._worst:
            self._sleeps.add(t, CLOSURE[self._worst])
            self._worst = 0
        self._worst = max(self._worst, level)

    def _weigh(self, t: float, moment: Moment) -> None:
        """Computes the parts."""
        eyes = moment.eyes
        warn, drowsy = self._config.perclos_warn, self._config.perclos_drowsy
        if eyes.perclos is not None:  # an unknown PERCLOS keeps its last points, because it does not prove rest
            points = float(np.interp(eyes.perclos, (0.6 * warn, warn, drowsy, 2 * drowsy), (0, 25, 50, 75)))
            self.parts["perclos"] = points * self._slow_share(eyes)
        long = eyes.long_per_min if eyes.fine else 0.0
        often = _often(eyes.blinks_per_min, moment.usual_blinks)
        self.parts["blinks"] = min(MOST["blinks"], LONG_BLINK * long + often)
        self.parts["yawns"] = min(MOST["yawns"], YAWN * self._yawns.decayed(t))
        self.parts["nods"] = min(MOST["nods"], NOD * self._nods.decayed(t))
        self.parts["microsleeps"] = min(80.0, self._sleeps.decayed(t) + CLOSURE[self._worst])

        counts = {
            "perclos": eyes.closures, "blinks": long or (eyes.blinks_per_min or 0.0), "yawns": self._yawns.total,
            "nods": self._nods.total, "microsleeps": len(self._sleeps) + (self._worst > 0),
        }  # fmt: skip
        self.plus_minus = {name: points / math.sqrt(max(1.0, counts[name])) for name, points in self.parts.items()}
        known = {"perclos": eyes.perclos is not None, "blinks": eyes.fine and eyes.blinks_per_min is not None}
        self.unknown = [name for name, is_known in known.items() if not is_known]

    def _slow_share(self, eyes: Eyes) -> float:
        """Factor on the points of PERCLOS: blinks that are not slow hardly count, where their length is known."""
        shut_s = 0.0 if eyes.perclos is None else eyes.perclos * eyes.known_s
        if not eyes.fine or shut_s <= 0:
            return 1.0
        return QUICK + (1 - QUICK) * unit(eyes.slow_s / (SLOW[0] * shut_s))

    def _bound(self, moment: Moment) -> int:
        """The highest level that the kinds of evidence allow."""
        eyes = moment.eyes
        if self._worst or self._sleeps.total or self._nods.total:
            return 3
        shut_s = 0.0 if eyes.perclos is None else eyes.perclos * eyes.known_s
        if shut_s <= 0 or eyes.slow_s < SLOW[0] * shut_s:
            return 1
        return 3 if eyes.slow_s >= SLOW[1] * shut_s and eyes.known_s >= WHOLE * self._config.perclos_s else 2

    def _judge(self, dt: float, bound: int) -> None:
        """Raises the level at once and lowers it after ``FALLS_S``; a bound that falls lowers it like the score."""
        score = self.score
        reached = min(sum(score >= points for points in FROM), bound)
        if reached >= self.level:
            self.level, self._below_s = reached, 0.0
        elif score < FROM[self.level - 1] - FALLS or bound < self.level:
            self._below_s += dt
            if self._below_s >= FALLS_S:
                self.level, self._below_s = self.level - 1, 0.0
        else:
            self._below_s = 0.0


def _often(rate: float | None, usual: float | None) -> float:
    """Points for blinking more often than normal."""
    if rate is None or usual is None:
        return 0.0
    more = rate / max(usual, LEAST_USUAL) - 1
    return OFTEN * unit((more - MOST_OFTEN / 2) / (MOST_OFTEN / 2))
