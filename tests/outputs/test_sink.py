"""Sinks on their own threads: slow, broken and hanging ones delay no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest

from monitor.core.types import Event, Result
from monitor.outputs.sink import Background
from tests.fakes import result


class Slow:
    def __init__(self, fail: bool = False) -> None:
        self.handled = 0
        self.closed = 0
        self._fail = fail

    def handle(self, result: Result) -> None:
        if self._fail:
            raise OSError("encoder broke")
        self.handled += 1

    def tell(self, events: Sequence[Event]) -> None: ...

    def flush(self) -> None: ...

    def close(self, last_events: Sequence[Event]) -> None:
        self.closed += 1


def test_a_file_run_records_every_frame_in_the_background() -> None:
    slow = Slow()
    background = Background(slow, drop=False, size=2)
    for n in range(200):
        background.handle(result(n / 30))
    background.close([])
    assert (slow.handled, slow.closed, background.dropped) == (200, 1, 0)


def test_a_failing_encoder_is_logged_once_and_blocks_no_other_sink(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    background = Background(Slow(fail=True), drop=False, size=2)
    for n in range(200):
        background.handle(result(n / 30))
    background.close([])
    assert background.broken
    assert len([record for record in caplog.records if "Slow stopped" in record.getMessage()]) == 1


def test_a_sink_that_hangs_is_left_alone_after_its_time() -> None:
    gate, entered = threading.Event(), threading.Event()

    class Hanging(Slow):
        def handle(self, result: Result) -> None:
            entered.set()
            gate.wait()

    background = Background(Hanging(), drop=True, size=2, patience_s=lambda: 0.05)
    for n in range(5):
        background.handle(result(n / 30))
    assert entered.wait(10)
    with pytest.raises(TimeoutError, match="Hanging is still busy"):
        background.close([])
    gate.set()


def test_closing_takes_no_longer_than_its_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is full and the sink hangs: waiting for room and for the end share one time."""
    gate = threading.Event()

    class Hanging(Slow):
        def handle(self, result: Result) -> None:
            gate.wait()

    background = Background(Hanging(), drop=False, size=1, patience_s=lambda: 0.05)
    background.handle(result(0.0))
    background.handle(result(0.1))
    joined: list[float] = []
    monkeypatch.setattr(background._thread, "join", joined.append)
    with pytest.raises(TimeoutError):
        background.close([])
    gate.set()
    assert joined == [0.0]


def test_a_sink_that_needs_nothing_at_present_gets_nothing() -> None:
    slow, idle = Slow(), True
    background = Background(slow, drop=True, size=2, idle=lambda: idle)
    for n in range(20):
        background.handle(result(n / 30))
    idle = False
    background.handle(result(1.0))
    background.close([])
    assert slow.handled + background.dropped == 1
