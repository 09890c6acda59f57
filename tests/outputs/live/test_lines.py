from __future__ import annotations

import logging

import pytest

from monitor.core.types import Event
from monitor.outputs.live.lines import LINE_EVERY_S, EventLines, PlainLines, RateMeter
from monitor.outputs.logs.stats import StatsSink
from tests.fakes import Clock, face, result


def test_plain_lines_come_by_the_clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.setattr(logging.getLogger("monitor"), "propagate", True)
    clock, stats = Clock(), StatsSink()
    lines = PlainLines("clip", 0, clock)
    with caplog.at_level(logging.INFO, "monitor"):
        for _ in range(305):
            stats.handle(result(0.0))
            clock.advance(0.1)
            lines.update(result(0.0), stats)
    assert len([m for m in caplog.messages if "clip" in m]) == 30.5 // LINE_EVERY_S


def test_plain_lines_name_a_covered_face(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    lines = PlainLines("clip", 0, clock)
    clock.advance(1000)
    with caplog.at_level(logging.INFO, "monitor"):
        lines.update(result(0.0, [face(1, "unknown", covered="lower"), face(2, "sad")]), StatsSink())
    assert caplog.messages[0].endswith("; 1 unknown (mouth covered), 2 sad")


def test_a_drivers_event_is_logged_also_while_no_pictures_come(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("monitor"), "propagate", True)
    blind = Event("cannot_judge", "start", 3, 5.0, 0.0, 0, 1, {"what": "eyes or face cannot be judged"})
    lost = Event("camera", "start", -1, 5.0, 0.0, 0, 1, {"state": "lost"})
    with caplog.at_level(logging.INFO, "monitor"):
        EventLines().tell([lost, blind])
    assert caplog.messages == ["driver: eyes or face cannot be judged (level 1)"]


def test_a_held_expression_is_logged_when_it_is_reported_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        for phase, seconds in (("start", 5.0), ("end", 7.25)):
            data = {"label": "angry", "duration_s": seconds}
            EventLines().tell([Event("expression_held", phase, 3, 9.0, 0.0, 2, 1, data)])
    assert [record.getMessage() for record in caplog.records] == [
        "face 2: angry for 5.0 s", "face 2: angry for 7.2 s, over",
    ]  # fmt: skip


def test_in_the_journal_lines_are_rare(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    monkeypatch.setattr(logging.getLogger("monitor"), "propagate", True)
    clock, stats = Clock(), StatsSink()
    lines = PlainLines("camera", 0, clock)
    with caplog.at_level(logging.INFO, "monitor"):
        for _ in range(3600):
            clock.advance(1)
            lines.update(result(0.0), stats)
    assert len(caplog.records) == 6


def test_the_rate_is_frames_per_second() -> None:
    clock = Clock()
    meter = RateMeter(clock)
    for n in range(60):
        clock.advance(1 / 20)
        meter.update(n + 1)
    assert abs(meter.fps - 20) < 1.5
