"""Faces, a driver's state and events in words, for the picture, the terminal and the log lines."""

from __future__ import annotations

from monitor.core.driver_state import ATTENTIVE, FATIGUE_LEVELS, UNJUDGED, DriverState
from monitor.core.types import Event, Face

WARNINGS = ("", "notice", "warning", "ALARM")
"""Words for a driver's levels 0 to 3."""


COVERED = {"upper": "eyes covered", "lower": "mouth covered", "both": "face covered"}
"""Words for ``Face.covered``."""


def face_notes(face: Face) -> str:
    """Notes about a face: its covered half, and whether it is a still picture; "" for an ordinary face."""
    return ", ".join(note for note in (COVERED.get(face.covered, ""), "still picture" if face.still else "") if note)


def going_on(state: DriverState) -> tuple[str, int]:
    """The most severe current sign in a few words, and its level 0 to 3; "" and 0 if there is none."""
    from monitor.driver import signs  # late, as below: outside of driver mode nothing needs the table

    level, what = signs.going_on(state)
    return (f"{WARNINGS[level]}: {what}", level) if level else ("", 0)


def headline(state: DriverState) -> tuple[str, int]:
    """The most important fact about a driver in a few words, and its level 0 to 3.

    Fatigue lasts; a current sign comes first where its level is at least as high.
    """
    fatigue = FATIGUE_LEVELS.index(state.level)
    now, level = going_on(state)
    if level and level >= fatigue:
        return now, level
    words = f"fatigue {state.level}" if fatigue else "no fatigue"
    return (f"{words}, {state.attention}" if state.judged else f"{state.attention}, last {words}"), fatigue


def severity(state: DriverState) -> int | None:
    """The worst of fatigue, attention and current signs, 0 to 3; None while nothing can be judged.

    Eyes shut, a face turned away and an empty seat are at least 1, however short: they are never shown as "fine".
    """
    now = going_on(state)[1]
    if not state.judged and not now and state.attention in (UNJUDGED, ATTENTIVE):
        return None
    inattentive = int(state.attention != ATTENTIVE)
    return max(FATIGUE_LEVELS.index(state.level), now, inattentive)


def driver_text(state: DriverState) -> str:
    """A driver's state in one line."""
    parts = [f"calibrating {state.calibrated:.0%}"] if state.calibrated < 1 else []
    parts.append(f"fatigue {state.fatigue:.0f} {state.level}{'' if state.judged else ' (last known)'}")
    parts.append(going_on(state)[0] or state.attention)
    if state.perclos is not None:
        parts.append(f"PERCLOS {state.perclos:.0%}")
    if state.blinks_per_min is not None:
        parts.append(f"{state.blinks_per_min:.0f} blinks/min")
    if state.yawns:
        parts.append(f"{state.yawns} yawns")
    return "driver: " + ", ".join(parts)


def driver_line(event: Event) -> str:
    """A driver's event in a few words."""
    from monitor.driver import signs

    what = signs.BY_KIND[event.kind].words(event)
    if event.phase == "end":
        return f"driver: {what} over after {event.data['duration_s']:.1f} s"
    return f"driver: {what} (level {event.level})"


def is_sign(event: Event) -> bool:
    """Whether an event is a driver's sign that is acted on."""
    from monitor.driver import signs

    return event.kind in signs.KINDS
