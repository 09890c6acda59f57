"""The table of a driver's signs: the judgement, every output and the docs iterate ``SIGNS``.

A new sign needs a tracker in a module of its own, one row here and its settings in ``settings/config.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from monitor.core.driver_state import ABSENT, FATIGUE_LEVELS, TURNED, UNJUDGED, DriverState
from monitor.core.types import Event
from monitor.driver.aggression import AngerLike
from monitor.driver.attention import Away, CannotJudge
from monitor.driver.baseline import Calibrating
from monitor.driver.distraction import DISTRACTIONS, Distraction
from monitor.driver.drooping import DROOPS, HeadDroops
from monitor.driver.eyes_closed import CLOSURES, EyesClosed
from monitor.driver.fatigue import Fatigue
from monitor.driver.moment import SignTracker
from monitor.driver.yawn import Yawn
from monitor.settings.config import DriverConfig

Value = float | int | str | bool | None
"""A value that an output shows; None = unknown."""
RELEASE_S = 0.6
"""Seconds at level 0 after which a sign's event ends: shorter interruptions belong to it."""
WARNINGS = ("", "notice", "warning", "alarm")
"""Names of the levels of signs that are graded by time."""


class Field(NamedTuple):
    """One value of the driver's state, for tables and MQTT.

    Attributes:
        name: Name of the column, or key of the MQTT state.
        value: Reads it from the state.
        digits: Decimals of the rounded value; None = not rounded.
        title: Name of the Home Assistant sensor; empty = no sensor.
        unit: Unit of the sensor, or None.
        icon: Icon of the sensor.
    """

    name: str
    value: Callable[[DriverState], Value]
    digits: int | None = None
    title: str = ""
    unit: str | None = None
    icon: str = ""

    def rounded(self, state: DriverState) -> Value:
        """The value with ``digits`` decimals."""
        value = self.value(state)
        return round(value, self.digits) if isinstance(value, float) and self.digits is not None else value


class Sign(NamedTuple):
    """One sign of a driver.

    Attributes:
        kind: Kind of its events.
        tracker: Makes its tracker; called again for every new driver if ``personal``.
        settings: Names of its settings in ``driver``.
        levels: Names of its levels from 0 on.
        when: When it is reported, for the docs.
        columns: Columns of ``faces.csv``.
        counted_as: Column of ``drive.csv`` that counts its starts; empty = none.
        fields: Keys of the MQTT state.
        words: Words for an event.
        now: Level and words at this moment, for headlines; None = not shown there.
        personal: Whether it starts again with another driver.
        acted_on: Whether its events are published, scored and acted on.
        release_s: Seconds at level 0 after which its event ends.
    """

    kind: str
    tracker: Callable[[DriverConfig], SignTracker]
    settings: tuple[str, ...]
    levels: tuple[str, ...]
    when: str
    columns: tuple[Field, ...] = ()
    counted_as: str = ""
    fields: tuple[Field, ...] = ()
    words: Callable[[Event], str] = lambda event: str(event.data.get("what", event.kind)).replace("_", " ")
    now: Callable[[DriverState], tuple[int, str]] | None = None
    personal: bool = True
    acted_on: bool = True
    release_s: float = RELEASE_S


def _away_now(state: DriverState) -> tuple[int, str]:
    """Nothing while the driver cannot be judged, because the budget of looking away does not change then."""
    level = state.away_level if state.attention != UNJUDGED else 0
    return level, state.attention if state.attention in (TURNED, ABSENT) else "was away"


def _droops_now(state: DriverState) -> tuple[int, str]:
    level = state.levels.get("head_droops", 0)
    return level, DROOPS[level]


def _distraction_now(state: DriverState) -> tuple[int, str]:
    level = state.levels.get("distraction", 0)
    return level, DISTRACTIONS[level]


