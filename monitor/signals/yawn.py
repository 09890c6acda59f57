"""Yawns: a mouth that opens wide and stays so, told from talking, singing and laughing."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.config import DriverConfig
from monitor.signals.evidence import Clock

CLOSES = 0.9
"""Share of ``yawn_open`` under which the mouth is no longer wide open."""
LAUGHING = 0.5
"""Mean share of happy while the mouth is open, above which it is a laugh."""
LONGEST_S = 15.0
"""A mouth open for longer is no yawn: yawns take some five seconds."""
HOLD_S = 0.5
"""A mouth that cannot be told for a moment stays as it was this long."""


@dataclass(slots=True)
class _Opening:
    """A mouth that is wide open."""

    start: float
    peak: float = 0.0
    happy: float = 0.0
    seconds: float = 0.0


class Yawns:
    """Follows the opening of one mouth.

    A yawn is a mouth open beyond ``yawn_open`` for ``yawn_s`` that reaches ``yawn_peak`` and is not laughing. Speech
    and song close the mouth several times a second; a shout or a shown throat is over sooner.

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

    def update(self, t: float, mouth: float | None, happy: float | None) -> bool:
        """Takes the mouth's opening over its width and the share of happy; returns ``yawning``."""
        dt = self._clock.step(t)
        if dt is None:
            self._opening = None
        if mouth is None:
            self._unknown_s += dt or 0.0
            if self._unknown_s > HOLD_S:
                self._opening = None
        else:
            self._unknown_s = 0.0
            self._take(t, dt or 0.0, mouth, happy)
        opening = self._opening
        self.open_s = t - opening.start if opening else 0.0
        self.yawning = (
            opening is not None
            and self._config.yawn_s <= self.open_s <= LONGEST_S
            and opening.peak >= self._config.yawn_peak
            and opening.happy <= LAUGHING * opening.seconds
        )
        return self.yawning

    def _take(self, t: float, dt: float, mouth: float, happy: float | None) -> None:
        wide = self._config.yawn_open * (CLOSES if self._opening else 1.0)
        if mouth < wide:
            self._opening = None
            return
        if self._opening is None:
            self._opening = _Opening(t - dt / 2)
        self._opening.peak = max(self._opening.peak, mouth)
        self._opening.happy += (happy or 0.0) * dt
        self._opening.seconds += dt
