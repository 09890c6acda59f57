"""The queue of actions: outdated ones are dropped, important ones are kept."""

from __future__ import annotations

import threading

from monitor.core.types import Event
from monitor.outputs.remote import lane as lanes
from monitor.outputs.remote.alerts import AlertSink
from monitor.outputs.remote.lane import Lane
from monitor.settings.config import AlertsConfig
from tests.fakes import result
from tests.outputs.remote.actions import Gated, event


def test_a_full_queue_drops_ended_events_and_keeps_the_alarm() -> None:
    run = Gated()
    sink = AlertSink(AlertsConfig(command="buzz"), run)
    sink.handle(result(0.0, events=(event("start", 1, number=1),)))
    assert run.entered.wait(10)
    for n in range(2, 40):
        sink.handle(result(1.0, events=(event("start", 1, number=n), event("end", 1, number=n))))
    sink.handle(result(2.0, events=(event("update", 3, number=1),)))
    run.gate.set()
    sink.close([])
    done = [(c[1]["EM_EVENT"], c[1]["EM_PHASE"]) for c in run.calls]
    assert 8 < len(done) <= 1 + lanes.MOST_WAITING
    assert done[0] == ("1", "start")
    assert done[-1] == ("1", "update")
    between = [number for number, _ in done[1:-1]]
    assert all(between.count(number) == 2 for number in between)  # nothing is switched on and never off


def test_a_full_queue_without_ended_events_drops_the_oldest() -> None:
    run = Gated()
    sink = AlertSink(AlertsConfig(command="buzz"), run)
    sink.handle(result(0.0, events=(event("start", 1, number=1),)))
    assert run.entered.wait(10)
    sink.handle(result(1.0, events=tuple(event("start", 1, number=n) for n in range(2, 21))))
    sink.handle(result(2.0, events=(event("update", 2, number=19), event("update", 3, number=19))))
    run.gate.set()
    sink.close([])
    done = [(int(c[1]["EM_EVENT"]), c[1]["EM_LEVEL"]) for c in run.calls]
    assert done == [(1, "1"), *((n, "1") for n in range(5, 19)), (20, "1"), (19, "3")]


def test_a_graver_sound_that_waits_is_played_before_a_newer_lesser_one() -> None:
    played, gate, entered = [], threading.Event(), threading.Event()

    def act(e: Event) -> None:
        entered.set()
        gate.wait(30)
        played.append((e.id, e.level))

    lane = Lane("sound", act)
    lane.put_alone(event("start", 1, number=1))
    assert entered.wait(10)
    for level, number in ((1, 2), (3, 3), (2, 4), (2, 5)):
        lane.put_alone(event("start", level, number=number))
    lane.end()
    gate.set()
    assert lane.ended(10)
    assert played == [(1, 1), (3, 3), (5, 2)]
