"""A yawn behind a hand: the mouth opens, a hand appears before it, and the eyes squeeze shut.

The mouth must be seen to open, because the cover network may find a resting hand only when the eyes shut.
"""

from __future__ import annotations

from monitor.driver.moment import Moment
from monitor.settings.config import DriverConfig

HAND_S = 8.0
"""Longest time for which a hand explains shut eyes; yawns take 4 to 7 s (Provine 1986)."""
EARLY_S, LATE_S = 1.0, 2.5
"""The eyes may shut this long before the hand appears, because a sleeping person raises no hand, and this long after
it."""
NARROWED = 0.6
"""Largest openness of squeezed eyes."""
PARTED_S = 0.3
"""Eyes that open for less than this stay squeezed: lids flutter."""
SINKS_DEG = 8.0
"""A driver whose head sinks by this much after the hand appeared falls asleep: in a yawn the head tilts back or
stays."""


class HiddenYawn:
    """Follows a hand before the mouth and the eyes above it.

    Attributes:
        explains: Whether the hand explains shut eyes at this moment.
        refuted: Whether the hand explained them, but the eyes stayed shut for too long or the head sank: the whole
            closure counts.
        yawn_s: Seconds of the yawn behind the hand; 0 = none.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._least_s = config.yawn_s
        self._squeezed_s = self._parted_s = 0.0
        self._pitch: float | None = None
        self._came = False
        self.explains = self.refuted = False
        self.yawn_s = 0.0

    def update(self, moment: Moment) -> None:
        """Takes one moment; needs ``cover`` and ``opened``."""
        cover = moment.cover
        self._squeeze(moment)
        if cover.hand_s is None or not cover.opened:
            self.explains = self.refuted = self._came = False
            self.yawn_s = 0.0
            return
        pitch = moment.yaw_pitch[1] if moment.yaw_pitch is not None else None
        if not self._came:
            self._came, self._pitch = True, pitch
        sinks = pitch is not None and self._pitch is not None and pitch - self._pitch >= SINKS_DEG
        together = self._squeezed_s > 0 and -EARLY_S <= cover.hand_s - self._squeezed_s <= LATE_S
        self.refuted = self.refuted or (self.explains and (sinks or cover.hand_s > HAND_S))
        self.explains = together and not self.refuted and not sinks and cover.hand_s <= HAND_S
        self.yawn_s = self._squeezed_s if self.explains and self._squeezed_s >= self._least_s else 0.0

    def _squeeze(self, moment: Moment) -> None:
        """Adds to the time for which the eyes have been squeezed; unknown eyes change nothing."""
        if moment.opened is None:
            return
        if moment.opened < NARROWED:
            self._squeezed_s, self._parted_s = self._squeezed_s + (moment.dt or 1e-6), 0.0
            return
        self._parted_s += moment.dt
        if self._squeezed_s and self._parted_s < PARTED_S:
            self._squeezed_s += moment.dt
        else:
            self._squeezed_s = 0.0
