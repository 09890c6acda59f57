"""A sustained anger-like expression, relative to this face's baseline."""

from __future__ import annotations

import math

from monitor.core.lifecycle import Observation
from monitor.driver.moment import Moment
from monitor.driver.timing import Clock, Countdown
from monitor.settings.config import DriverConfig

HOLD_S = 3.0
"""The expression ends when it is unreadable for longer than this."""
SMOOTH_S = 0.7
"""Time constant of the smoothing, in seconds."""
EXIT = 0.75
"""Share of the threshold below which the expression ends."""
ABOVE_USUAL = 0.25
"""The personal threshold is at least this far above the 90 % quantile of the resting face …"""
HIGHEST = 0.85
"""… but at most this high, so that it can be reached by a face that always looks angry."""

SQUEEZED = 0.4
"""Openness of the eyes below which no expression is read."""


class Aggression:
    """Follows the anger-like share of one face.

    Attributes:
        share: Smoothed anger-like share 0..1, None while unknown.
        level: 0 to 3 after ``anger_notice_s``, ``anger_warn_s``, ``anger_alarm_s``.
        peak: Highest share of the present or last stretch above the threshold.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._countdown = Countdown((config.anger_notice_s, config.anger_warn_s, config.anger_alarm_s))
        self._clock = Clock()
        self._on = False
        self._sum = self._seconds = self._unknown_s = 0.0
        self.share: float | None = None
        self.peak = 0.0
        self.level = 0

    @property
    def going(self) -> bool:
        """Whether the share is above the threshold at this moment, as far as is known."""
        return self._on

    @property
    def mean(self) -> float:
        """Mean share of the present or last stretch."""
        return self._sum / self._seconds if self._seconds else 0.0

    def update(self, t: float, anger: float | None, usual: float) -> int:
        """Takes the anger-like share and that of the resting face; returns the level."""
        dt = self._clock.step(t)
        if anger is None:
            self._unknown_s += dt or 0.0
            gone = dt is None or self._unknown_s > HOLD_S
            if gone:
                self.share, self._on = None, False
            self.level = self._countdown.update(t, on=False if gone else None)
            return self.level
        self._unknown_s = 0.0
        if self.share is None or dt is None:
            self.share = anger
        elif dt:
            self.share += (1 - math.exp(-dt / SMOOTH_S)) * (anger - self.share)
        self._compare(self.share, dt or 0.0, usual)
        self.level = self._countdown.update(t, on=self._on)
        return self.level

    def _compare(self, share: float, dt: float, usual: float) -> None:
        """Compares the share with the personal threshold."""
        threshold = min(HIGHEST, max(self._config.anger, usual + ABOVE_USUAL))
        was, self._on = self._on, share > threshold * (EXIT if self._on else 1.0)
        if not self._on:
            return
        if not was and self.level == 0:
            self._sum = self._seconds = self.peak = 0.0
        self._sum += share * dt
        self._seconds += dt
        self.peak = max(self.peak, share)


class AngerLike:
    """The sign ``anger_like``: a sustained anger-like expression."""

    def __init__(self, config: DriverConfig) -> None:
        self._aggression = Aggression(config)

    def update(self, moment: Moment) -> Observation:
        """Judges the expression; fills in ``anger``."""
        seen, aggression = moment.evidence, self._aggression
        level = aggression.update(seen.t, None if _hidden(moment) else seen.anger, moment.usual_anger)
        moment.anger = aggression.share
        data = {
            "what": "anger-like expression", "mean": round(aggression.mean, 3), "peak": round(aggression.peak, 3),
        }  # fmt: skip
        return Observation(level, active=aggression.going, data=data)


def _hidden(moment: Moment) -> bool:
    """Whether the face yawns, is covered or squeezes its eyes, which the network reads as anger (munb_3 of the
    clips)."""
    squeezed = moment.eyes.closed is True or (moment.opened is not None and moment.opened < SQUEEZED)
    return moment.yawn_like or squeezed or moment.evidence.covered != ""
