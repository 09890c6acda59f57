"""The kinds of events that are published or acted on, and their names for Home Assistant."""

from __future__ import annotations

from monitor.core.types import Event
from monitor.driver.signs import KINDS
from monitor.expression.held import KIND as EXPRESSION_HELD

ACTED_ON = frozenset({*KINDS, EXPRESSION_HELD})
"""Kinds of events that alerts act on."""
NAMES = {
    ("face", "start"): "face appeared",
    ("face", "end"): "face left",
    (EXPRESSION_HELD, "start"): "expression held",
    (EXPRESSION_HELD, "end"): "expression ended",
}
PHASES = {"start": "started", "update": "updated", "end": "ended"}


def event_type(event: Event) -> str:
    """The name under which an event is published; "" if it is not published."""
    if event.kind in KINDS:
        return f"{event.kind} {PHASES[event.phase]}"
    return NAMES.get((event.kind, event.phase), "")


def event_types(*, driver: bool) -> list[str]:
    """All names that can occur."""
    signs = [f"{kind} {phase}" for kind in KINDS for phase in PHASES.values()] if driver else []
    return [*NAMES.values(), *signs]
