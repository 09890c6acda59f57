"""Start, update and end events: one id, honest durations, no flapping."""

from __future__ import annotations

import itertools

import pytest

from monitor.core.lifecycle import Lifecycle, Observation, Occurrence
from monitor.core.types import Event


def play(levels: list[int], release_s: float = 0.0, update_s: float = 5.0) -> list[Event]:
    """Plays a level for each second."""
    life = Lifecycle("sign", itertools.count(1), update_s, release_s)
    events: list[Event] = []
    for t, level in enumerate(levels):
        events += life.update(Observation(level, data={"n": t}), float(t), 100.0 + t, 7)
    return events + life.finish()


def test_a_level_that_rises_and_falls_is_one_event_with_its_peak() -> None:
    events = play([0, 1, 2, 1, 0, 0])
    assert [(e.phase, e.level, e.t) for e in events] == [
        ("start", 1, 1.0), ("update", 2, 2.0), ("update", 1, 3.0), ("end", 2, 3.0),
    ]  # fmt: skip
    assert {e.id for e in events} == {1}
    assert (events[-1].data["duration_s"], events[-1].data["peak_level"]) == (2.0, 2)
    assert (events[-1].face, events[-1].wall) == (7, 103.0)


def test_a_short_interruption_belongs_to_the_event() -> None:
    assert len([e for e in play([1, 0, 1, 0, 0, 0], release_s=1.5) if e.phase == "start"]) == 1
    assert len([e for e in play([1, 0, 0, 1, 0, 0], release_s=1.5) if e.phase == "start"]) == 2


def test_updates_thin_out_the_longer_it_lasts() -> None:
    updates = [e.t for e in play([1] * 200) if e.phase == "update"]
    pauses = [b - a for a, b in itertools.pairwise(updates)]
    assert pauses[0] == 5
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 25


def test_what_is_not_active_is_neither_updated_nor_extended() -> None:
    life = Lifecycle("sign", itertools.count(1), 1.0)
    events = life.update(Observation(1, since=-2.0), 0.0, 0.0, 1)
    for n in range(1, 10):
        events += life.update(Observation(1, active=False), float(n), float(n), 0)
    events += life.finish()
    assert [e.phase for e in events] == ["start", "end"]
    assert events[0].data == {"duration_s": 2.0}
    assert (events[1].t, events[1].data["duration_s"], events[1].face) == (0.0, 2.0, 1)


def test_a_fall_while_inactive_is_kept_so_that_the_next_rise_is_reported() -> None:
    life = Lifecycle("sign", itertools.count(1), 100.0)
    steps = [Observation(3), Observation(2, active=False), Observation(3)]
    events = [event for t, seen in enumerate(steps) for event in life.update(seen, float(t), 0.0, 1)]
    assert [(e.phase, e.level) for e in events] == [("start", 3), ("update", 3)]


def test_a_clock_set_back_ends_the_event_and_starts_another() -> None:
    life = Lifecycle("sign", itertools.count(1), 5.0)
    events = [e for t in (10.0, 11.0, 3.0) for e in life.update(Observation(1), t, 0.0, 1)]
    assert [(e.phase, e.id, e.t) for e in events] == [("start", 1, 10.0), ("end", 1, 11.0), ("start", 2, 3.0)]
    assert life.open
    life.finish()
    assert not life.open
    assert life.finish() == []


@pytest.mark.parametrize(("t", "duration"), [(5.25, 3.25), (1.0, 0.0)])
def test_an_occurrence_never_lasts_less_than_nothing(t: float, duration: float) -> None:
    one = Occurrence("camera", -1, 2.0, t, 0.0, data={"state": "lost"})
    assert one.ended(cut=True).data == {"state": "lost", "duration_s": duration, "cut": True}
    assert one.started().data == {"state": "lost"}
