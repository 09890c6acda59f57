"""The judgement of one driver from moment to moment; it depends on numbers and time only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.core.driver_state import DriverState
from monitor.core.lifecycle import Lifecycle
from monitor.core.types import Event
from monitor.driver.baseline import Baseline
from monitor.driver.cover import Cover, Covers
from monitor.driver.evidence import Evidence
from monitor.driver.lids import LidsStandIn
from monitor.driver.moment import Moment, SignTracker
from monitor.driver.signs import SIGNS
from monitor.driver.speech import Speech
from monitor.driver.timing import Clock
from monitor.settings.config import DriverConfig

SLOW = 3
"""After this many steps of over a second (``timing.LONGEST_STEP_S``) evidence is too rare to judge …"""
SLOW_FADES_S = 2.0
"""… where each such step is forgotten after this many seconds of shorter steps."""


class Pace:
    """Checks whether evidence is frequent enough to judge."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._slow_steps = 0.0

    def update(self, evidence: Evidence) -> bool:
        """Takes a moment's evidence; returns whether evidence is too rare. Moments without a frame do not count."""
        if evidence.frame:
            step = self._clock.step(evidence.t)
            if step is None:
                self._slow_steps = min(SLOW + 1.0, self._slow_steps + 1)
            else:
                self._slow_steps = max(0.0, self._slow_steps - step / SLOW_FADES_S)
        return self._slow_steps >= SLOW


class DriverMonitor:
    """Judges a driver by the signs of ``signs.SIGNS``; holds all state between two pieces of evidence.

    Args:
        config: Thresholds.
        ids: Source of event ids, shared by the session.
    """

    def __init__(self, config: DriverConfig, ids: Iterator[int]) -> None:
        self._config = config
        self._baseline = Baseline(
            config.calibrate_s, config.memory_s, config.opened, config.turned_deg, config.lowered_deg
        )
        self._clock, self._pace = Clock(), Pace()
        self._speech, self._stand_in = Speech(), LidsStandIn()
        self._covers, self._cover = Covers(), Cover()
        self._blinked = False
        self._trackers: dict[str, SignTracker] = {sign.kind: sign.tracker(config) for sign in SIGNS}
        self._lives = {sign.kind: Lifecycle(sign.kind, ids, config.update_s, sign.release_s) for sign in SIGNS}

    @property
    def calibrated(self) -> bool:
        """Whether the calibration has ended."""
        return self._baseline.progress >= 1

    def update(self, evidence: Evidence) -> tuple[DriverState, list[Event]]:
        """Takes one moment's evidence; returns the state and the events."""
        if evidence.changed:
            self.forget()
        self._cover = self._covers.update(evidence)
        # What is read of eyes behind sunglasses is a guess.
        seen = replace(evidence, eyes=None, lids=None) if self._cover.upper else evidence
        if self._baseline.update(seen, blinked=self._blinked):
            self._restart(everything=False)
        moment = self._moment(seen)
        events: list[Event] = []
        for sign in SIGNS:
            found = self._trackers[sign.kind].update(moment)
            moment.levels[sign.kind] = found.level
            events += self._lives[sign.kind].update(found, evidence.t, evidence.wall, evidence.face)
        self._blinked = moment.eyes.blink is not None
        state = moment.state()
        return (state if seen is evidence else replace(state, evidence=evidence)), events

    def forget(self) -> None:
        """Starts again for another driver."""
        self._baseline.forget()
        self._restart(everything=True)

    def finish(self) -> list[Event]:
        """Ends the open events at the end of a session."""
        return [event for life in self._lives.values() for event in life.finish()]

    def _moment(self, evidence: Evidence) -> Moment:
        """The evidence together with this driver's baseline."""
        usual, dt = self._baseline, self._clock.step(evidence.t) or 0.0
        read, lids = None if evidence.eyes is None else usual.openness(evidence.eyes), usual.lids(evidence.lids)
        return Moment(
            evidence,
            dt=dt,
            slow=self._pace.update(evidence),
            calibrated=usual.progress,
            opened=self._stand_in.update(dt, read, lids if usual.knows_lids else None),
            lids=lids,
            speaking=self._speech.update(dt, evidence.mouth),
            zero=usual.zero,
            usual_blinks=usual.blinks_per_min,
            usual_anger=usual.anger,
            cover=self._cover,
        )

    def _restart(self, *, everything: bool) -> None:
        """Resets the signs of the last driver; an ongoing absence is kept unless ``everything`` is set."""
        self._speech, self._stand_in = Speech(), LidsStandIn()
        if everything:
            self._covers = Covers()
        for sign in SIGNS:
            if sign.personal or everything:
                self._trackers[sign.kind] = sign.tracker(self._config)
