"""Alerts: one action at each change of level, never in the way, failures reported once."""

from __future__ import annotations

import itertools
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from monitor.expression.held import HeldExpressions
from monitor.outputs.remote import alerts
from monitor.outputs.remote.alerts import AlertSink, variables
from monitor.settings.config import AlertsConfig
from tests.fakes import face, result
from tests.outputs.remote.actions import Recorder, event, runs
from tests.outputs.remote.brokers import eventually


def test_a_command_hears_of_start_rise_and_end_but_not_of_updates() -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(command="buzz --pin 4 'two words'"), run)
    for e in (
        event("start", 1),
        event("update", 1),
        event("update", 2, score=61.5),
        event("update", 2),
        event("end", 2),
    ):
        sink.handle(result(1.0, events=(e,)))
    sink.close([])
    assert [c[0] for c in run.calls] == [["buzz", "--pin", "4", "two words"]] * 3
    assert [(c[1]["EM_PHASE"], c[1]["EM_LEVEL"]) for c in run.calls] == [("start", "1"), ("update", "2"), ("end", "2")]
    assert run.calls[1][1]["EM_SCORE"] == "61.5"
    assert run.calls[0][1]["EM_WHAT"] == "drowsy"
    assert "EM_CAMERA" not in run.calls[0][1]
    assert variables(event("start", 1), "cab")["EM_CAMERA"] == "cab"


def test_a_held_expression_runs_the_command_once_at_its_start_and_once_at_its_end() -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(command="lamp", expression=("angry",), after_s=2.0, pause_s=0.0), run)
    held = HeldExpressions(AlertsConfig(expression=("angry",), after_s=2.0, pause_s=0.0), itertools.count(1))
    for n in range(100):
        t = n / 10
        faces = [face(4, "angry" if 1 <= t < 6 else "neutral")]
        sink.handle(result(t, faces, events=tuple(held.update(faces, t, 1.8e9 + t))))
    sink.close(held.finish())
    assert [(c[1]["EM_PHASE"], c[1]["EM_KIND"]) for c in run.calls] == [
        ("start", "expression_held"), ("end", "expression_held"),
    ]  # fmt: skip
    assert {(c[1]["EM_EXPRESSION"], c[1]["EM_WHAT"], c[1]["EM_FACE"]) for c in run.calls} == {("angry", "angry", "4")}


def test_faces_and_short_expressions_run_nothing() -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(command="lamp", expression=("angry",)), run)
    for kind in ("face", "emotion", "calibrating", "camera"):
        sink.handle(result(1.0, events=(event("start", 1, kind=kind),)))
    sink.close([])
    assert run.calls == []


def test_levels_below_the_least_are_left_alone() -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(command="buzz", min_level=2), run)
    for e in (
        event("start", 1),
        event("end", 1),
        event("start", 2, number=8),
        event("start", 3, kind="face", number=9),
    ):
        sink.handle(result(1.0, events=(e,)))
    sink.close([event("end", 2, number=8)])
    assert [c[1]["EM_EVENT"] for c in run.calls] == ["8", "8"]


def test_no_shell_reads_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "CLOSE_S", 60.0)
    out = tmp_path / "out.txt"
    script = "import os,sys; open(sys.argv[1],'a').write(sys.argv[2] + os.environ['EM_KIND'])"
    sink = AlertSink(AlertsConfig(command=f"{sys.executable} -c \"{script}\" {out} '$(id); rm -rf /'", timeout_s=60))
    sink.handle(result(1.0, events=(event("start", 1),)))
    sink.close([])
    assert out.read_text() == "$(id); rm -rf /fatigue"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (subprocess.TimeoutExpired("buzz", 5), "took over 5 s and was killed"),
        (subprocess.CalledProcessError(3, "buzz"), "ended with code 3"),
        (FileNotFoundError(2, "No such file or directory"), "cannot be run: No such file"),
    ],
)
def test_a_failing_action_is_logged_once(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    sink = AlertSink(AlertsConfig(command="buzz"), Recorder(error))
    for n in range(5):
        sink.handle(result(1.0, events=(event("start", 1, number=n),)))
    sink.close([])
    assert [line in r.message for r in caplog.records] == [True]


def test_a_hanging_action_never_holds_the_readings_up(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    gate = threading.Event()

    def hang(command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        gate.wait(30)

    sink = AlertSink(AlertsConfig(command="buzz"), hang)
    for n in range(100):
        sink.handle(result(1.0, events=(event("start", 1, number=n),)))
    assert sum("are dropped" in r.message for r in caplog.records) == 1
    gate.set()
    sink.close([])


def test_no_command_begins_during_the_end_or_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "CLOSE_S", 0.3)
    log = tmp_path / "log"
    sink = AlertSink(AlertsConfig(command=f"sh -c 'echo $$ >> {log}; exec sleep 300'", timeout_s=60))
    for number in range(3):
        sink.handle(result(1.0, events=(event("start", 1, number=number),)))
    eventually(log.exists, "the first command")
    sink.close([])
    (begun,) = log.read_text().split()
    assert not runs(int(begun))


def test_the_thread_outlives_an_action_that_cannot_be_tried(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    run = Recorder(ValueError("what nobody thought of"))
    sink = AlertSink(AlertsConfig(command="buzz"), run)
    sink.handle(result(1.0, events=(event("start", 1), event("start", 3, number=8))))
    sink.close([])
    assert len(run.calls) == 2
    assert caplog.text.count("what nobody thought of") == 1


def test_a_second_rise_is_acted_on_again() -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(command="buzz", min_level=3), run)
    for level in (1, 3, 2, 1, 3):
        sink.handle(result(1.0, events=(event("update", level),)))
    sink.close([event("end", 3)])
    assert [(c[1]["EM_PHASE"], c[1]["EM_LEVEL"]) for c in run.calls] == [("update", "3")] * 2 + [("end", "3")]


def test_a_command_gets_text_only() -> None:
    told = variables(event("start", 1))
    assert set(told) == {"EM_KIND", "EM_PHASE", "EM_LEVEL", "EM_EVENT", "EM_FACE", "EM_TIME", "EM_WHAT"}
    assert all(isinstance(v, str) for v in told.values())
