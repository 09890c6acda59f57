"""The live path: the newest frame wins, nothing queues up, a camera that goes away is waited for."""

from __future__ import annotations

import threading

from monitor.capture.feed import LiveFeed
from monitor.capture.mailbox import Grabber, Latest
from monitor.capture.source import Source
from monitor.errors import SourceError
from monitor.types import Frame
from tests.fakes import Clock, ScriptedSource, frame


def test_the_newest_frame_wins_and_drops_are_counted() -> None:
    box = Latest()
    for n in range(5):
        box.put(frame(n / 30, n))
    newest = box.take(0)
    assert newest is not None
    assert newest.index == 4
    assert box.dropped == 4
    assert box.take(0) is None


def test_a_closed_mailbox_lets_nobody_wait() -> None:
    box = Latest()
    box.close()
    assert box.take(60) is None


def collect(grabber: Grabber) -> list[Frame]:
    """All frames that reach the box, taken as fast as they come."""
    feed, frames = LiveFeed(grabber), []
    while not feed.ended:
        got = feed.next(0.5)
        if got is not None:
            frames.append(got)
    return frames


def test_a_camera_that_comes_back_goes_on_counting() -> None:
    clock = Clock()
    first = ScriptedSource([frame(0.0), None])
    second = ScriptedSource([frame(9.0), None])
    attempts: list[int] = []

    def reopen() -> Source:
        attempts.append(1)
        if len(attempts) > 1:
            clock.advance(1000)
            raise SourceError("gone for good")
        return second

    class Ticking(ScriptedSource):
        def read(self) -> Frame | None:
            clock.advance(1.0)
            return first.read() if attempts == [] else second.read()

    source = Ticking([])
    second.read = source.read  # type: ignore[method-assign]
    script_second = [frame(9.0), None, None, None, None, None, None]

    def read_second() -> Frame | None:
        clock.advance(1.0)
        return script_second.pop(0) if script_second else None

    second.read = read_second  # type: ignore[method-assign]
    grabber = Grabber(source, reopen, stall_s=3.0, clock=clock)
    frames = collect(grabber)
    assert frames[-1].t == 9.0
    assert frames[-1].index == 1
    assert grabber.reopened == 1
    assert source.closed == 1
    assert grabber.ended


def test_stopping_releases_the_camera() -> None:
    source = ScriptedSource([frame(0.0)])
    grabber = Grabber(source, lambda: source, stall_s=60)
    feed = LiveFeed(grabber)
    assert feed.next(5) is not None
    feed.close()
    assert source.closed == 1


def test_a_read_that_hangs_for_ever_does_not_hang_the_program() -> None:
    hanging = threading.Event()

    class Hanging(ScriptedSource):
        def read(self) -> Frame | None:
            hanging.wait()
            return None

    grabber = Grabber(Hanging([]), lambda: Hanging([]), stall_s=60)
    grabber.start()
    grabber.stop(timeout=0.05)
    hanging.set()


def test_a_driver_that_raises_is_waited_for_like_one_that_gives_nothing() -> None:
    source = ScriptedSource([frame(0.0), RuntimeError("driver"), frame(0.1)])
    grabber = Grabber(source, lambda: source, stall_s=60)
    feed = LiveFeed(grabber)
    taken = [feed.next(5), feed.next(5)]
    feed.close()
    assert [got.t for got in taken if got is not None][-1] == 0.1


def test_a_driver_that_fails_to_close_does_not_end_the_waiting() -> None:
    class Stuck(ScriptedSource):
        def close(self) -> None:
            raise OSError("busy")

    clock = Clock()

    def gone() -> Source:
        clock.advance(1000)
        raise RuntimeError("still gone")

    source = Stuck([frame(0.0)])
    read = source.read

    def ticking() -> Frame | None:
        clock.advance(1.0)
        return read()

    source.read = ticking  # type: ignore[method-assign]
    grabber = Grabber(source, gone, stall_s=3.0, clock=clock)
    collect(grabber)
    assert grabber.ended
