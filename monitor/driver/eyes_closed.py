"""The sign ``eyes_closed``: closures by their length, except those that a yawn, a laugh or a lowered gaze explains.

Eyes that are shut in speech or song are reported, but add nothing to fatigue.
"""

from __future__ import annotations

from monitor.core.lifecycle import Observation
from monitor.driver.closure import Closure
from monitor.driver.gaze import LoweredGaze, Narrowed
from monitor.driver.lids import Flicker
from monitor.driver.moment import Moment
from monitor.settings.config import DriverConfig

CLOSURES = ("", "long closure", "microsleep", "sleep", "unresponsive")
"""Names of the levels."""
LAUGH, LAUGH_S = 0.8, 2.5
"""Share of happy from which shut eyes belong to a laugh, for at most ``LAUGH_S``; sleeping faces of the clips read sad
or neutral."""
YAWN_S, LONG_YAWN_S = 4.5, 9.0
"""A yawn explains shut eyes for ``YAWN_S`` (they are shut for 4.1 s in munb_3); for ``LONG_YAWN_S`` while the mouth
stays wide open, because a sleeper's jaw does not stay that wide."""
WITH_S = 0.6
"""Eyes shut for longer than this before a yawn or a laugh are not explained by it, because the jaw also drops in
sleep."""
SUNK_DEG, SUNK_S = 12.0, 0.4
"""A head that sinks by ``SUNK_DEG`` after the eyes were shut for ``SUNK_S`` continues the closure: shut lids seen from
above read open or not at all."""
WIDE_AWAKE = 0.9
"""Openness from which the eyes of a sunk head are open."""


class EyesClosed:
    """Grades closures: 1 long closure, 2 microsleep, 3 sleep, 4 unresponsive, after the seconds of the settings.

    The length of a closure is the time of shut lids, less the time that a yawn or a laugh explains. While the mouth
    moves as in a yawn that is still too short to be recognised, the report waits; if it becomes no yawn, the whole
    closure counts.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._steps = (config.closure_s, config.microsleep_s, config.sleep_s, config.unresponsive_s)
        self._lids = Closure(config)
        self._plain = Closure(config)
        self._gaze, self._narrowed = LoweredGaze(), Narrowed()
        self._excuse, self._flicker = _Excuse(), Flicker()
        self._pitch: float | None = None
        self._sunk = self._lowered = False
        self._shut_s = 0.0

    def update(self, moment: Moment) -> Observation:
        """Judges the eyes; fills in ``eyes``, ``eyes_shut``, ``lowered`` and ``narrowed_s``."""
        t, opened, config = moment.evidence.t, self._seen(moment), self._config
        lids = self._lids.update(t, opened)
        shut_s = self._shut_s = lids.closed_s if lids.closed is not False else 0.0
        self._lowered = moment.lowered = self._gaze.update(moment, shut_s)
        doubtful, flickered_s = self._gaze.doubtful and not self._sunk, self._flicker.update(t, opened)
        moment.narrowed_s = self._narrowed.update(moment)
        explained_s, waits = self._excuse.update(moment, shut_s)
        explained = moment.lowered or doubtful or waits or moment.speaking or (explained_s > 0 and self._excuse.going)
        plain = self._plain.update(t, None if explained and opened is not None and opened <= config.opened else opened)
        closed_s = 0.0 if moment.lowered or doubtful else max(0.0, shut_s - max(explained_s, self._gaze.aside_s))
        level = 0 if waits else sum(closed_s >= seconds for seconds in self._steps)
        if level:
            self._flicker, flickered_s = Flicker(), 0.0  # what the closure explains
        moment.doubt_s = shut_s if doubtful else flickered_s
        moment.eyes = plain._replace(closed=lids.closed, closed_s=closed_s)
        moment.eyes_shut = level > 0 or (not (moment.lowered or doubtful) and shut_s >= config.closure_s)
        active = opened is not None and opened <= config.opened
        return Observation(level, t - closed_s, active, {"what": CLOSURES[level]})

    def _seen(self, moment: Moment) -> float | None:
        """The openness of the eyes; 0 while a head hangs that sank after the eyes had shut."""
        pitch = moment.yaw_pitch[1] if moment.yaw_pitch is not None else None
        if self._shut_s <= 0:
            self._pitch, self._sunk = pitch if pitch is not None else self._pitch, False
            return moment.opened
        if pitch is None or self._pitch is None:
            return moment.opened
        fell = abs(pitch - self._pitch) >= SUNK_DEG and (self._sunk or self._shut_s >= SUNK_S)
        self._sunk = fell and not self._lowered
        if self._sunk and (moment.opened is None or moment.opened < WIDE_AWAKE):
            return 0.0
        return moment.opened


class _Excuse:
    """Measures how much of a closure a yawn or a laugh explains.

    Attributes:
        going: Whether it explains shut eyes at this moment.
    """

    def __init__(self) -> None:
        self._laugh_s = self._spent = self._explained = 0.0
        self.going = False

    def update(self, moment: Moment, shut_s: float) -> tuple[float, bool]:
        """Takes one moment; returns the explained seconds of the closure, and whether a verdict has to wait."""
        happy, yawn = moment.evidence.happy, moment.yawn
        laughing = happy is not None and happy > LAUGH
        self._laugh_s = self._laugh_s + moment.dt if laughing else 0.0
        if not (laughing or yawn.real or yawn.may or yawn.hand):
            self._spent = 0.0
        if shut_s <= 0:
            self._explained, self.going = 0.0, False
            return 0.0, False
        self._spent += moment.dt  # lids that part for a frame do not renew the time
        in_yawn = shut_s <= yawn.began_s + WITH_S
        yawning = yawn.real and in_yawn and self._spent <= (LONG_YAWN_S if yawn.wide else YAWN_S)
        laughs = laughing and shut_s <= self._laugh_s + WITH_S and self._spent <= LAUGH_S
        self.going = yawning or laughs or yawn.hand
        if self.going:
            self._explained = shut_s
        elif yawn.refuted or (laughing and self._spent > LAUGH_S and not yawn.real):
            self._explained = 0.0  # too long for a laugh, or no yawn
        return self._explained, yawn.may and in_yawn and not yawn.real and not laughs
