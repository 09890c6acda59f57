"""Commands: without a shell, ended with all they started, missed before the first alarm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.outputs.remote.command import run_command
from tests.outputs.remote.actions import runs
from tests.outputs.remote.brokers import eventually


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_command([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.3)


@pytest.mark.slow
def test_children_of_a_command_end_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 300 & echo $! > {pid}; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        run_command(["sh", "-c", script], {}, 2.0)
    child = int(pid.read_text())
    eventually(lambda: not runs(child), "the child's end")  # killed is not yet gone, on a busy machine


@pytest.mark.parametrize(("command", "told"), [("/nowhere/buzz --pin 4", True), ("true", False), ("", False)])
def test_a_missing_command_is_reported_before_the_first_alarm(
    tmp_path: Path, demo_clip: Path, capsys: pytest.CaptureFixture[str], command: str, told: bool
) -> None:
    flags = ["--headless", "-q", "--profile", "driver", "--source", str(demo_clip), "--out", str(tmp_path / "s")]
    assert cli.main(["run", *flags, "--max-frames", "2", "--set", f"alerts.command={command}"]) == 0
    said = capsys.readouterr().err
    assert said.count("alerts.command: /nowhere/buzz does not exist or is not executable; give its full path") == told
    assert said.count("alerts.command") == told
