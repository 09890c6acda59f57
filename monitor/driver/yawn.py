"""Yawns: a mouth that opens wide and stays open, unlike in talking, singing and laughing."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.lifecycle import Observation
from monitor.driver.moment import Moment
from monitor.driver.timing import Clock
from monitor.settings.config import DriverConfig

CLOSES = 0.9
"""Share of ``yawn_open`` below which the mouth is no longer wide open."""
LAUGHING = 0.5
"""Mean share of happy while the mouth is open from which it is a laugh."""
NARROWED = 0.6
"""Mean openness of the eyes while the mouth is open below which they are narrowed. At its peak a yawn often shuts the
eyes (Provine 1986); song, a gasp and surprise leave them open."""
STARING, UNSEEN = 1.3, 1.15
"""Factors on ``yawn_peak`` for a yawn with open eyes, and with unknown eyes. Set with keypoints L5, for which munb_4's
song and lp_d3's gasp reached 0.73 with open eyes and munb_3's yawn 0.69 with shut eyes."""
LONGEST_S = 15.0
"""A mouth open for longer is not yawning: yawns take some five seconds."""
HOLD_S = 0.5
"""A mouth that is unknown for a moment keeps its state for this long."""


@dataclass(slots=True)
class _Opening:
    """A mouth that is wide open."""

    start: float
    peak: float = 0.0
    happy: float = 0.0
    seconds: float = 0.0
    eyes: float = 0.0
    eyes_seconds: float = 0.0

    @property
    def demand(self) -> float:
        """Factor on ``yawn_peak``, by what the eyes do."""
        if 2 * self.eyes_seconds < self.seconds:
            return UNSEEN
        return 1.0 if self.eyes < NARROWED * self.eyes_seconds else STARING


class Yawns:
    """Follows the opening of one mouth.

    A yawn is a mouth open beyond ``yawn_open`` for ``yawn_s`` that reaches ``yawn_peak`` with narrowed eyes, or
    ``STARING`` times that with open eyes, and is not laughing. Speech and most song close the mouth several times a
    second; a shout or a shown throat is over sooner.

    Attributes:
        open_s: Seconds the mouth has been wide open, 0 when it is not.
        yawning: Whether that is a yawn by now.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._clock = Clock()
        self._opening: _Opening | None = None
        self._unknown_s = 0.0
        self.open_s = 0.0
        self.yawning = False

    def update(self, t: float, mouth: float | None, happy: float | None, eyes: float | None) -> bool:
        """Takes one moment; returns ``yawning``.

        Args:
            t: Seconds on the frame clock.
            mouth: Distance of the inner lips over the mouth's width, or None.
            happy: Share of happy, 0..1, or None.
            eyes: Openness of the eyes against the driver's usual, 0..1, or None.
        """
        dt = self._clock.step(t)
        if dt is None:
            self._opening = None
        if mouth is None:
            self._unknown_s += dt or 0.0
            if self._unknown_s > HOLD_S:
                self._opening = None
        else:
            self._unknown_s = 0.0
            self._take(t, dt or 0.0, mouth)
            self._weigh(dt or 0.0, happy, eyes)
        opening = self._opening
        self.open_s = t - opening.start if opening else 0.0
        self.yawning = (
            opening is not None
            and self._config.yawn_s <= self.open_s <= LONGEST_S
            and opening.peak >= self._config.yawn_peak * opening.demand
            and opening.happy <= LAUGHING * opening.seconds
        )
        return self.yawning

    def _take(self, t: float, dt: float, mouth: float) -> None:
        """Opens or closes the mouth."""
        wide = self._config.yawn_open * (CLOSES if self._opening else 1.0)
        if mouth < wide:
            self._opening = None
            return
        if self._opening is None:
            self._opening = _Opening(t - dt / 2)
        self._opening.peak = max(self._opening.peak, mouth)

    def _weigh(self, dt: float, happy: float | None, eyes: float | None) -> None:
        """Adds what the rest of the face does while the mouth is open."""
        if self._opening is None:
            return
        self._opening.happy += (happy or 0.0) * dt
        self._opening.seconds += dt
        if eyes is not None:
            self._opening.eyes += eyes * dt
            self._opening.eyes_seconds += dt


class Yawn:
    """The sign ``yawn``: level 1 while a yawn lasts."""

    def __init__(self, config: DriverConfig) -> None:
        self._after_s = config.after_yawn_s
        self._yawns = Yawns(config)
        self._was_yawning = False
        self._closed_s = 0.0

    def update(self, moment: Moment) -> Observation:
        """Judges the mouth; fills in ``yawning``, ``yawned`` and ``mouth_wide``."""
        seen = moment.evidence
        moment.yawning = self._yawns.update(seen.t, seen.mouth, seen.happy, moment.opened)
        moment.yawned = moment.yawning and not self._was_yawning
        self._was_yawning = moment.yawning
        self._closed_s = 0.0 if self._yawns.open_s else self._closed_s + moment.dt
        moment.mouth_wide = self._yawns.open_s > 0 or self._closed_s < self._after_s
        return Observation(int(moment.yawning), seen.t - self._yawns.open_s)
