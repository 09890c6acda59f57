"""The driver's attention: ahead, turned away, absent or unknown; and nods of the head."""

from __future__ import annotations

from monitor.core.driver_state import ABSENT, ATTENTIVE, EYES_SHUT, TURNED, UNJUDGED
from monitor.core.lifecycle import Observation
from monitor.driver.evidence import Evidence
from monitor.driver.moment import Moment
from monitor.driver.timing import Clock, Countdown, Window
from monitor.settings.config import DriverConfig

BACK = 0.8
"""Share of the angle below which a turned head counts as looking ahead again."""
NOD_DEG, NOD_FROM_DEG = 18.0, 9.0
"""A nod sinks from below ``NOD_FROM_DEG`` to beyond ``NOD_DEG`` of pitch within ``NOD_S``: a glance at the instruments
(some 15 degrees) is less, a head that falls forward is more. Chosen by reasoning, not measured."""
NOD_S = 1.5
NOD_EYES_S, NOD_SHUT_S = 1.0, 0.3
"""In a nod the eyes have been shut for over ``NOD_SHUT_S`` when the head has sunk, or at most ``NOD_EYES_S`` later."""
NEVER_S = 30.0
"""A driver who was never seen since the start is reported as absent after this time: the camera may be turned away."""
OFTEN, FALLS = 2.5, 0.5
"""The eyes cannot be judged once they were unknown for ``judge_s`` within ``OFTEN`` times as long; the sign ends when
the unknown time falls below ``FALLS`` of ``judge_s``."""
UNCOVERED_S = 1.0
"""Covered eyes count as uncovered after they were known for this long."""
FACE_GONE_S = 0.4
"""A driver whose face is missing for less than this is not absent; the tracker keeps a lost face as long."""


class Nods:
    """Detects nods: the head sinks while the eyes are shut."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._upright_at: float | None = None
        self._fell_at: float | None = None

    def update(self, t: float, pitch: float | None, *, shut: bool) -> bool:
        """Takes one moment.

        Args:
            t: Seconds on the frame clock.
            pitch: Pitch off straight ahead in degrees, or None.
            shut: Whether the eyes have been shut for longer than a blink; a head lowered with open eyes looks at
                something and is no nod.

        Returns:
            Whether a nod was completed just now.
        """
        if self._clock.step(t) is None:  # how fast a head sank is unknown
            self._upright_at = self._fell_at = None
        if pitch is not None and pitch < NOD_FROM_DEG:
            self._upright_at, self._fell_at = t, None
        elif pitch is not None and pitch > NOD_DEG and self._upright_at is not None:
            self._fell_at = t if t - self._upright_at <= NOD_S else None
            self._upright_at = None  # at most one nod until the head is up again
        if self._fell_at is None or t - self._fell_at > NOD_EYES_S or not shut:
            return False
        self._fell_at = None
        return True


class Attention:
    """Judges presence and head direction over time.

    Attributes:
        state: "attentive", "turned away", "absent" or "cannot judge". A lost face is never "attentive".
        turned: Whether the head is turned away.
        came: Whether the driver was ever seen.
        level: 0 to 3: turned away or absent for ``away_notice_s``, ``away_warn_s``, ``away_alarm_s``; at most 1 for a
            driver who was never seen.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._away = Countdown((config.away_notice_s, config.away_warn_s, config.away_alarm_s))
        self._clock = Clock()
        self._gone_s = 0.0
        self.came = False
        self.state = UNJUDGED
        self.turned = False
        self.level = 0

    @property
    def away_s(self) -> float:
        """Seconds spent of the budget of looking away."""
        return self._away.spent

    def update(self, evidence: Evidence, zero: tuple[float, float]) -> None:
        """Takes a moment's evidence and the driver's straight-ahead yaw and pitch in degrees."""
        dt = self._clock.step(evidence.t)
        self.came = self.came or evidence.present
        self._gone_s = 0.0 if evidence.present else self._gone_s + (dt or 0.0)
        if evidence.present:
            self.turned = self._is_turned(evidence.pose, zero)
        elif self._gone_s >= FACE_GONE_S:
            self.turned = False
        self.state, away = self._judge(evidence)
        level = self._away.update(evidence.t, on=away)
        self.level = level if self.came else min(level, 1)

    def _judge(self, evidence: Evidence) -> tuple[str, bool | None]:
        """Returns the state, and whether it counts as away (None: unknown)."""
        if not evidence.picture:
            return UNJUDGED, None
        if not evidence.present:
            # A driver who was never seen is not absent at once.
            gone = self._gone_s >= FACE_GONE_S
            counts = self.came or self._gone_s >= NEVER_S - self._config.away_notice_s
            return ABSENT if gone else self.state, True if gone and counts else None
        if self.turned:
            return TURNED, True
        if evidence.eyes is None:
            # A face that looks ahead but has unknown eyes is present, not attentive.
            return UNJUDGED, False if evidence.pose is not None else None
        return ATTENTIVE, False

    def _is_turned(self, pose: tuple[float, float, float] | None, zero: tuple[float, float]) -> bool:
        if pose is None:
            return self.turned
        share = BACK if self.turned else 1.0
        yaw, pitch = pose[0] - zero[0], pose[1] - zero[1]
        return abs(yaw) > share * self._config.turned_deg or abs(pitch) > share * self._config.lowered_deg


