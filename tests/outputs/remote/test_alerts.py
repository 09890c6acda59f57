"""Alerts: one action at each change of level, never in the way, failures told once."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.core.types import Event
from monitor.outputs.remote import alerts
from monitor.outputs.remote.alerts import AlertSink, variables, write_tone
from monitor.settings.config import AlertsConfig
from tests.fakes import result


def event(phase: str, level: int, kind: str = "fatigue", number: int = 7, **data: object) -> Event:
    return Event(kind, phase, number, 1.0, 1.8e9, 1, level, {"what": "drowsy", **data})


class Recorder:
    """Takes the place of running a command."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[list[str], dict[str, str]]] = []
        self.error = error

    def __call__(self, command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        self.calls.append((list(command), dict(values)))
        if self.error is not None:
            raise self.error


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


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    script = "import os,sys; open(sys.argv[1],'a').write(sys.argv[2] + os.environ['EM_KIND'])"
    sink = AlertSink(AlertsConfig(command=f"{sys.executable} -c \"{script}\" {out} '$(id); rm -rf /'", timeout_s=60))
    sink.handle(result(1.0, events=(event("start", 1),)))
    assert sink._commands is not None
    sink._commands.end()
    assert sink._commands.ended(60)
    assert out.read_text() == "$(id); rm -rf /fatigue"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (subprocess.TimeoutExpired("buzz", 5), "took over 5 s"),
        (subprocess.CalledProcessError(3, "buzz"), "ended with code 3"),
        (FileNotFoundError(2, "No such file or directory"), "cannot be run: No such file"),
    ],
)
def test_a_failing_action_is_told_once(error: Exception, line: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    sink = AlertSink(AlertsConfig(command="buzz"), Recorder(error))
    for n in range(5):
        sink.handle(result(1.0, events=(event("start", 1, number=n),)))
    sink.close([])
    assert [line in r.message for r in caplog.records] == [True]


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        alerts.run_command([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.3)


def test_a_hanging_action_never_holds_the_readings_up(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    gate = threading.Event()

    def hang(command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        gate.wait(30)

    sink = AlertSink(AlertsConfig(command="buzz"), hang)
    for n in range(100):
        sink.handle(result(1.0, events=(event("start", 1, number=n),)))
    assert sum("left out" in r.message for r in caplog.records) == 1
    gate.set()
    sink.close([])


def test_what_a_command_started_ends_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 300 & echo $! > {pid}; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        alerts.run_command(["sh", "-c", script], {}, 2.0)
    child = int(pid.read_text())
    until = time.monotonic() + 10
    while _runs(child) and time.monotonic() < until:  # killed is not yet gone, on a busy machine
        time.sleep(0.01)
    assert not _runs(child)


def test_no_command_begins_during_the_end_or_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "CLOSE_S", 0.3)
    log = tmp_path / "log"
    sink = AlertSink(AlertsConfig(command=f"sh -c 'echo $$ >> {log}; exec sleep 300'", timeout_s=60))
    for number in range(3):
        sink.handle(result(1.0, events=(event("start", 1, number=number),)))
    until = time.monotonic() + 10
    while not log.exists() and time.monotonic() < until:
        time.sleep(0.01)
    sink.close([])
    assert sink._commands is not None
    assert sink._commands.ended(0)
    (begun,) = log.read_text().split()
    assert not _runs(int(begun))


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


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


def test_a_sound_is_played_where_there_is_a_player(tmp_path: Path) -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(sound=True), run, which=lambda name: "/usr/bin/aplay" if name == "aplay" else None)
    sink.handle(result(1.0, events=(event("start", 2), event("end", 2))))
    sink.close([])
    ((command, _),) = run.calls
    assert command[0] == "/usr/bin/aplay"
    assert command[1].endswith("level2.wav")
    assert not Path(command[1]).exists(), "the tones go with the session"


def test_without_a_player_one_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("monitor").propagate = True
    sink = AlertSink(AlertsConfig(sound=True), Recorder(), which=lambda name: None)
    sink.close([])
    assert "no player" in caplog.text


def test_a_tone_is_a_wav_that_is_heard(tmp_path: Path) -> None:
    write_tone(tmp_path / "t.wav", 880, 2)
    with wave.open(str(tmp_path / "t.wav")) as read:
        assert read.getnchannels() == 1
        assert 0.3 < read.getnframes() / read.getframerate() < 0.5
        assert max(read.readframes(2000)) > 100


class Gated(Recorder):
    """Commands wait for a gate; sounds do not."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.entered = threading.Event(), threading.Event()

    def __call__(self, command: Sequence[str], values: Mapping[str, str], timeout_s: float) -> None:
        if command[0] == "buzz":
            self.entered.set()
            self.gate.wait(30)
        super().__call__(command, values, timeout_s)


def test_the_sound_of_an_alarm_waits_for_no_command() -> None:
    run = Gated()
    sink = AlertSink(AlertsConfig(command="buzz", sound=True), run, which=lambda name: "/usr/bin/aplay")
    sink.handle(result(1.0, events=(event("start", 1),)))
    assert run.entered.wait(10)
    sink.handle(result(2.0, events=(event("update", 3),)))
    until = time.monotonic() + 10
    while not any(c[0][1:] and c[0][1].endswith("level3.wav") for c in run.calls) and time.monotonic() < until:
        time.sleep(0.01)
    assert [Path(c[0][1]).name for c in run.calls][-1] == "level3.wav"
    run.gate.set()
    sink.close([])
    assert [c[1]["EM_LEVEL"] for c in run.calls if c[0] == ["buzz"]] == ["1", "3"]


def test_where_too_many_wait_what_came_and_went_gives_way_and_the_alarm_is_not_lost() -> None:
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
    assert 8 < len(done) <= 1 + alerts.MOST_WAITING
    assert done[0] == ("1", "start")
    assert done[-1] == ("1", "update")
    between = [number for number, _ in done[1:-1]]
    assert all(between.count(number) == 2 for number in between)  # nothing is switched on and never off


def test_where_none_is_outdated_what_waits_longest_gives_way() -> None:
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

    lane = alerts._Lane("sound", act)
    lane.put_alone(event("start", 1, number=1))
    assert entered.wait(10)
    for level, number in ((1, 2), (3, 3), (2, 4), (2, 5)):
        lane.put_alone(event("start", level, number=number))
    lane.end()
    gate.set()
    assert lane.ended(10)
    assert played == [(1, 1), (3, 3), (5, 2)]


def test_what_a_command_is_told_is_text() -> None:
    told = variables(event("start", 1))
    assert set(told) == {"EM_KIND", "EM_PHASE", "EM_LEVEL", "EM_EVENT", "EM_FACE", "EM_TIME", "EM_WHAT"}
    assert all(isinstance(v, str) for v in told.values())


@pytest.mark.parametrize(("command", "told"), [("/nowhere/buzz --pin 4", True), ("true", False), ("", False)])
def test_a_command_that_is_not_there_is_told_before_the_first_alarm(
    tmp_path: Path, demo_clip: Path, capsys: pytest.CaptureFixture[str], command: str, told: bool
) -> None:
    flags = ["--headless", "-q", "--profile", "driver", "--source", str(demo_clip), "--out", str(tmp_path / "s")]
    assert cli.main(["run", *flags, "--max-frames", "2", "--set", f"alerts.command={command}"]) == 0
    said = capsys.readouterr().err
    assert said.count("alerts.command: /nowhere/buzz is not there or may not be run; give its whole path") == told
    assert said.count("alerts.command") == told
