"""Openness of the eyes from two sources: the eye network, and the distance of the lids that the keypoints report.

In little light the eye network reads shut eyes as half open or cannot read them, while the keypoints, which see the
whole face with normalised contrast, still report lids that touch (lp_d14 of the clips at 12 % of its light: 0.05 to
0.13 of the eye's width, 0.37 open).
"""

from __future__ import annotations

from monitor.driver.timing import Window

TOUCH = 0.36
"""Distance of the lids, as a share of this driver's with open eyes, up to which they are shut; a lowered gaze keeps
them 0.48 to 0.67 apart."""
DOUBTFUL = 0.7
"""Eyes that read more open than this are open, whatever the lid distance."""
SHUT = 0.1
"""Openness that stands for eyes whose lids touch."""
STANDS_IN_S = 3.0
"""The lid distance is used only for this long after the eyes were last read: behind sunglasses it is a guess."""


class LidsStandIn:
    """Uses the lid distance where the eye network cannot decide."""

    def __init__(self) -> None:
        self._unread_s = STANDS_IN_S

    def update(self, dt: float, opened: float | None, lids: float | None) -> float | None:
        """Takes one moment.

        Args:
            dt: Seconds since the last one.
            opened: Openness by the eye network relative to this driver's open eyes, or None.
            lids: Lid distance relative to this driver's open eyes; None if unknown or not learnt yet.

        Returns:
            The openness to judge by, 0..1, or None.
        """
        self._unread_s = 0.0 if opened is not None else self._unread_s + dt
        if lids is None or lids > TOUCH or self._unread_s >= STANDS_IN_S:
            return opened
        return SHUT if opened is None else min(opened, SHUT) if opened <= DOUBTFUL else opened


FLICKER, FLICKER_S = 8.0, 1.5
"""Eyes that open and shut by so much within ``FLICKER_S`` are misread, or flutter: four whole blinks in that time. The
most in the clips of awake people is 5.9, by a dancer."""


class Flicker:
    """Tells openness that jumps faster than lids blink: marks that cross the eyes, noise, or lids that flutter."""

    def __init__(self) -> None:
        self._moved = Window(FLICKER_S)
        self._last: float | None = None
        self._since: float | None = None

    def update(self, t: float, opened: float | None) -> float:
        """Takes the openness at ``t`` seconds; seconds for which it has flickered, about, or 0."""
        if opened is not None and self._last is not None:
            self._moved.add(t, abs(opened - self._last))
        self._last = opened
        self._moved.forget(t)
        if self._moved.total < FLICKER:
            self._since = None
        elif self._since is None:
            self._since = t - FLICKER_S / 2
        return 0.0 if self._since is None else t - self._since
