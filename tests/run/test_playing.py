"""Playing a source in the caller's thread."""

from __future__ import annotations

from monitor.core.incidents import Incidents
from monitor.core.types import Event, Frame, Result
from monitor.run.playing import watch_camera
from monitor.run.stepper import Stepper
from tests.fakes import Clock, face, frame, result
from tests.run.stories import EchoPipeline, ListFeed


class Camera(ListFeed):
    """Gives its frames, reports its loss and ends."""

    live = True

    def __init__(self, frames: list[Frame], incidents: Incidents) -> None:
        super().__init__(frames)
        self._incidents = incidents

    def next(self, timeout: float) -> Frame | None:
        taken = super().next(timeout)
        if taken is None:
            self._incidents.begin("camera", "lost", reason="unplugged")
        return taken


class Happy(EchoPipeline):
    """Has one episode that is open until ``finish``."""

    def step(self, frame: Frame, dropped: int = 0, latency_from: float | None = None) -> Result:
        return result(frame.t, [face()], frame.index)

    def finish(self) -> list[Event]:
        return [Event("expression", "end", 7, 0.1, 1.8e9, 1, 0)]


def watched(frames: list[Frame]) -> list[tuple[int, int, list[tuple[str, str]]]]:
    """Index, number of faces and events of each result of a camera with these frames."""
    incidents, pipeline = Incidents(), Happy()
    stepper = Stepper(pipeline, live=True, incidents=incidents, clock=Clock())
    results = watch_camera(Camera(frames, incidents), stepper, pipeline, incidents)
    return [(r.frame.index, len(r.faces), [(e.kind, e.phase) for e in r.events]) for r in results]


def test_a_camera_that_is_gone_for_good_ends_all_open_events() -> None:
    ends = [("expression", "end"), ("camera", "start"), ("camera", "end")]
    assert watched([frame(0.0, 0), frame(0.1, 1)]) == [(0, 1, []), (1, 1, []), (1, 0, ends)]


def test_a_camera_that_never_gave_a_frame_gives_no_result() -> None:
    assert watched([]) == []
