"""The driver's state at one moment, which all outputs show, log or publish in driver mode."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.core.evidence import Evidence

ATTENTIVE, EYES_SHUT, TURNED, ABSENT, UNJUDGED = "attentive", "eyes shut", "turned away", "absent", "cannot judge"
"""Values of ``DriverState.attention``."""
FATIGUE_LEVELS = ("none", "early", "drowsy", "danger")
"""Values of ``DriverState.level``: the levels of fatigue, 0 to 3."""


@dataclass(frozen=True, slots=True)
class DriverState:
    """The driver's state, as far as the evidence allows.

    Attributes:
        face: The driver's face id, 0 while there is none.
        picture: Whether the picture is good enough to show a face: neither dark nor uniform.
        calibrated: 0..1, progress of learning this driver's baseline.
        eyes: Openness of the eyes relative to this driver's baseline, 0..1, or None.
        closed_s: Seconds the eyes have been shut.
        blinks_per_min: Blinks in the last minute, or None while too little of it was judged.
        perclos: Share of the window with the eyes shut, 0..1, or None while too little of it was judged.
        mouth: Inner lip distance over the mouth's width, or None.
        yawning: Whether the open mouth is a yawn.
        yawns: Number of yawns in the last five minutes.
        attention: "attentive", "eyes shut", "turned away", "absent" or "cannot judge".
        away_level: Level of absence or turning away, 0 to 3.
        fatigue: Fatigue score, 0..100.
        parts: Points that each part adds to the fatigue score, by name.
        level: Level of fatigue: "none", "early", "drowsy" or "danger".
        anger: Anger-like share 0..1, or None.
        anger_level: Level of the anger-like expression, 0 to 3.
        unjudged: Whether it was reported that the eyes cannot be judged.
        closure_level: 0 to 4: eyes shut for ``closure_s``, ``microsleep_s``, ``sleep_s``, ``unresponsive_s``.
        levels: Level of every sign by the kind of its events, 0 = inactive.
        evidence: The measured values on which this state is based, or None.
    """

    face: int
    picture: bool
    calibrated: float
    eyes: float | None
    closed_s: float
    blinks_per_min: float | None
    perclos: float | None
    mouth: float | None
    yawning: bool
    yawns: int
    attention: str
    away_level: int
    fatigue: float
    parts: dict[str, float]
    level: str
    anger: float | None
    anger_level: int
    unjudged: bool
    closure_level: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    evidence: Evidence | None = None

    @property
    def judged(self) -> bool:
        """Whether the eyes can be judged at this moment; if not, each level is the last known one."""
        return self.attention != UNJUDGED and self.eyes is not None
