"""Yawns: a mouth that opens wide and stays open, unlike in talking, singing and laughing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.core.lifecycle import Observation
from monitor.driver.hidden_yawn import HiddenYawn
from monitor.driver.moment import Moment, YawnShape
from monitor.driver.timing import Clock
from monitor.settings.config import DriverConfig

CLOSES = 0.9
"""Share of ``yawn_open`` below which the mouth is no longer wide open."""
LAUGHING = 0.5
"""Mean share of happy from which an open mouth is a laugh."""
NARROWED = 0.6
"""Mean openness below which the eyes count as narrowed while the mouth is open. At the peak of a yawn the eyes are
often shut (Provine 1986); in song, a gasp and surprise they stay open."""
STARING, UNSEEN = 1.3, 1.15
"""Factors on ``yawn_peak`` for a yawn with open eyes, and with unknown eyes. Set with keypoints L5, with which munb_4's
song and lp_d3's gasp reached 0.73 with open eyes and munb_3's yawn 0.69 with shut eyes."""
LONGEST_S = 15.0
"""Longest opening in seconds that can be a yawn; yawns take some five seconds."""
HOLD_S = 0.5
"""A mouth that is unknown for a moment keeps its state for this long."""
SOFT_S = 0.12
"""Time constant of the smoothing of an opening that is wide already: in noise single frames fall below the bound."""
REST = 0.4
"""Share of ``yawn_open`` below which the mouth is at rest."""
RISE_S = 2.0
"""A yawn opens the mouth from rest to ``yawn_open`` within this time: 0.5 s in munb_3. A jaw that drops in sleep stays
half open, a mouth that was open all along does not rise."""
RISES = 0.8
"""A mouth that falls below this share of its widest opening since rest sings or talks, and begins no yawn."""
SHAPED = 1.05
"""Share of ``yawn_peak`` that a yawn must reach, after a rise from rest, before it explains shut eyes."""
HALF, HALF_S, SHUT = 0.8, 2.5, 0.3
"""A mouth that rises to only ``HALF`` of ``yawn_open`` is a yawn after ``HALF_S`` with eyes below ``SHUT``: noise and
distance flatten the opening of the lips (from 0.72 to 0.5 with noise of sigma 25)."""


@dataclass(slots=True)
class _Opening:
    """A mouth that is open beyond a bound.

    Attributes:
        start: When it passed the bound.
        rose: Whether it opened from rest within ``RISE_S``.
        rest: When it was last at rest.
        peak: Widest opening so far.
        seconds: Seconds in which it was known.
        happy: Share of happy times seconds.
        eyes: Openness of the eyes times seconds.
        eyes_seconds: Seconds with known eyes.
    """

    start: float
    rose: bool
    rest: float
    peak: float = 0.0
    seconds: float = 0.0
    happy: float = 0.0
    eyes: float = 0.0
    eyes_seconds: float = 0.0

    @property
    def demand(self) -> float:
        """Factor on ``yawn_peak`` that depends on the eyes."""
        if 2 * self.eyes_seconds < self.seconds:
            return UNSEEN
        return 1.0 if self.eyes < NARROWED * self.eyes_seconds else STARING

    @property
    def shut(self) -> bool:
        """Whether the eyes were shut most of the time."""
        return 2 * self.eyes_seconds >= self.seconds > 0 and self.eyes < SHUT * self.eyes_seconds

    def weigh(self, dt: float, mouth: float, happy: float | None, eyes: float | None) -> None:
        """Adds a step."""
        self.peak = max(self.peak, mouth)
        self.happy += (happy or 0.0) * dt
        self.seconds += dt
        if eyes is not None:
            self.eyes += eyes * dt
            self.eyes_seconds += dt


class Yawns:
    """Follows the opening of one mouth.

    A yawn is a mouth open beyond ``yawn_open`` for ``yawn_s`` that reaches ``yawn_peak`` with narrowed eyes, or
    ``STARING`` times that with open eyes, and is not laughing; or one that rises to ``HALF`` of ``yawn_open`` for
    ``HALF_S`` with shut eyes. Speech and most song close the mouth several times a second; a shout is shorter.

    Attributes:
        open_s: Seconds the mouth has been wide open, 0 when it is not.
        yawn_s: Seconds of the present yawn, 0 without one.
        yawning: Whether the mouth yawns.
        may: Whether the mouth opens as in a yawn, but not yet for long enough to be one.
        real: Whether it has a yawn's full shape: a rise, a plateau and a peak of ``SHAPED`` times ``yawn_peak``.
        rest_s: Seconds since the mouth was last at rest.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._clock = Clock()
        self._wide: _Opening | None = None
        self._half: _Opening | None = None
        self._unknown_s = 0.0
        self._rest: float | None = None
        self._widest = self._soft = 0.0
        self.open_s = self.yawn_s = self.rest_s = 0.0
        self.yawning = self.may = self.real = False

    def update(self, t: float, mouth: float | None, happy: float | None, eyes: float | None) -> bool:
        """Takes one moment; returns ``yawning``.

        Args:
            t: Seconds on the frame clock.
            mouth: Distance of the inner lips over the mouth's width, or None.
            happy: Share of happy, 0..1, or None.
            eyes: Openness of the eyes relative to the driver's open eyes, 0..1, or None.
        """
        dt = self._clock.step(t)
        if dt is None:
            self._wide = self._half = self._rest = None
        if mouth is None:
            self._unknown_s += dt or 0.0
            if self._unknown_s > HOLD_S:
                self._wide = self._half = None
        else:
            self._unknown_s = 0.0
            if mouth < REST * self._config.yawn_open:
                self._rest, self._widest = t, 0.0
            self._soft += (1 - math.exp(-(dt or 1.0) / SOFT_S)) * (mouth - self._soft)
            self._widest = max(self._widest, self._soft)
            self._wide = self._opened(self._wide, t, dt or 0.0, mouth, 1.0)
            self._half = self._opened(self._half, t, dt or 0.0, mouth, HALF)
            for opening in (self._wide, self._half):
                if opening is not None:
                    opening.weigh(dt or 0.0, mouth, happy, eyes)
        self._judge(t, mouth)
        return self.yawning

    def _opened(self, opening: _Opening | None, t: float, dt: float, mouth: float, share: float) -> _Opening | None:
        """The opening beyond ``share`` of ``yawn_open``, if the mouth is open that wide."""
        if (self._soft if opening else mouth) < share * self._config.yawn_open * (CLOSES if opening else 1.0):
            return None
        if opening is None:
            rose = self._rest is not None and t - self._rest <= RISE_S
            opening = _Opening(t - dt / 2, rose, t if self._rest is None else self._rest)
        return opening

    def _judge(self, t: float, mouth: float | None) -> None:
        """Derives the attributes from the openings."""
        wide, half, config = self._wide, self._half, self._config
        self.open_s = t - wide.start if wide else 0.0
        yawns = [
            opening
            for opening, yawned in ((wide, self._is_wide(wide, t)), (half, self._is_half(half, t)))
            if opening is not None and yawned
        ]
        self.yawning = bool(yawns)
        self.yawn_s = max((t - opening.start for opening in yawns), default=0.0)
        is_open = mouth is not None and mouth >= REST * config.yawn_open
        rising = is_open and self._soft >= RISES * self._widest
        self.rest_s = 0.0 if self._rest is None else t - self._rest
        fresh = self._rest is not None and self.rest_s <= RISE_S
        soon = rising and (wide.rose and self.open_s < config.yawn_s if wide else fresh)
        self.may = bool(soon)
        self.real = wide is not None and wide.rose and self.yawning and wide.peak >= SHAPED * config.yawn_peak

    def _is_wide(self, opening: _Opening | None, t: float) -> bool:
        return (
            opening is not None
            and self._config.yawn_s <= t - opening.start <= LONGEST_S
            and opening.peak >= self._config.yawn_peak * opening.demand
            and opening.happy <= LAUGHING * opening.seconds
        )

    def _is_half(self, opening: _Opening | None, t: float) -> bool:
        return (
            opening is not None
            and opening.rose
            and HALF_S <= t - opening.start <= LONGEST_S
            and opening.shut
            and opening.happy <= LAUGHING * opening.seconds
        )


