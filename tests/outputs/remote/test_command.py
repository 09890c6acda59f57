"""Commands: without a shell, ended with all they started, missed before the first alarm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.outputs.remote import alerts
from monitor.outputs.remote.alerts import AlertSink
from monitor.outputs.remote.command import Commands
from monitor.settings.config import AlertsConfig
from tests.fakes import result
from tests.outputs.remote.actions import event, runs
from tests.outputs.remote.brokers import eventually


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        Commands().run([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.3)


@pytest.mark.slow
def test_children_of_a_command_end_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 300 & echo $! > {pid}; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        Commands().run(["sh", "-c", script], {}, 2.0)
    child = int(pid.read_text())
    eventually(lambda: not runs(child), "the child's end")  # killed is not yet gone, on a busy machine


def test_the_end_of_one_camera_ends_no_command_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "CLOSE_S", 0.1)
    script = "sh -c 'echo $$ > \"$0\"; exec sleep 300' {}"
    files = [tmp_path / "door", tmp_path / "cab"]
    door, cab = (AlertSink(AlertsConfig(command=script.format(file), timeout_s=300)) for file in files)
    for sink in (door, cab):
        sink.handle(result(1.0, events=(event("start", 1),)))
    eventually(lambda: all(file.exists() and file.read_text().strip() for file in files), "both commands")
    first, second = (int(file.read_text()) for file in files)
    door.close([])
    assert not runs(first)
    assert runs(second)
    cab.close([])
    assert not runs(second)


@pytest.mark.parametrize(("command", "told"), [("/nowhere/buzz --pin 4", True), ("true", False), ("", False)])
def test_a_missing_command_is_reported_before_the_first_alarm(
    tmp_path: Path, demo_clip: Path, capsys: pytest.CaptureFixture[str], command: str, told: bool
) -> None:
    flags = ["--headless", "-q", "--profile", "driver", "--source", str(demo_clip), "--out", str(tmp_path / "s")]
    assert cli.main(["run", *flags, "--max-frames", "2", "--set", f"alerts.command={command}"]) == 0
    said = capsys.readouterr().err
    assert said.count("alerts.command: /nowhere/buzz does not exist or is not executable; give its full path") == told
    assert said.count("alerts.command") == told
