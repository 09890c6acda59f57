"""Eyes over time: blinks, long blinks, closures and PERCLOS."""

from __future__ import annotations

import math
from typing import NamedTuple

from monitor.driver.timing import Clock, Window
from monitor.settings.config import DriverConfig

HOLD_S = 2.0
"""A closure continues for this long while the eyes are unknown, but its duration does not grow: shut eyes are often
hidden when the head sinks."""
BETWEEN_S = 0.5
"""A closure continues for this long with lids between ``closed`` and ``opened``, because lids flutter; the time counts
only if they shut again."""
REOPEN_S = 0.08
"""Shut eyes count as open only after the lids were apart for this long. At 30 frames a second, lids apart for one or
two frames flutter or were misread; they must not split a closure of seconds."""
SPARSE_S = 0.25
"""Longest mean interval between samples at which blinks can be counted."""
COARSE_S = 0.15
"""Longest mean interval at which the length of a blink is known; with a longer one, 0.3 s may look like 0.5 s."""
SPACING_S = 5.0
"""Time constant of that mean, in seconds."""
LEAST_KNOWN = 0.5
"""Share of the PERCLOS window, and of a minute of blinks, that must be known before a figure is given."""


class Eyes(NamedTuple):
    """The state of the eyes up to now.

    Attributes:
        closed: Whether a closure is going on, lids that part for less than ``REOPEN_S`` included; None = unknown.
        closed_s: Seconds of the present closure, up to where the lids parted last; 0 without one.
        perclos: Share of the known time of the window with the eyes shut, or None while too little is known.
        blinks_per_min: Closures of the last minute that were short enough to be blinks; None while too little is known.
        long_per_min: Closures longer than a blink in the last minute.
        blink: Length in seconds of a closure that ended just now, else None.
        known_s: Seconds of the PERCLOS window in which the eyes were known.
        slow_s: Seconds of that window in closures that were surely longer than a blink.
        closures: Closures in that window.
        fine: Whether frames are close enough to tell a blink's length.
    """

    closed: bool | None
    closed_s: float
    perclos: float | None
    blinks_per_min: float | None
    long_per_min: float
    blink: float | None
    known_s: float = 0.0
    slow_s: float = 0.0
    closures: int = 0
    fine: bool = True


UNKNOWN_EYES = Eyes(None, 0.0, None, None, 0.0, None)
"""Eyes before the first sample."""


