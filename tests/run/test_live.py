"""Cameras that join, fail or are waited for, with scripted openings."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.core.errors import ConfigError, SourceError
from monitor.core.types import Event, Result
from monitor.networks.load import load
from monitor.outputs.logs import retention
from monitor.outputs.sink import Sink
from monitor.run.cameras import Setting
from monitor.run.live import LiveRun
from monitor.run.openings import Opening, wait_for_first
from monitor.run.options import Options
from monitor.run.preparation import Opened, Planned, opened, planned
from monitor.run.service import Service
from monitor.run.shares import SharedService
from monitor.settings.cameras import CameraConfig
from monitor.settings.config import Config
from tests.fakes import Clock, ScriptedSource

FRAMES = 12


def outcomes(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "summary.json").read_text())["cameras"])


class Counter:
    """Counts results, and calls back at one of them."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.count, self._at, self._then = 0, at, then

    def handle(self, result: Result) -> None:
        self.count += 1
        if self.count == self._at:
            self._then()

    def tell(self, events: Sequence[Event]) -> None: ...

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None: ...


@pytest.fixture
def plans() -> list[Planned]:
    """Two cameras that show the demo."""
    config = Config()
    return [Planned(name, "demo", config, load(config), None) for name in ("early", "late")]


def opening(plan: Planned, **state: Any) -> Any:
    """An opening in a scripted state."""
    scripted = {"done": threading.Event(), "result": None, "error": None, "patient": True, "status": "waiting"}
    return SimpleNamespace(plan=plan, abandon=lambda: None, **(scripted | state))


def ready(plan: Planned) -> Any:
    one = opening(plan, result=opened(plan, lambda status: None, watched=False))
    one.done.set()
    return one


def setting(folder: Path, plans: Sequence[Planned], *extra: Sink) -> Setting:
    cameras = tuple(CameraConfig(plan.camera, plan.wanted, plan.config) for plan in plans)
    options = Options(cameras=cameras, headless=True, quiet=True, out=str(folder), max_frames=FRAMES)
    stop: Any = SimpleNamespace(asked=threading.Event(), rotate=threading.Event(), code=1)
    return Setting(options, Config(), "", Service(environ={}), stop, None, False, lambda part: extra)


def test_a_camera_that_was_waited_for_joins_a_running_session(tmp_path: Path, plans: list[Planned]) -> None:
    """The second source opens while the first is being read."""
    late = opening(plans[1])

    def appear() -> None:
        late.result = opened(plans[1], lambda status: None, watched=False)
        late.done.set()

    live = LiveRun(setting(tmp_path / "s", plans, Counter(5, appear)), [ready(plans[0]), late])
    assert live.run() == 0
    assert [c["frames"] for c in outcomes(tmp_path / "s").values()] == [FRAMES, FRAMES]


def test_a_camera_that_was_waited_for_in_vain_is_in_exit_code_and_summary(tmp_path: Path, plans: list[Planned]) -> None:
    late = opening(plans[1], error=SourceError("gone"))
    live = LiveRun(setting(tmp_path / "s", plans, Counter(5, late.done.set)), [ready(plans[0]), late])
    assert live.run() == 3
    cameras = outcomes(tmp_path / "s")
    assert cameras["late"] == {"state": "not opened", "exit_code": 3, "error": "late: gone"}
    assert cameras["early"]["frames"] == FRAMES


def test_a_request_to_rotate_reaches_every_camera(tmp_path: Path, plans: list[Planned]) -> None:
    own = setting(tmp_path / "s", plans)
    live = LiveRun(own, [ready(plan) for plan in plans])
    own.stop.rotate.set()
    assert live.turn(0.0)
    assert not own.stop.rotate.is_set()
    assert all(camera.requests.rotate.is_set() for camera in live._cameras.all)
    assert live.run() == 0


def test_a_second_run_cannot_write_into_the_folder_of_a_running_one(tmp_path: Path, plans: list[Planned]) -> None:
    live = LiveRun(setting(tmp_path / "s", plans), [ready(plan) for plan in plans])
    again = [ready(plan) for plan in plans]
    with pytest.raises(ConfigError, match="another run is writing there"):
        LiveRun(setting(tmp_path / "s", plans), again)
    assert live.run() == 0