class Yawn:
    """The sign ``yawn``: level 1 while a yawn lasts."""

    def __init__(self, config: DriverConfig) -> None:
        self._after_s = config.after_yawn_s
        self._yawns, self._hidden = Yawns(config), HiddenYawn(config)
        self._was_yawning = False
        self._closed_s = self._over_s = math.inf
        self._began_s = 0.0

    def update(self, moment: Moment) -> Observation:
        """Judges the mouth; fills in ``yawning``, ``yawned``, ``mouth_wide`` and ``yawn``."""
        seen, yawns, hidden = moment.evidence, self._yawns, self._hidden
        yawns.update(seen.t, seen.mouth, seen.happy, moment.opened)
        hidden.update(moment)
        moment.yawning = yawns.yawning or hidden.yawn_s > 0
        moment.yawned = moment.yawning and not self._was_yawning
        self._was_yawning = moment.yawning
        self._closed_s = 0.0 if yawns.open_s else self._closed_s + moment.dt
        moment.mouth_wide = yawns.open_s > 0 or self._closed_s < self._after_s
        self._over_s = 0.0 if yawns.real else self._over_s + moment.dt
        self._began_s = yawns.rest_s if yawns.real or yawns.may else self._began_s + moment.dt
        moment.yawn = YawnShape(
            yawns.may, self._over_s < self._after_s, self._began_s, wide=yawns.open_s > 0,
            hand=hidden.explains, refuted=hidden.refuted,
        )  # fmt: skip
        behind = moment.yawning and not yawns.yawning
        data = {"what": "yawn, mouth covered"} if behind else {}
        return Observation(int(moment.yawning), seen.t - max(yawns.yawn_s, hidden.yawn_s), data=data)
