"""The driver's state from one moment's evidence to the next: a pure function of numbers and time."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, TURNED, UNJUDGED, DriverState
from monitor.core.lifecycle import Happening
from monitor.core.types import Event
from monitor.driver.aggression import Aggression
from monitor.driver.attention import Attention
from monitor.driver.baseline import Baseline
from monitor.driver.closure import Closure
from monitor.driver.evidence import Clock, Evidence
from monitor.driver.fatigue import LEVELS, Fatigue
from monitor.driver.yawn import Yawns
from monitor.settings.config import DriverConfig

KINDS = ("eyes_closed", "yawn", "away", "cannot_judge", "fatigue", "anger_like")
"""Kinds of a driver's events that are acted on, published and scored."""
CLOSURES = ("", "long closure", "microsleep", "sleep", "unresponsive")
LAUGH = 0.8
"""Share of happy from which shut eyes are a laugh's; of eyes shut in sleep it reads sad or neutral (the clips)."""
EXCUSE_S = 6.0
"""Eyes shut for longer in a yawn or a laugh are shut: somebody may sleep with the mouth open."""
SLOW = 3
"""So many steps of over a second (``evidence.LONGEST_STEP_S``) are too few readings to judge anything by …"""
SLOW_FADES_S = 2.0
"""… unless each is followed by so many seconds of shorter ones."""
RELEASE_S = 0.6
"""Seconds at rest after which a happening is over: shorter interruptions belong to it."""