class Closure:
    """Follows the openness of one pair of eyes.

    Half of each step is credited to the sample before it and half to the one after it, so that 5 and 30 samples a
    second give the same figures within one sample. PERCLOS is the share of time with the eyes at least 80 % shut
    (Wierwille & Ellsworth 1994, "P80"): below ``closed``, without hysteresis.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._clock = Clock()
        self._last: bool | None = None
        self._last_p80 = False
        self._between_s = 0.0
        self._between_at: float | None = None
        self._start: float | None = None
        self._opened: float | None = None
        self._unknown_s = 0.0
        self._samples = 0
        self._spacing = 0.0
        self._sparse = False
        self._shut, self._known = Window(config.perclos_s), Window(config.perclos_s)
        self._slow, self._count = Window(config.perclos_s), Window(config.perclos_s)
        self._blinks, self._long, self._minute = Window(60.0), Window(60.0), Window(60.0)

    def update(self, t: float, openness: float | None) -> Eyes:
        """Takes the openness (0..1, None = unknown) at ``t`` seconds."""
        dt = self._clock.step(t)
        now = self._state(t, openness, dt)
        p80 = openness is not None and openness < self._config.closed
        ended = self._run(t, dt, now=now)
        self._samples += bool(now)
        if dt:
            self._credit(t, dt, now=now, p80=p80)
        if ended is not None:
            # A closure seen in a single frame may be the shortest of blinks, however far the next frame is.
            is_long = ended >= self._config.long_blink_s and self._samples > 1
            (self._long if is_long else self._blinks).add(t, 1.0)
            self._count.add(t, 1.0)
            self._slow.add(t, ended if ended - self._spacing >= self._config.long_blink_s else 0.0)
        if self._start is None:
            self._samples = 0
        self._last, self._last_p80 = now, p80
        return self._eyes(t, ended, now=now)

    def _credit(self, t: float, dt: float, *, now: bool | None, p80: bool) -> None:
        """Adds a step's time to the windows."""
        self._spacing += (1 - math.exp(-dt / SPACING_S)) * (dt - self._spacing)
        # A margin of a tenth, so that the answer does not alternate when the interval is close to the limit.
        self._sparse = self._spacing > (SPARSE_S if self._sparse else 1.1 * SPARSE_S)
        known = dt / 2 * ((self._last is not None) + (now is not None))
        self._known.add(t, known)
        self._minute.add(t, known)
        self._shut.add(t, dt / 2 * (self._last_p80 + p80))

    def _eyes(self, t: float, ended: float | None, *, now: bool | None) -> Eyes:
        for window in (self._known, self._shut, self._slow, self._count, self._blinks, self._long, self._minute):
            window.forget(t)
        enough = self._known.total >= LEAST_KNOWN * self._config.perclos_s
        minute, closed_s = self._minute.total, self._closed_s(t)
        countable = minute >= LEAST_KNOWN * 60 and not self._sparse
        return Eyes(
            closed=None if now is None else self._start is not None,
            closed_s=closed_s,
            perclos=min(1.0, self._shut.total / self._known.total) if enough else None,
            blinks_per_min=self._blinks.total * 60 / minute if countable else None,
            long_per_min=self._long.total,
            blink=ended,
            known_s=self._known.total,
            slow_s=self._slow.total + (closed_s if closed_s - self._spacing >= self._config.long_blink_s else 0.0),
            closures=round(self._count.total) + (closed_s > 0),
            fine=self._spacing <= COARSE_S,
        )

    def _closed_s(self, t: float) -> float:
        parted = [at for at in (self._opened, self._between_at) if at is not None]
        until = min(parted, default=t)
        return 0.0 if self._start is None else max(0.0, until - self._start)

    def _state(self, t: float, openness: float | None, dt: float | None) -> bool | None:
        if openness is None:
            return None
        if not self._config.closed <= openness <= self._config.opened:
            self._between_s = 0.0
            if openness < self._config.closed:
                self._between_at = None
            return openness < self._config.closed
        # Between the two thresholds the state is kept for a moment; then half-open eyes are open.
        self._between_s += dt or 0.0
        if self._between_at is None:
            self._between_at = t - (dt or 0.0) / 2
        return bool(self._last) and self._between_s <= BETWEEN_S

    def _run(self, t: float, dt: float | None, *, now: bool | None) -> float | None:
        """Keeps the start of the present closure; returns the length of one that ended."""
        if dt is None:  # the time since the last sample is unknown
            self._start, self._opened, self._unknown_s = (t if now else None), None, 0.0
            self._between_at = None
            return None
        if now is None:
            return self._run_unknown(t, dt)
        self._unknown_s = 0.0
        if now:
            self._opened = None
            if self._start is None:
                self._start = t - dt / 2 if self._last is False else t
        elif self._start is not None:
            if self._opened is None:
                self._opened = t - dt / 2
            if t - self._opened >= REOPEN_S:
                return self._end(t)
        return None

    def _run_unknown(self, t: float, dt: float) -> float | None:
        self._unknown_s += dt
        if self._opened is not None:  # last seen open: the closure has ended
            return self._end(t)
        if self._start is not None:
            self._start += dt
            if self._unknown_s > HOLD_S:
                self._start = None
        return None

    def _end(self, t: float) -> float:
        """Ends the present closure where the eyes opened; returns its length."""
        length = self._closed_s(t)
        self._start = self._opened = self._between_at = None
        return length