SIGNS = (
    Sign(
        "calibrating", lambda config: Calibrating(), ("calibrate_s", "memory_s"), ("learnt", "calibrating"),
        "the driver is being calibrated",
        fields=(Field("calibrated", lambda state: round(100 * state.calibrated), None, "Calibrated", "%",
                      "mdi:progress-check"),),
        personal=False, acted_on=False, release_s=0.0,
    ),
    Sign(
        "yawn", Yawn, ("yawn_open", "yawn_peak", "yawn_s", "after_yawn_s"), ("", "yawn"),
        "mouth wide open for yawn_s, reaching yawn_peak, not laughing",
        counted_as="yawns",
        fields=(Field("yawns", lambda state: state.yawns, None, "Yawns in 5 minutes", None, "mdi:emoticon-tired"),),
    ),
    Sign(
        "eyes_closed", EyesClosed, ("closed", "opened", "closure_s", "microsleep_s", "sleep_s", "unresponsive_s"),
        CLOSURES,
        "eyes shut for closure_s, microsleep_s, sleep_s, unresponsive_s",
        columns=(
            Field("eyes", lambda state: state.eyes, 3),
            Field("blinks_per_min", lambda state: state.blinks_per_min, 1),
            Field("perclos", lambda state: state.perclos, 3),
        ),
        counted_as="closures",
        fields=(
            Field("eyes", lambda state: state.eyes, 2),
            Field("perclos", lambda state: state.perclos, 3, "PERCLOS", None, "mdi:eye-off"),
            Field("blinks_per_min", lambda state: state.blinks_per_min, 1, "Blinks", "1/min", "mdi:eye"),
        ),
        words=lambda event: f"eyes shut, {event.data['what']}",
        now=lambda state: (min(3, state.closure_level), f"eyes shut {state.closed_s:.0f} s"),
    ),
    Sign(
        "fatigue", Fatigue, ("long_blink_s", "perclos_s", "perclos_warn", "perclos_drowsy"), FATIGUE_LEVELS,
        "score from 25, 50, 75; falls a level when 8 points below for 10 s",
        columns=(
            Field("fatigue", lambda state: state.fatigue, 1),
            Field("level", lambda state: state.level),
        ),
        fields=(
            Field("level", lambda state: state.level, None, "Fatigue level", None, "mdi:sleep"),
            Field("fatigue", lambda state: state.fatigue, 1, "Fatigue score", None, "mdi:gauge"),
        ),
        words=lambda event: f"fatigue {event.data['what']}, score {event.data['score']:.0f}",
    ),
    Sign(
        "away", Away, ("turned_deg", "lowered_deg", "away_notice_s", "away_warn_s", "away_alarm_s"), WARNINGS,
        "absent or turned away for away_notice_s, away_warn_s, away_alarm_s; glances back recover part of it",
        columns=(Field("attention", lambda state: state.attention),),
        counted_as="away_events",
        fields=(
            Field("attention", lambda state: state.attention, None, "Attention", None, "mdi:steering"),
            Field("away_level", lambda state: state.away_level),
        ),
        now=_away_now,
        personal=False,
    ),
    Sign(
        "cannot_judge", CannotJudge, ("min_quality", "judge_s"), ("", "cannot judge"),
        "eyes covered for 2 s; a face with unknown eyes, a dark or covered picture, or no frames, for judge_s",
        fields=(Field("judged", lambda state: state.judged),),
        personal=False,
    ),
    Sign(
        "head_droops", HeadDroops, ("min_quality",), DROOPS,
        "with eyes that cannot be read, as behind sunglasses: three nods in a minute, or a head that hangs for 3, 6 s",
        counted_as="head_droops",
        fields=(Field("head_droops", lambda state: state.levels.get("head_droops", 0), None, "Head droops", None,
                      "mdi:head-minus"),),
        now=_droops_now,
    ),
    Sign(
        "distraction", Distraction, ("distraction_deg", "distraction_s", "distraction_total_s"),
        DISTRACTIONS,
        "looking down for distraction_s (level 1); glances down or aside of distraction_total_s in a minute (level 2)",
        counted_as="distractions",
        fields=(Field("distraction", lambda state: state.levels.get("distraction", 0), None, "Distraction", None,
                      "mdi:cellphone-off"),),
        now=_distraction_now,
    ),
    Sign(
        "anger_like", AngerLike, ("anger", "anger_notice_s", "anger_warn_s", "anger_alarm_s"), WARNINGS,
        "anger-like expression above the personal threshold for anger_notice_s, anger_warn_s, anger_alarm_s",
        counted_as="anger_like_events",
        fields=(
            Field("anger_like", lambda state: state.anger, 2, "Anger-like expression", None, "mdi:emoticon-angry"),
            Field("anger_level", lambda state: state.anger_level),
        ),
        now=lambda state: (state.anger_level if state.anger is not None else 0, "anger-like expression"),
    ),
)  # fmt: skip
"""All signs, in the order in which they are judged: a sign may use the results of those before it."""

BY_KIND = {sign.kind: sign for sign in SIGNS}
"""The signs by the kind of their events."""
KINDS = tuple(sign.kind for sign in SIGNS if sign.acted_on)
"""Kinds of events that are published, scored and acted on."""
COLUMNS = tuple(column for sign in SIGNS for column in sign.columns)
"""Columns of ``faces.csv`` with the driver's state."""
FIELDS = tuple(field for sign in SIGNS for field in sign.fields)
"""Keys of the MQTT state; those with a title are Home Assistant sensors."""


def going_on(state: DriverState) -> tuple[int, str]:
    """Level (0..3) and words of the most severe sign at this moment; 0 and "" for none."""
    found = [sign.now(state) for sign in SIGNS if sign.now is not None]
    level, words = max(found, key=lambda one: one[0])
    return (level, words) if level else (0, "")
