"""Where the driver's attention is: ahead, turned away, gone, or not to be judged; and nods of the head."""

from __future__ import annotations

from monitor.core.driver_state import ABSENT, ATTENTIVE, TURNED, UNJUDGED
from monitor.driver.countdown import Countdown
from monitor.driver.evidence import Clock, Evidence
from monitor.settings.config import DriverConfig

BACK = 0.8
"""Share of the angle under which a turned head counts as looking ahead again."""
NOD_DEG, NOD_FROM_DEG = 18.0, 9.0
"""A nod sinks from below ``NOD_FROM_DEG`` to beyond ``NOD_DEG`` of pitch within ``NOD_S``: a glance at the
instruments (some 15 degrees) is less, a head that falls forward more. Chosen on reason, not measured."""
NOD_S = 1.5
FACE_GONE_S = 0.4
"""A face missed for a moment is not absent; the tracker keeps it that long anyway."""


class Attention:
    """Judges presence, direction and judgeability over time.

    Attributes:
        state: "attentive", "turned away", "absent" or "cannot judge". A lost face is never "attentive".
        level: 0 to 3: turned away or absent for ``away_notice_s``, ``away_warn_s``, ``away_alarm_s``.
        unjudged: Whether the eyes could not be judged for ``judge_s``.
        blind: Whether the eyes cannot be judged at this moment.
        nodded: Whether a nod was completed just now.
    """

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._away = Countdown((config.away_notice_s, config.away_warn_s, config.away_alarm_s))
        self._blind = Countdown((config.judge_s,))
        self._clock = Clock()
        self._turned = False
        self._upright_at: float | None = None
        self._gone_s = 0.0
        self._came = False
        self.state = UNJUDGED
        self.level = 0
        self.unjudged = self.blind = False
        self.nodded = False

    @property
    def away_s(self) -> float:
        """Seconds spent of the budget of looking away."""
        return self._away.spent

    @property
    def blind_s(self) -> float:
        """Seconds in which the eyes could not be judged, as far as they count still."""
        return self._blind.spent

    def update(self, evidence: Evidence, zero: tuple[float, float]) -> None:
        """Takes a moment's evidence and the driver's own straight-ahead yaw and pitch in degrees."""
        t = evidence.t
        dt = self._clock.step(t)
        self._came = self._came or evidence.present
        self._gone_s = 0.0 if evidence.present else self._gone_s + (dt or 0.0)
        yaw, pitch = (None, None) if evidence.pose is None else (evidence.pose[0] - zero[0], evidence.pose[1] - zero[1])
        if evidence.present:
            self._turned = self._is_turned(yaw, pitch)
        elif self._gone_s >= FACE_GONE_S:
            self._turned = False
        if dt is None:  # too long ago, or a time that went back: nobody knows how fast a head sank
            self._upright_at = None
        self._nod(t, pitch)
        if not evidence.picture:
            self.state, away = UNJUDGED, None
        elif not evidence.present:
            # An empty seat is nobody's absence: somebody must have been there.
            gone = self._gone_s >= FACE_GONE_S
            away = True if gone and self._came else None
            self.state = ABSENT if gone else self.state
        elif self._turned:
            self.state, away = TURNED, True
        elif evidence.eyes is None:
            # A face that looks ahead is no absence, but of whom the eyes are unknown nobody can say "attentive".
            self.state, away = UNJUDGED, False if yaw is not None else None
        else:
            self.state, away = ATTENTIVE, False
        self.level = self._away.update(t, away)
        self.blind = not evidence.picture or (evidence.present and evidence.eyes is None and not self._turned)
        self.unjudged = self._blind.update(t, self.blind) > 0

    def _is_turned(self, yaw: float | None, pitch: float | None) -> bool:
        if yaw is None or pitch is None:
            return self._turned
        share = BACK if self._turned else 1.0
        return abs(yaw) > share * self._config.turned_deg or abs(pitch) > share * self._config.lowered_deg

    def _nod(self, t: float, pitch: float | None) -> None:
        self.nodded = False
        if pitch is None:
            return
        if pitch < NOD_FROM_DEG:
            self._upright_at = t
        elif pitch > NOD_DEG and self._upright_at is not None:
            self.nodded = t - self._upright_at <= NOD_S
            self._upright_at = None  # one nod until the head is up again
