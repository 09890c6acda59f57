"""One moment of a drive: the evidence, and the judgements of the signs so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from monitor.core.driver_state import FATIGUE_LEVELS, UNJUDGED, DriverState
from monitor.core.lifecycle import Observation
from monitor.driver.closure import UNKNOWN_EYES, Eyes
from monitor.driver.cover import Cover
from monitor.driver.evidence import Evidence


class YawnShape(NamedTuple):
    """Whether the mouth's movement explains shut eyes.

    Attributes:
        may: Whether the mouth opens as in a yawn, but not yet for long enough to be one.
        real: Whether it had a yawn's full shape just now: a rise, a plateau and a wide peak.
        began_s: Seconds since the mouth began to open.
        wide: Whether the mouth is wide open at this moment.
        hand: Whether a yawn behind a hand explains shut eyes.
        refuted: Whether that lasted too long, or the head sank, so that it was no yawn.
    """

    may: bool = False
    real: bool = False
    began_s: float = 0.0
    wide: bool = False
    hand: bool = False
    refuted: bool = False


@dataclass(slots=True)
class Moment:
    """The driver's values at one time; the signs fill them in, in the order of ``signs.SIGNS``.

    Attributes:
        evidence: The measured values.
        dt: Seconds since the previous evidence, 0 if unknown.
        slow: Whether evidence is too rare to judge anything.
        calibrated: Progress of the calibration, 0..1.
        opened: Openness of the eyes relative to this driver's open eyes, 0..1, or None; see ``lids.LidsStandIn``.
        zero: This driver's straight-ahead yaw and pitch in degrees.
        usual_blinks: This driver's normal blinks per minute, or None.
        usual_anger: Anger-like share of this driver's resting face.
        cover: The present covers of the face.
        levels: Level of each sign judged so far, by kind.
        yawning: Whether the open mouth is a yawn.
        yawned: Whether the yawn was recognised at this moment.
        mouth_wide: Whether the mouth is wide open, or was a moment ago.
        yawn: Whether the mouth's movement explains shut eyes.
        lids: Distance of the lids relative to this driver's open eyes, or None.
        speaking: Whether the mouth moves as in speech or song.
        lowered: Whether the eyes look shut because the gaze is lowered.
        doubt_s: Seconds for which the eyes may be shut or not: the keypoints' lids contradict the closure, or
            the openness flickers; 0 = no doubt.
        narrowed_s: Seconds for which the lids have hung half shut, so that the eyes are not on the road.
        eyes: The eyes over time; shut eyes that a yawn, a laugh or a lowered gaze explains count as unknown.
        eyes_shut: Whether the eyes have been shut for long, explained or not.
        yawns: Yawns of the last five minutes.
        fatigue: Score of fatigue, 0..100.
        parts: Its parts by name, in points.
        attention: One of the values of ``DriverState.attention``.
        turned: Whether the head is turned away.
        anger: Smoothed anger-like share 0..1, or None.
    """

    evidence: Evidence
    dt: float = 0.0
    slow: bool = False
    calibrated: float = 0.0
    opened: float | None = None
    zero: tuple[float, float] = (0.0, 0.0)
    usual_blinks: float | None = None
    usual_anger: float = 0.0
    cover: Cover = Cover()
    levels: dict[str, int] = field(default_factory=dict)
    yawning: bool = False
    yawned: bool = False
    mouth_wide: bool = False
    yawn: YawnShape = YawnShape()
    lids: float | None = None
    speaking: bool = False
    lowered: bool = False
    doubt_s: float = 0.0
    narrowed_s: float = 0.0
    eyes: Eyes = UNKNOWN_EYES
    eyes_shut: bool = False
    yawns: int = 0
    fatigue: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    attention: str = UNJUDGED
    turned: bool = False
    anger: float | None = None

    @property
    def yaw_pitch(self) -> tuple[float, float] | None:
        """Yaw and pitch off straight ahead in degrees, or None."""
        pose = self.evidence.pose
        return None if pose is None else (pose[0] - self.zero[0], pose[1] - self.zero[1])

    @property
    def yawn_like(self) -> bool:
        """Whether the mouth is wide open or moves as in a yawn, a hand before it included."""
        return self.mouth_wide or self.yawning or self.yawn.may or self.yawn.hand

    def state(self) -> DriverState:
        """The state for the outputs."""
        level = self.levels.get
        return DriverState(
            face=self.evidence.face, picture=self.evidence.picture, calibrated=self.calibrated,
            eyes=self.opened, closed_s=self.eyes.closed_s, blinks_per_min=self.eyes.blinks_per_min,
            perclos=self.eyes.perclos, mouth=self.evidence.mouth, yawning=self.yawning, yawns=self.yawns,
            attention=self.attention, away_level=level("away", 0), unjudged=level("cannot_judge", 0) > 0,
            fatigue=self.fatigue, parts=dict(self.parts), level=FATIGUE_LEVELS[level("fatigue", 0)],
            anger=self.anger, anger_level=level("anger_like", 0), closure_level=level("eyes_closed", 0),
            levels=dict(self.levels), evidence=self.evidence,
        )  # fmt: skip


class SignTracker(Protocol):
    """Follows one sign of one driver."""

    def update(self, moment: Moment) -> Observation:
        """Judges the sign at this moment and stores what later signs need in ``moment``."""