class Away:
    """The sign ``away``: the driver is absent or turned away."""

    def __init__(self, config: DriverConfig) -> None:
        self._attention = Attention(config)
        self._closure_s = config.closure_s
        self._what = ABSENT

    def update(self, moment: Moment) -> Observation:
        """Judges presence and head direction; fills in ``attention`` and ``turned``."""
        attention = self._attention
        attention.update(moment.evidence, moment.zero)
        moment.turned = attention.turned
        moment.attention = attention.state
        if moment.slow:
            moment.attention = UNJUDGED
        elif attention.state == ATTENTIVE and moment.eyes_shut:
            moment.attention = EYES_SHUT
        elif attention.state == ATTENTIVE and (moment.narrowed_s or moment.doubt_s >= self._closure_s):
            moment.attention = UNJUDGED  # looking down, or shut in the dark: not attentive either way
        away = attention.state in (ABSENT, TURNED)
        if away:
            self._what = attention.state if attention.came else "no driver seen yet"
        return Observation(attention.level, moment.evidence.t - attention.away_s, away, {"what": self._what})


class CannotJudge:
    """The sign ``cannot_judge``: the eyes were unknown for ``judge_s``, something covers them, or evidence comes too
    rarely.

    Covered eyes count as covered until they were known for ``UNCOVERED_S``, because a driver with sunglasses who turns
    aside still wears them. Eyes that are unknown again and again, as in the dark, count once their unknown time adds up
    to ``judge_s`` within ``OFTEN`` times as long; the sign then stays until they are known for most of that time.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._blind = Countdown((config.judge_s,))
        self._judge_s, self._doubt_s = config.judge_s, config.microsleep_s
        self._sum = Window(OFTEN * config.judge_s)
        self._clock = Clock()
        self._often = False
        self._covered_s = self._known_s = 0.0

    def update(self, moment: Moment) -> Observation:
        """Judges whether the eyes can be judged; needs ``turned`` and ``cover``."""
        seen = moment.evidence
        blind = not seen.picture or (seen.present and moment.opened is None and not moment.turned)
        self._sum.add(seen.t, (self._clock.step(seen.t) or 0.0) if blind else 0.0)
        self._often = self._sum.total >= self._judge_s * (FALLS if self._often else 1.0) - 1e-6
        covered, doubt = self._is_covered(moment), moment.doubt_s >= self._doubt_s
        unjudged = blind or covered or doubt or moment.slow
        level = int(self._blind.update(seen.t, on=blind) > 0 or self._often or moment.slow or covered or doubt)
        since = max(self._blind.spent, self._covered_s if covered else 0.0, moment.doubt_s if doubt else 0.0)
        what = "eyes are covered" if covered else "eyes or face cannot be judged"
        return Observation(level, seen.t - since, unjudged, {"what": what})

    def _is_covered(self, moment: Moment) -> bool:
        """Whether a lasting cover hides the eyes."""
        if moment.cover.upper_s:
            self._covered_s, self._known_s = max(self._covered_s + moment.dt, moment.cover.upper_s), 0.0
        elif self._covered_s:
            self._covered_s += moment.dt
            self._known_s += moment.dt if moment.opened is not None else 0.0
            if self._known_s >= UNCOVERED_S or not moment.evidence.present:
                self._covered_s = 0.0
        return self._covered_s > 0
