"""Sources are closed, once and by the right thread, however a loop ends."""

from __future__ import annotations

import threading

import pytest

from emotion_monitor import Monitor
from monitor.capture import demo
from monitor.core.errors import ModelError
from monitor.core.types import Frame
from tests.fakes import ScriptedSource, frame


class Hanging(ScriptedSource):
    """A camera whose driver does not return after the first pictures."""

    def __init__(self) -> None:
        super().__init__([])
        self.returns, self.hangs = threading.Event(), threading.Event()
        self.closed_while_read = False
        self._reads = 0

    def read(self) -> Frame | None:
        self._reads += 1
        if self._reads > 1:
            self.hangs.set()
            self.returns.wait(30)
            self.hangs.clear()
            return None
        return Frame(0, 0.0, 1.8e9, demo.render(0.0), self.name)

    def close(self) -> None:
        super().close()
        self.closed_while_read = self.closed_while_read or self.hangs.is_set()


def test_a_camera_that_hangs_is_left_to_its_thread(monitor: Monitor) -> None:
    """Releasing a capture that a thread reads crashes the process."""
    camera = Hanging()
    results = monitor.watch(camera)
    next(results)
    assert camera.hangs.wait(10)
    results.close()  # type: ignore[attr-defined]
    assert not camera.closed_while_read
    camera.returns.set()


@pytest.mark.parametrize("whole", [True, False])
def test_a_source_is_closed_when_the_networks_cannot_be_loaded(*, whole: bool) -> None:
    film = ScriptedSource([frame(0.0)])
    film.live = False
    with pytest.raises(ModelError), Monitor(settings={"emotion.model": "/nowhere.tflite"}) as monitor:
        monitor.analyze(film) if whole else next(monitor.watch(film))
    assert film.closed


def test_a_loop_that_never_began_closes_its_source_with_the_monitor() -> None:
    film = ScriptedSource([frame(0.0)])
    with Monitor() as monitor:
        results = monitor.watch(film)
    assert film.closed
    assert list(results) == []
