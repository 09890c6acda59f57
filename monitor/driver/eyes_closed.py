"""The sign ``eyes_closed``: closures by their length, except those that a yawn or a laugh explains."""

from __future__ import annotations

from monitor.core.lifecycle import Observation
from monitor.driver.closure import Closure
from monitor.driver.moment import Moment
from monitor.settings.config import DriverConfig

CLOSURES = ("", "long closure", "microsleep", "sleep", "unresponsive")
"""Names of the levels."""
LAUGH = 0.8
"""Share of happy from which shut eyes belong to a laugh; shut in sleep they read sad or neutral (the clips)."""
EXCUSE_S = 6.0
"""A yawn or a laugh excuses shut eyes for this long: a sleeper's mouth may be open, too."""


class EyesClosed:
    """Grades closures: 1 long closure, 2 microsleep, 3 sleep, 4 unresponsive, after the seconds of the settings."""

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._steps = (config.closure_s, config.microsleep_s, config.sleep_s, config.unresponsive_s)
        self._closure, self._lids = Closure(config), Closure(config)
        self._excused_s = 0.0
        self._shut = False

    def update(self, moment: Moment) -> Observation:
        """Judges the eyes; fills in ``eyes`` and ``eyes_shut``."""
        t, opened, config = moment.evidence.t, moment.opened, self._config
        eyes = moment.eyes = self._closure.update(t, None if self._excused(moment) else opened)
        # Excused eyes are shut all the same.
        lids = self._lids.update(t, opened)
        # Eyes that are unknown for a moment do not end a closure: its time stands still meanwhile.
        level = sum(eyes.closed_s >= seconds for seconds in self._steps) if eyes.closed is not False else 0
        self._shut = level > 0
        moment.eyes_shut = self._shut or (lids.closed is not False and lids.closed_s >= config.closure_s)
        active = opened is not None and opened <= config.opened
        return Observation(level, t - eyes.closed_s, active, {"what": CLOSURES[level]})

    def _excused(self, moment: Moment) -> bool:
        """Whether a yawn or a laugh explains shut eyes: they count neither as shut nor as open.

        Eyes that were shut for long before are not a yawn's: a sleeper's jaw drops.
        """
        if self._shut:
            return False
        happy = moment.evidence.happy
        laughing = happy is not None and happy > LAUGH
        if not (moment.mouth_wide or laughing):
            self._excused_s = 0.0
            return False
        # Lids that part for a frame do not restart the excuse: a sleeper's mouth stays open.
        if moment.opened is None or moment.opened > self._config.opened:
            return False
        self._excused_s += moment.dt
        return self._excused_s < EXCUSE_S
