"""Covers of the driver's face over time: sunglasses, a mask, or a hand during a yawn."""

from __future__ import annotations

from typing import NamedTuple

from monitor.driver.evidence import Evidence
from monitor.driver.timing import Clock, Window

GAP_S = 0.6
"""A cover ends only when it was not detected for this long, because single readings miss it."""
HIDDEN_S, STAYS_S = 0.4, 2.0
"""Eyes covered for the first time cannot be read; after the second one the cover is lasting, such as sunglasses, and
not a hand."""
WORN_S, WORN = 120.0, 0.5
"""A mouth that was covered for the share ``WORN`` of the last ``WORN_S`` before a cover appeared is behind a mask."""
BARE_S = 1.0
"""The mouth must have been uncovered for this long before a cover counts as new."""
BEFORE_S, OPENING = 1.5, 0.2
"""The mouth counts as opening if it reached ``OPENING`` in the last ``BEFORE_S`` before the cover appeared."""


class Cover(NamedTuple):
    """The present covers of the driver's face.

    Attributes:
        upper: Whether the eyes are covered, so that their readings are a guess.
        upper_s: Seconds for which the eyes have been covered by a lasting cover; else 0.
        hand_s: Seconds since a new cover appeared before the mouth; None = no cover, a mask, or a cover that has gone.
        opened: Whether the mouth was opening when that cover appeared.
    """

    upper: bool = False
    upper_s: float = 0.0
    hand_s: float | None = None
    opened: bool = False


class _Half:
    """One half of the face: seconds for which it has been covered and uncovered, gaps of ``GAP_S`` included."""

    def __init__(self) -> None:
        self.covered_s = self._gone_s = 0.0
        self.bare_s = 0.0

    @property
    def on(self) -> bool:
        return self.covered_s > 0

    @property
    def seen_s(self) -> float:
        """Seconds up to the last moment in which the cover was detected."""
        return self.covered_s - self._gone_s

    def update(self, dt: float, *, covered: bool) -> bool:
        """Takes one moment; returns whether a cover has just appeared."""
        came = covered and not self.on
        if covered:
            self.covered_s, self._gone_s = self.covered_s + (dt or 1e-6), 0.0
        elif self.on:
            self.covered_s, self._gone_s = self.covered_s + dt, self._gone_s + dt
            if self._gone_s > GAP_S:
                self.covered_s = self.bare_s = self._gone_s = 0.0
        else:
            self.bare_s += dt
        return came


class Covers:
    """Follows the covers of one driver's face."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._upper, self._lower = _Half(), _Half()
        self._covered, self._present = Window(WORN_S), Window(WORN_S)
        self._wide_s = BEFORE_S
        self._new = self._opened = False

    def update(self, seen: Evidence) -> Cover:
        """Takes one moment."""
        dt = self._clock.step(seen.t) or 0.0
        if not seen.present:
            return Cover()
        upper, lower = (seen.covered in (half, "both") for half in ("upper", "lower"))
        self._upper.update(dt, covered=upper)
        bare_s = self._lower.bare_s
        if self._lower.update(dt, covered=lower):
            present = self._present.total
            worn = self._covered.total > WORN * present if present else True
            self._new = bare_s >= BARE_S and not worn
            self._opened = self._wide_s < BEFORE_S
        self._covered.add(seen.t, dt if lower else 0.0)
        self._present.add(seen.t, dt)
        wide = seen.mouth is not None and seen.mouth >= OPENING
        self._wide_s = 0.0 if wide else self._wide_s + dt
        hand_s = self._lower.covered_s if self._lower.on and self._new else None
        seen_s = self._upper.seen_s
        return Cover(seen_s >= HIDDEN_S, seen_s if seen_s >= STAYS_S else 0.0, hand_s, self._opened)
