"""The process as systemd sees it: ready, alive, waiting for its camera, stopping."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

from tests.faults.process import ROOT, grown, settings, start, until


class Systemd:
    """Listens where sd_notify speaks."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.bind(self.path)
        self._channel.setblocking(False)
        self.heard: list[str] = []

    def hears(self, start: str, times: int = 1) -> bool:
        while True:
            try:
                self.heard.append(self._channel.recv(4096).decode())
            except BlockingIOError:
                return sum(message.startswith(start) for message in self.heard) >= times


def test_ready_alive_and_stopping_are_reported(tmp_path: Path) -> None:
    systemd, health = Systemd(tmp_path), tmp_path / "health.json"
    child = start(
        tmp_path / "s", *settings(source__loop="always", source__pace="always", service__health_file=health),
        NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="400000",
    )  # fmt: skip
    until(lambda: systemd.hears("READY=1"), child)
    until(lambda: systemd.hears("WATCHDOG=1", 3), child)
    until(lambda: systemd.hears("STATUS=fine; ", 2), child)
    told = json.loads(health.read_text())
    assert (told["state"], told["recording"], told["pid"]) == ("fine", False, child.pid)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0
    assert systemd.hears("STOPPING=1")
    assert systemd.heard.count("READY=1") == 1


def test_a_camera_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    systemd, said = Systemd(tmp_path), tmp_path / "said.txt"
    child = start(
        tmp_path / "s", *settings(source__wait="true"), source="/dev/video97", said=said,
        NOTIFY_SOCKET=systemd.path, WATCHDOG_USEC="400000",
    )  # fmt: skip
    until(lambda: systemd.hears("READY=1"), child)
    until(lambda: systemd.hears("STATUS=waiting for /dev/video97"), child)
    until(lambda: systemd.hears("WATCHDOG=1", 3), child)
    assert said.read_text().count("there is no camera at /dev/video97") == 1  # said once
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0
    assert not (tmp_path / "s").exists()


def test_a_stuck_worker_ends_the_run(tmp_path: Path) -> None:
    """A model that never answers: the process ends itself with a code that a supervisor restarts on."""
    hang = tmp_path / "sitecustomize.py"
    hang.write_text(
        "import time\n"
        "from monitor.networks.emotion import EmotionNet\n"
        "EmotionNet.probabilities = lambda self, crop: time.sleep(3600)\n"
    )
    said = tmp_path / "said.txt"
    child = start(
        tmp_path / "s", "--record", *settings(source__loop="always", service__stuck_s=5), said=said,
        PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}",
    )  # fmt: skip
    until(grown(tmp_path / "s" / "events.jsonl", -1), child)
    assert child.wait(30) == 1
    assert "the worker has been stuck for 5 s, after frame" in said.read_text()
    assert json.loads((tmp_path / "s" / "summary.json").read_text())["frames"] > 0
