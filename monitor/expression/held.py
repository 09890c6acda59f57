"""Expressions that a face holds for some time, as events for alerts and MQTT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.core.lifecycle import Occurrence
from monitor.core.types import Event, Face
from monitor.settings.config import AlertsConfig

KIND = "expression_held"
"""Kind of the events."""
LEVEL = 1
"""Their severity."""
RELEASE_S = 1.0
"""Seconds of interruption that do not yet end a held expression."""
LONGEST_PAUSE_S = 3600.0
"""The pause between two alerts of one expression doubles up to this, or up to ``alerts.pause_s`` if that is more."""


@dataclass(slots=True)
class _Showing:
    """An expression that a face shows.

    Attributes:
        label: The expression.
        start: When it began, in seconds on the frame clock.
        t: When it was last shown, in seconds on the frame clock.
        wall: The same in seconds since the epoch.
        event: Its event; None until it has been held for long enough.
    """

    label: str
    start: float
    t: float
    wall: float
    event: Occurrence | None = None

    def ended(self) -> list[Event]:
        """The end of its event, at the time when it was last shown; no events if it was never reported."""
        if self.event is None:
            return []
        self.event.t, self.event.wall = self.t, self.wall
        return [self.event.ended(peak_level=LEVEL)]


class _Pause:
    """The pause after a report of an expression, during which it is not reported again.

    The pause doubles when the expression returns within two further pauses after it ends. After a longer silence it is
    reset to ``shortest_s``.

    Args:
        shortest_s: The first pause in seconds; 0 = none.
    """

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self._pause_s = shortest_s
        self._until: float | None = None

    def is_over(self, t: float) -> bool:
        """Whether the expression may be reported at ``t`` seconds."""
        return self._until is None or t >= self._until

    def begin(self, t: float) -> None:
        """Starts a pause: the expression is reported at ``t`` seconds."""
        soon = self._until is not None and t < self._until + 2 * self._pause_s
        longest = max(LONGEST_PAUSE_S, self._shortest_s)
        self._pause_s = min(2 * self._pause_s, longest) if soon else self._shortest_s
        self._until = t + self._pause_s


class HeldExpressions:
    """Reports each expression of ``alerts.expression`` that a face holds for ``alerts.after_s``.

    One start and one end per held expression, no updates. After a start the same expression, of whatever face, is
    not reported again for ``alerts.pause_s``, which doubles while it keeps coming back.

    Args:
        config: Expressions, time and pause.
        ids: The session's source of event ids.
    """

    def __init__(self, config: AlertsConfig, ids: Iterator[int]) -> None:
        self._after_s, self._ids = config.after_s, ids
        self._pauses = {label: _Pause(config.pause_s) for label in config.expression}
        self._showing: dict[int, _Showing] = {}
        self._t = float("-inf")

    def update(self, faces: Sequence[Face], t: float, wall: float) -> list[Event]:
        """Takes the faces in view; returns the resulting events.

        Args:
            faces: Faces in view; none while a live source delivers no pictures.
            t: Seconds on the frame clock; a time before the last one ends all held expressions.
            wall: Seconds since the epoch.
        """
        events = self.finish() if t < self._t else []
        self._t = t
        for face in faces if self._pauses else ():
            events += self._face(face, t, wall)
        for face_id, shown in list(self._showing.items()):
            if t - shown.t >= RELEASE_S:
                events += self._showing.pop(face_id).ended()
        return events

    def finish(self) -> list[Event]:
        """Ends all held expressions."""
        events = [event for shown in self._showing.values() for event in shown.ended()]
        self._showing.clear()
        return events

    def _face(self, face: Face, t: float, wall: float) -> list[Event]:
        shown = self._showing.get(face.id)
        events: list[Event] = []
        if face.label not in self._pauses:
            return events
        if shown is not None and (shown.label != face.label or t - shown.t >= RELEASE_S):
            events += self._showing.pop(face.id).ended()
            shown = None
        if shown is None:
            shown = self._showing[face.id] = _Showing(face.label, t, t, wall)
        shown.t, shown.wall = t, wall
        pause = self._pauses[face.label]
        if shown.event is None and t - shown.start >= self._after_s and pause.is_over(t):
            pause.begin(t)
            data = {"label": face.label, "what": face.label, "confidence": round(face.confidence, 4)}
            shown.event = Occurrence(KIND, next(self._ids), shown.start, t, wall, face.id, LEVEL, LEVEL, data)
            events.append(shown.event.started(duration_s=shown.event.duration_s))
        return events
