"""The slot: the newest frame wins, nothing queues up."""

from __future__ import annotations

from monitor.capture.mailbox import Latest
from tests.fakes import frame


def test_the_newest_frame_wins_and_drops_are_counted() -> None:
    box = Latest()
    for n in range(5):
        box.put(frame(n / 30, n))
    newest = box.take(0)
    assert newest is not None
    assert newest.index == 4
    assert box.dropped == 4
    assert box.take(0) is None


def test_a_closed_mailbox_ends_all_waits() -> None:
    box = Latest()
    box.close()
    assert box.take(60) is None