def test_the_start_waits_for_no_camera_that_may_be_missing(plans: list[Planned]) -> None:
    """One is open, one waits for its camera: the run begins. Before that, systemd is told what is waited for."""
    first, waiting = opening(plans[0], patient=False), opening(plans[1])
    said: list[str] = []
    service: Any = SimpleNamespace(
        ready=lambda: said.append("ready"), alive=lambda: None, due=lambda: True, report=lambda s, facts: said.append(s)
    )

    def pause(seconds: float) -> None:
        first.result = object()
        first.done.set()

    wait_for_first([first, waiting], service, pause)
    assert said == ["ready", "waiting; waiting"]


def test_a_run_whose_cameras_are_all_waited_for_begins_with_the_first_of_them(plans: list[Planned]) -> None:
    both = [opening(plan) for plan in plans]
    rounds: list[float] = []

    def pause(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            both[1].result = object()
            both[1].done.set()

    wait_for_first(both, Service(environ={}), pause)
    assert len(rounds) == 3


def test_if_none_opens_every_line_is_reported(plans: list[Planned]) -> None:
    both = [opening(plan, error=SourceError(f"{plan.camera} is off")) for plan in plans]
    for one in both:
        one.done.set()
    with pytest.raises(SourceError) as caught:
        wait_for_first(both, Service(environ={}))
    assert caught.value.lines == ("early: early is off", "late: late is off")


def test_a_source_that_opens_after_the_run_is_closed(plans: list[Planned]) -> None:
    source, go = ScriptedSource([]), threading.Event()

    def slow(plan: Planned, tell: Callable[[str], None], *, watched: bool, until: Callable[[], bool]) -> Opened:
        go.wait(5)
        assert until()
        return Opened(plan, plan.config, source, "x", False, watched)

    late = Opening(plans[0], 0.0, watched=False, open_camera=slow)
    late.abandon()
    go.set()
    assert late.done.wait(5)
    assert (source.closed, late.result) == (1, None)


def test_the_reports_of_all_cameras_become_one() -> None:
    said: list[tuple[str, Any]] = []
    service: Any = SimpleNamespace(alive=lambda: None, due=lambda: True, report=lambda *report: said.append(report))
    shared, clock = SharedService(service, "sessions/x"), Clock(100.0)
    door, cab = shared.share("door", clock), shared.share("cab", clock)
    assert door.due()
    door.report("fine; 10.0 fps", {"state": "fine", "frames": 5, "fps": 10.0, "wrong": [], "rss_mb": 70.0})
    cab.report("lost", {"state": "trouble", "frames": 2, "fps": 0.0, "wrong": ["camera lost"], "recording": True})
    status, facts = said[-1]
    assert status == "door: fine; 10.0 fps | cab: lost"
    assert (facts["state"], facts["frames"], facts["wrong"]) == ("trouble", 7, ["cab: camera lost"])
    assert (facts["recording"], facts["rss_mb"], set(facts["cameras"])) == (True, 70.0, {"door", "cab"})
    assert not door.due()
    clock.advance(5.0)
    assert door.due()


def test_cameras_share_networks_but_not_what_depends_on_their_frames() -> None:
    cameras = tuple(CameraConfig(name, "demo", Config()) for name in ("a", "b"))
    first, second = planned(Options(cameras=cameras), Config())
    assert first.networks.emotion is second.networks.emotion
    assert first.networks.keypoints is second.networks.keypoints
    assert first.networks.proposals is not second.networks.proposals
    assert first.networks.detector is not second.networks.detector


def test_if_one_cameras_files_cannot_be_opened_the_run_does_not_begin(tmp_path: Path, plans: list[Planned]) -> None:
    (tmp_path / "s" / "late").mkdir(parents=True)
    held = retention.hold(tmp_path / "s" / "late")
    both = [ready(plan) for plan in plans]
    with pytest.raises(ConfigError, match=r"late: another run is writing there"):
        LiveRun(setting(tmp_path / "s", plans), both)
    assert held is not None
    os.close(held)
    assert LiveRun(setting(tmp_path / "s", plans), [ready(plan) for plan in plans]).run() == 0
