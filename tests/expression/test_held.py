"""Held expressions: one start, one end, and a pause that grows while they keep coming back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from monitor.core.types import Event
from monitor.expression.held import HeldExpressions
from monitor.settings.config import AlertsConfig
from tests.fakes import face


def watched(
    story: Callable[[float], str], seconds: float, hz: float = 10.0, after_s: float = 5.0, pause_s: float = 0.0
) -> list[Event]:
    """The events of one face whose expression follows a story."""
    config = AlertsConfig(expression=("angry", "sad"), after_s=after_s, pause_s=pause_s)
    held = HeldExpressions(config, itertools.count(7))
    events = []
    for n in range(round(seconds * hz)):
        t = 100 + n / hz
        label = story(n / hz)
        events += held.update([face(1, label)] if label else [], t, 1.8e9 + t)
    return events + held.finish()


def told(events: list[Event]) -> list[tuple[str, float]]:
    return [(event.phase, round(event.t - 100, 3)) for event in events]


@pytest.mark.parametrize("hz", [5.0, 30.0])
def test_an_expression_that_is_held_has_one_start_and_one_end(hz: float) -> None:
    events = watched(lambda t: "angry" if 2 <= t < 12 else "neutral", 20, hz)
    (start, begun), (end, over) = told(events)
    assert (start, end) == ("start", "end")
    assert begun == pytest.approx(7, abs=1.1 / hz)
    assert over == pytest.approx(12, abs=1.1 / hz)
    assert {event.id for event in events} == {7}
    assert events[0].data["label"] == "angry"
    assert events[0].data["duration_s"] == pytest.approx(5, abs=1.1 / hz)
    assert events[1].data["duration_s"] == pytest.approx(10, abs=1.1 / hz)
    assert events[0].level == 1


def test_short_and_unwatched_expressions_are_not_reported() -> None:
    assert watched(lambda t: "angry" if t < 4.5 else "happy", 60) == []


@pytest.mark.parametrize("gap", ["unknown", "neutral", ""])
def test_an_interruption_of_less_than_a_second_belongs_to_it(gap: str) -> None:
    events = watched(lambda t: gap if 3 <= t < 3.8 or 8 <= t < 8.8 else "sad", 12)
    assert [phase for phase, _ in told(events)] == ["start", "end"]
    assert events[0].t == pytest.approx(105, abs=0.11)


def test_a_longer_interruption_ends_it_where_it_was_last_shown() -> None:
    events = watched(lambda t: "" if t >= 8 else "sad", 12)
    assert told(events)[1] == ("end", 7.9)


def test_another_watched_expression_is_a_separate_event() -> None:
    events = watched(lambda t: "sad" if t < 7 else "angry", 14)
    assert [(event.phase, event.data["label"]) for event in events] == [
        ("start", "sad"), ("end", "sad"), ("start", "angry"), ("end", "angry"),
    ]  # fmt: skip
    assert len({event.id for event in events}) == 2


def test_a_pause_follows_each_start_and_doubles_while_the_expression_keeps_coming_back() -> None:
    events = watched(lambda t: "angry" if t % 10 < 8 else "neutral", 1000, after_s=2.0, pause_s=30.0)
    starts = [event.t for event in events if event.phase == "start"]
    gaps = [round(after - before) for before, after in itertools.pairwise(starts)]
    assert gaps[0] >= 30
    assert all(later >= earlier for earlier, later in itertools.pairwise(gaps))
    assert gaps[-1] >= 4 * gaps[0]
    assert sum(event.phase == "end" for event in events) == len(starts)


def test_after_a_long_silence_the_pause_is_short_again() -> None:
    def story(t: float) -> str:
        return "angry" if t % 10 < 8 and not 200 <= t < 1000 else "neutral"

    events = watched(story, 1100, after_s=2.0, pause_s=10.0)
    starts = [event.t - 100 for event in events if event.phase == "start" and event.t >= 1100]
    assert starts[0] == pytest.approx(1002, abs=0.2)
    assert starts[1] - starts[0] <= 21


def test_two_faces_are_watched_apart_and_share_the_pause() -> None:
    config = AlertsConfig(expression=("sad",), after_s=1.0, pause_s=60.0)
    held = HeldExpressions(config, itertools.count(1))
    events = [e for n in range(60) for e in held.update([face(1, "sad"), face(2, "sad")], n / 10, 0.0)]
    assert [(event.phase, event.face) for event in events] == [("start", 1)]


def test_a_time_without_pictures_and_one_that_steps_back_end_it() -> None:
    held = HeldExpressions(AlertsConfig(expression=("sad",), after_s=1.0, pause_s=0.0), itertools.count(1))
    for n in range(30):
        held.update([face(1, "sad")], n / 10, 0.0)
    assert [event.phase for event in held.update([], 4.0, 0.0)] == ["end"]
    for n in range(30):
        held.update([face(1, "sad")], 5 + n / 10, 0.0)
    assert [event.phase for event in held.update([face(1, "sad")], 1.0, 0.0)] == ["end"]
    assert held.finish() == []


def test_without_a_list_no_expression_is_watched() -> None:
    held = HeldExpressions(AlertsConfig(), itertools.count(1))
    assert [e for n in range(600) for e in held.update([face(1, "sad")], n / 10, 0.0)] == []
