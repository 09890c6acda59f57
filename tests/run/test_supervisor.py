"""A stuck worker is noticed, a slept machine is not blamed on it, systemd hears only of progress."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from monitor.core.incidents import Incidents
from monitor.run.supervisor import Supervisor
from tests.fakes import Clock, result


class Listener:
    def __init__(self) -> None:
        self.fed = 0
        self.told: list[tuple[str, Mapping[str, Any]]] = []

    def alive(self) -> None:
        self.fed += 1

    def due(self) -> bool:
        return True

    def report(self, status: str, facts: Mapping[str, Any]) -> None:
        self.told.append((status, facts))


def story() -> tuple[Clock, Any, Listener, Incidents, Supervisor]:
    clock, listener, incidents = Clock(), Listener(), Incidents()
    worker: Any = SimpleNamespace(beats=0, frames=0, latest=result(0.0), done=threading.Event(), failed=None)
    watch = Supervisor(worker, incidents, listener, 30.0, lambda: {"recording": False}, clock)
    return clock, worker, listener, incidents, watch


def test_a_worker_that_gets_on_is_left_alone() -> None:
    clock, worker, listener, _, watch = story()
    for _ in range(1000):
        clock.advance(0.1)
        worker.beats += 1
        worker.frames += 1
        assert watch.tick()
    assert listener.fed == 1000
    assert listener.told[-1][0] == "fine; 10.0 fps, 0 faces in view"


def test_a_stuck_one_ends_the_run_and_is_not_reported_alive() -> None:
    clock, worker, listener, _, watch = story()
    watch.tick()
    fed = listener.fed
    for _ in range(298):
        clock.advance(0.1)
        assert watch.tick()
    assert listener.fed == fed
    for _ in range(5):
        clock.advance(0.1)
        alive = watch.tick()
    assert not alive
    assert worker.failed == "stuck for 30 s"


def test_a_suspend_of_an_hour_reports_no_fault() -> None:
    clock, _, _, _, watch = story()
    watch.tick()
    clock.advance(3600)
    assert watch.tick()
    clock.advance(1)
    assert watch.tick()


def test_trouble_is_in_the_status() -> None:
    clock, worker, listener, incidents, watch = story()
    incidents.begin("camera", "lost")
    clock.advance(8)
    worker.beats += 1
    watch.tick()
    status, facts = listener.told[-1]
    assert status.startswith("camera lost;")
    assert (facts["state"], facts["wrong"], facts["recording"], facts["last_frame_s"]) == (
        "trouble", ["camera lost"], False, 8.0,
    )  # fmt: skip
