"""Signals, each in a process of its own."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.cli import main as cli
from monitor.run import shutdown as stopper

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, setsid: bool = True) -> subprocess.CompletedProcess[str]:
    head = "import os, signal, time\nfrom monitor.run import shutdown as stopper\n"
    return subprocess.run(
        [sys.executable, "-c", head + code], cwd=ROOT, capture_output=True, text=True, timeout=60,
        start_new_session=setsid,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_before_there_are_files_a_stop_ends_the_process_at_once_and_clean(name: str) -> None:
    done = run(f"stopper.install(); signal.raise_signal(signal.{name}); print('still here')")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_command_cut_short_has_found_nothing_out(name: str) -> None:
    done = run(f"stopper.install(); stopper.expect_answer(); signal.raise_signal(signal.{name}); print('still here')")
    assert (done.returncode, done.stdout) == (128 + getattr(signal, name), "")


def test_what_was_told_is_taken_back_before_an_end_at_once() -> None:
    done = run(
        "s = stopper.install(); s.before = lambda: print('ended', flush=True); signal.raise_signal(signal.SIGTERM)"
    )
    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_with_files_the_first_asks_and_the_second_forces() -> None:
    done = run(
        "s = stopper.install(); s.running = True; signal.raise_signal(signal.SIGTERM)\n"
        "print(s.asked.is_set(), flush=True); signal.raise_signal(signal.SIGTERM); print('still here')"
    )
    assert done.stdout == "True\n"
    assert done.returncode == 128 + signal.SIGTERM


def test_an_end_that_takes_too_long_is_cut() -> None:
    done = run(
        "stopper.SHUTDOWN_S = 0.2; s = stopper.install(); s.running = True\n"
        "signal.raise_signal(signal.SIGTERM); time.sleep(30); print('still here')"
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_once_all_files_are_complete_a_closed_terminal_is_not_a_failure() -> None:
    done = run(
        "stopper.SHUTDOWN_S = 0.2; s = stopper.install(); s.running = True\n"
        "signal.raise_signal(signal.SIGTERM); s.code = 0; time.sleep(30); print('still here')"
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_without_a_terminal_a_hangup_rotates_and_with_one_it_ends() -> None:
    code = (
        "s = stopper.install(); s.running = True; s.terminal = {}; signal.raise_signal(signal.SIGHUP)\n"
        "print(s.rotate.is_set(), s.asked.is_set())"
    )
    assert run(code.format(False)).stdout == "True False\n"
    assert run(code.format(True)).stdout == "False True\n"
    assert run("print(stopper.has_terminal())").stdout == "False\n"  # a session of its own has none


def test_a_terminal_that_hangs_up_twice_forces_nothing() -> None:
    """The kernel hangs up, and so does the shell in it; the files are finished all the same."""
    done = run(
        "s = stopper.install(); s.running = s.terminal = True\n"
        "signal.raise_signal(signal.SIGHUP); signal.raise_signal(signal.SIGHUP); print(s.asked.is_set())"
    )
    assert (done.returncode, done.stdout) == (0, "True\n")


def test_output_to_a_closed_terminal_goes_nowhere_and_any_other_stays() -> None:
    done = run(
        "import pty; master, slave = pty.openpty(); os.dup2(slave, 2); print(stopper.silence())\n"
        "os.close(master); print(stopper.silence(), stopper.silence(), os.write(2, b'x'))"
    )
    assert (done.returncode, done.stdout) == (0, "False\nTrue False 1\n")


def test_nohup_stays_in_force() -> None:
    done = run(
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); s = stopper.install(); signal.raise_signal(signal.SIGHUP)\n"
        "print(s.asked.is_set(), s.rotate.is_set())"
    )
    assert done.stdout == "False False\n"


def test_removed_it_gives_the_signals_back() -> None:
    done = run(
        "before = signal.getsignal(signal.SIGINT); stopper.install(); stopper.remove()\n"
        "print(signal.getsignal(signal.SIGINT) is before, stopper.installed())"
    )
    assert done.stdout == "True False\n"


def test_a_run_whose_files_are_finished_is_cut_with_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output may take no more text (a stopped terminal); all is kept by then."""
    codes: set[int] = set()

    class Terminal(io.StringIO):
        def write(self, text: str) -> int:
            codes.add(stopper.install().code)
            return super().write(text)

    monkeypatch.setattr(sys, "stdout", Terminal())
    try:
        assert cli.main(["--headless", "--out", str(tmp_path / "s"), "--source", "demo", "--max-frames", "5"]) == 0
    finally:
        stopper.remove()
    assert codes == {0}
