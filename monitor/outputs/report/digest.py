"""The figures a report shows, computed from a session's rows and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.core.driver_state import FATIGUE_LEVELS
from monitor.core.labels import EMOTIONS, UNKNOWN

Floats = NDArray[np.float64]
POINTS = 900
"""Most points per person in a timeline; longer sessions are averaged over equal spans of time."""
MAX_PEOPLE = 12
"""Most people with a timeline; further people are only in the table."""
GAP_S = 2.0
"""A longer interval between two rows of a face, in seconds, is a gap."""
CREDIT_S = 1.0
"""A row covers the time until the next row of the same face, but at most this many seconds."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one session with a face, in order of time.

    Attributes:
        t: (N,) seconds since the start.
        face: (N,) int64 face ids.
        label: (N,) labels, "unknown" included.
        probs: (N, K) smoothed distributions over ``labels``.
        quality: (N,) 0..1.
        labels: The model's labels.
    """

    t: Floats
    face: NDArray[np.int64]
    label: NDArray[np.str_]
    probs: Floats
    quality: Floats
    labels: tuple[str, ...] = EMOTIONS


@dataclass(frozen=True, slots=True)
class Person:
    """One face id's share in a session.

    Attributes:
        id: The face id.
        start: First row, in seconds.
        end: Last row, in seconds.
        in_view_s: Time covered by rows.
        shares: Share of that time per label, "unknown" included; sums to 1.
        quality: Mean quality, 0..1.
        gaps: Intervals without rows longer than ``GAP_S``.
        t: (B,) centre of each span in seconds; empty without a timeline.
        probs: (B, K) mean distribution in each span, NaN where there are no rows.
    """

    id: int
    start: float
    end: float
    in_view_s: float
    shares: dict[str, float]
    quality: float
    gaps: int
    t: Floats
    probs: Floats


def people(rows: Rows) -> list[Person]:
    """All people in the rows, those longest in view first; the first ``MAX_PEOPLE`` have a timeline."""
    found = [_person(int(i), rows, rows.face == i) for i in np.unique(rows.face)]
    found.sort(key=lambda person: -person.in_view_s)
    for index, person in enumerate(found[:MAX_PEOPLE]):
        found[index] = _with_timeline(person, rows)
    return found


def _person(number: int, rows: Rows, mine: NDArray[np.bool_]) -> Person:
    t, labels = rows.t[mine], rows.label[mine]
    steps = np.diff(t, append=t[-1])
    credit = np.where(steps <= CREDIT_S, np.maximum(steps, 0), 0.0)
    total = float(credit.sum())
    shares = {}
    for name in (*rows.labels, UNKNOWN):
        chosen = labels == name
        shares[name] = float(credit[chosen].sum() / total) if total else float(chosen.mean())
    nothing = np.empty(0)
    return Person(
        number, float(t[0]), float(t[-1]), total, shares, float(rows.quality[mine].mean()),
        int((steps > GAP_S).sum()), nothing, np.empty((0, len(rows.labels))),
    )  # fmt: skip


def _with_timeline(person: Person, rows: Rows) -> Person:
    mine = rows.face == person.id
    t, probs = rows.t[mine], rows.probs[mine]
    steps = np.diff(t)
    typical = float(np.median(steps)) if len(steps) else 0.0
    span = max((person.end - person.start) / POINTS, 1.5 * typical, 0.05)  # at least one row each
    place = np.minimum(((t - person.start) / span).astype(np.int64), POINTS - 1)
    count = int(place.max()) + 1
    sums = np.zeros((count, probs.shape[1]))
    np.add.at(sums, place, probs)
    hits = np.bincount(place, minlength=count).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.asarray(sums / hits[:, None], np.float64)
    centres = np.asarray(person.start + (np.arange(count) + 0.5) * span, np.float64)
    return replace(person, t=centres, probs=means)


@dataclass(frozen=True, slots=True)
class Episode:
    """One event from its start to its end.

    Attributes:
        kind: The event's kind, "emotion" for a held expression.
        name: The expression, or the kind in words.
        face: The face id, 0 for none.
        start: In seconds.
        duration_s: In seconds; None where the end is missing.
        level: The highest level.
        details: Further data as text.
    """

    kind: str
    name: str
    face: int
    start: float
    duration_s: float | None
    level: int
    details: str


HIDDEN = frozenset({
    "session", "id", "kind", "phase", "timestamp", "video_time", "face_id", "level", "peak_level", "duration_s",
    "label", "start", "what", "plus_minus",
})  # fmt: skip
"""Fields of an event that the table shows elsewhere."""


def episodes(events: Sequence[dict[str, Any]]) -> list[Episode]:
    """Events joined by their ids, in order of their start, without those of faces that enter or leave the view."""
    joined: dict[tuple[str, int], dict[str, Any]] = {}
    for event in events:
        if event["kind"] == "face":
            continue
        key = (str(event.get("session", "")), int(event.get("id", 0)))
        seconds = float(event.get("video_time") or 0.0)
        kept = joined.setdefault(key, {"start": seconds, "level": 0, "duration_s": None})
        kept |= {k: v for k, v in event.items() if k not in ("level", "duration_s")}
        kept["level"] = max(kept["level"], int(event.get("level") or 0))
        if event["phase"] == "end":
            kept["duration_s"] = event.get("duration_s")
    return sorted((_episode(kept) for kept in joined.values()), key=lambda episode: episode.start)


def _episode(kept: dict[str, Any]) -> Episode:
    kind = str(kept["kind"])
    name = str(kept.get("label", "")) if kind == "emotion" else str(kept.get("what") or kind).replace("_", " ")
    if name in FATIGUE_LEVELS:
        name = f"{kind} {name}"
    details = "; ".join(_detail(key, value, kept) for key, value in kept.items() if key not in HIDDEN)
    lasted = kept["duration_s"]
    return Episode(
        kind, name, int(kept.get("face_id") or 0), float(kept["start"]),
        None if lasted is None else float(lasted), int(kept["level"]), details,
    )  # fmt: skip


def _detail(key: str, value: Any, kept: dict[str, Any]) -> str:
    """One field in words; the parts of a sum with their uncertainty."""
    errors = kept.get("plus_minus") or {}
    if isinstance(value, dict):
        parts = (f"{k} {_short(v)}" + (f" ± {_short(errors[k])}" if k in errors else "") for k, v in value.items())
        return f"{key}: {', '.join(parts)}"
    if isinstance(value, list):
        return f"{key}: {', '.join(map(_short, value))}"
    return f"{key.replace('_', ' ')} {_short(value)}"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