class DriverMonitor:
    """Judges a driver; all state between two pieces of evidence.

    Args:
        config: Thresholds.
        ids: Source of event ids, shared by the session.
    """

    def __init__(self, config: DriverConfig, ids: Iterator[int]) -> None:
        self._config = config
        self._baseline = Baseline(
            config.calibrate_s, config.memory_s, config.opened, config.turned_deg, config.lowered_deg
        )
        self._closure, self._yawns = Closure(config), Yawns(config)
        self._attention, self._fatigue = Attention(config), Fatigue(config)
        self._aggression = Aggression(config)
        self._clock, self._pictures = Clock(), Clock()
        self._was_yawning = self._blinked = False
        self._excused_s = 0.0
        self._slow_steps = 0.0
        self._away_what = ABSENT
        self._after_yawn_s = 0.0
        self._shut = False
        self._lids = Closure(config)

        def happening(kind: str, release_s: float = RELEASE_S) -> Happening:
            return Happening(kind, ids, config.update_s, release_s)

        self._eyes_closed, self._yawn = happening("eyes_closed"), happening("yawn")
        self._away, self._blind = happening("away"), happening("cannot_judge")
        self._tired, self._anger = happening("fatigue"), happening("anger_like")
        self._learning = happening("calibrating", 0.0)

    def update(self, evidence: Evidence) -> tuple[DriverState, list[Event]]:
        """Takes one moment's evidence; returns the state and what began, went on or ended."""
        t, config = evidence.t, self._config
        step = self._clock.step(t)
        dt = step or 0.0
        if evidence.frame:  # a time without any passes in short steps
            gap = self._pictures.step(t)
            self._slow_steps = (
                min(SLOW + 1.0, self._slow_steps + 1)
                if gap is None
                else max(0.0, self._slow_steps - gap / SLOW_FADES_S)
            )
        if self._baseline.update(evidence, self._blinked):
            self._start_anew()
        opened = None if evidence.eyes is None else self._baseline.openness(evidence.eyes)
        yawning = self._yawns.update(t, evidence.mouth, evidence.happy, opened)
        self._after_yawn_s = 0.0 if self._yawns.open_s else self._after_yawn_s + dt
        wide = self._yawns.open_s > 0 or self._after_yawn_s < config.after_yawn_s
        self._attention.update(evidence, self._baseline.zero)
        eyes = self._closure.update(t, None if self._excused(evidence, opened, wide, dt) else opened)
        # A yawn or a laugh excuses shut eyes from being an alarm; shut they are all the same.
        lids = self._lids.update(t, opened)
        self._blinked = eyes.blink is not None
        steps = (config.closure_s, config.microsleep_s, config.sleep_s, config.unresponsive_s)
        # Eyes that cannot be told for a moment do not end a closure: its time stands still meanwhile.
        closure = sum(eyes.closed_s >= seconds for seconds in steps) if eyes.closed is not False else 0
        self._shut = closure > 0
        yawned = yawning and not self._was_yawning
        self._was_yawning = yawning
        self._fatigue.update(t, eyes, closure, yawned, self._attention.nodded, self._baseline.blinks_per_min)
        # A wide open mouth and screwed-up eyes look like anger to the network (munb_3 of the clips).
        anger_level = self._aggression.update(t, None if wide else evidence.anger, self._baseline.anger)
        attention, slow = self._attention.state, self._slow_steps >= SLOW
        if slow:
            attention = UNJUDGED
        elif attention == ATTENTIVE and (closure or (lids.closed is not False and lids.closed_s >= config.closure_s)):
            attention = EYES_SHUT
        state = DriverState(
            face=evidence.face, picture=evidence.picture, calibrated=self._baseline.progress,
            eyes=opened, closed_s=eyes.closed_s, blinks_per_min=eyes.blinks_per_min, perclos=eyes.perclos,
            mouth=evidence.mouth, yawning=yawning, yawns=self._fatigue.yawns,
            attention=attention, away_level=self._attention.level, unjudged=self._attention.unjudged or slow,
            fatigue=self._fatigue.score, parts=dict(self._fatigue.parts), level=LEVELS[self._fatigue.level],
            anger=self._aggression.share, anger_level=anger_level, closure_level=closure,
        )  # fmt: skip
        return state, self._events(evidence, state, closure)

    def _excused(self, evidence: Evidence, opened: float | None, wide: bool, dt: float) -> bool:
        """Whether shut eyes are a yawn's or a laugh's: neither a microsleep nor known to be open.

        Eyes that were shut for long before are no yawn's: a sleeper's jaw drops.
        """
        if self._shut:
            return False
        laughing = evidence.happy is not None and evidence.happy > LAUGH
        if not (wide or laughing):
            self._excused_s = 0.0
            return False
        # Lids that part for a picture do not begin the excuse anew: a sleeper's mouth stays open.
        if opened is None or opened > self._config.opened:
            return False
        self._excused_s += dt
        return self._excused_s < EXCUSE_S

    def _start_anew(self) -> None:
        """Somebody else sits there now: what the last driver did is not theirs."""
        config = self._config
        self._closure, self._yawns = Closure(config), Yawns(config)
        self._fatigue, self._aggression = Fatigue(config), Aggression(config)
        self._shut, self._excused_s, self._lids = False, 0.0, Closure(config)

    def forget(self) -> None:
        """Another face is the driver's now: whoever was taken for the driver was not."""
        self._baseline.forget()
        self._start_anew()
        self._attention = Attention(self._config)

    @property
    def calibrated(self) -> bool:
        """Whether this driver's usual is learnt."""
        return self._baseline.progress >= 1

    def finish(self) -> list[Event]:
        """Ends what is still going on, at the end of a session."""
        every = (
            self._learning, self._eyes_closed, self._yawn, self._away, self._blind, self._tired, self._anger,
        )  # fmt: skip
        return [event for happening in every for event in happening.finish()]

    def _events(self, evidence: Evidence, state: DriverState, closure: int) -> list[Event]:
        t, wall, face = evidence.t, evidence.wall, evidence.face
        fatigue, anger, attention = self._fatigue, self._aggression, self._attention
        events = []
        if state.calibrated >= 1 or evidence.present or self._learning.open:
            level = int(state.calibrated < 1)
            events += self._learning.update(level, t, wall, face, percent=round(100 * state.calibrated))
        events += self._eyes_closed.update(
            closure, t, wall, face, since=t - state.closed_s,
            active=state.eyes is not None and state.eyes <= self._config.opened, what=CLOSURES[closure],
        )  # fmt: skip
        events += self._yawn.update(int(state.yawning), t, wall, face, since=t - self._yawns.open_s)
        now_away = attention.state in (ABSENT, TURNED)
        self._away_what = attention.state if now_away else self._away_what
        events += self._away.update(
            attention.level, t, wall, face, since=t - attention.away_s, active=now_away, what=self._away_what
        )
        events += self._blind.update(
            int(state.unjudged), t, wall, face, since=t - attention.blind_s,
            active=attention.blind or self._slow_steps >= SLOW, what="eyes or face cannot be judged",
        )  # fmt: skip
        parts = {name: round(points, 1) for name, points in state.parts.items() if points >= 0.05}
        events += self._tired.update(
            fatigue.level, t, wall, face, what=state.level, score=round(state.fatigue, 1), parts=parts
        )
        events += self._anger.update(
            anger.level,
            t,
            wall,
            face,
            active=anger.going,
            what="anger-like expression",
            mean=round(anger.mean, 3),
            peak=round(anger.peak, 3),
        )
        return events
