"""The alarm's sound: where there is a player, and never behind a command."""

from __future__ import annotations

import logging
import wave
from pathlib import Path

import pytest

from monitor.outputs.remote.alerts import AlertSink
from monitor.outputs.remote.sound import write_tone
from monitor.settings.config import AlertsConfig
from tests.fakes import result
from tests.outputs.remote.actions import Gated, Recorder, event
from tests.outputs.remote.brokers import eventually


def test_a_sound_is_played_where_there_is_a_player(tmp_path: Path) -> None:
    run = Recorder()
    sink = AlertSink(AlertsConfig(sound=True), run, which=lambda name: "/usr/bin/aplay" if name == "aplay" else None)
    sink.handle(result(1.0, events=(event("start", 2), event("end", 2))))
    sink.close([])
    ((command, _),) = run.calls
    assert command[0] == "/usr/bin/aplay"
    assert command[1].endswith("level2.wav")
    assert not Path(command[1]).exists(), "the tones go with the session"


def test_without_a_player_one_line_is_logged(caplog: pytest.LogCaptureFixture) -> None:
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


def test_the_sound_of_an_alarm_waits_for_no_command() -> None:
    run = Gated()
    sink = AlertSink(AlertsConfig(command="buzz", sound=True), run, which=lambda name: "/usr/bin/aplay")
    sink.handle(result(1.0, events=(event("start", 1),)))
    assert run.entered.wait(10)
    sink.handle(result(2.0, events=(event("update", 3),)))
    eventually(lambda: any(c[0][1:] and c[0][1].endswith("level3.wav") for c in run.calls), "the sound")
    assert [Path(c[0][1]).name for c in run.calls][-1] == "level3.wav"
    run.gate.set()
    sink.close([])
    assert [c[1]["EM_LEVEL"] for c in run.calls if c[0] == ["buzz"]] == ["1", "3"]
