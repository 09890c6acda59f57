"""What systemd and the health file hear."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.run.service import EVERY_S, Service
from tests.fakes import Clock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(5)
        yield channel


def heard(systemd: socket.socket) -> list[str]:
    systemd.setblocking(False)
    got = []
    while True:
        try:
            got.append(systemd.recv(4096).decode())
        except BlockingIOError:
            return got


def service(systemd: socket.socket, clock: Clock, health: str = "", watchdog_s: float = 10) -> Service:
    environ = {
        "NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": str(int(watchdog_s * 1e6)),
        "WATCHDOG_PID": str(os.getpid()),
    }  # fmt: skip
    return Service(health, environ, clock)


def test_ready_once_then_status_watchdog_and_stopping(systemd: socket.socket) -> None:
    clock = Clock()
    told = service(systemd, clock)
    told.ready()
    told.ready()
    told.report("fine; 25.0 fps", {})
    for _ in range(100):  # 10 s
        clock.advance(0.1)
        told.alive()
    told.stopping()
    got = heard(systemd)
    assert got[:2] == ["READY=1", "STATUS=fine; 25.0 fps"]
    assert got[-1] == "STOPPING=1"
    assert 2 <= got.count("WATCHDOG=1") <= 3  # half of what systemd allows


def test_another_processs_watchdog_is_not_fed(systemd: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    told = Service("", environ, Clock(100))
    told.alive()
    assert heard(systemd) == []


def test_without_systemd_nothing_happens() -> None:
    told = Service("", {}, Clock())
    told.ready()
    told.alive()
    told.report("fine", {})


def test_a_socket_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    Service("", {"NOTIFY_SOCKET": str(tmp_path / "nowhere")}, Clock()).ready()


def test_the_health_file_is_whole_at_every_moment(tmp_path: Path, systemd: socket.socket) -> None:
    clock = Clock()
    told = service(systemd, clock, str(tmp_path / "health.json"))
    assert told.due()
    told.report("fine", {"frames": 7})
    assert not told.due()
    clock.advance(EVERY_S)
    assert told.due()
    got = json.loads((tmp_path / "health.json").read_text())
    assert (got["status"], got["frames"], got["pid"]) == ("fine", 7, os.getpid())
    assert [path.name for path in tmp_path.iterdir() if "health" in path.name] == ["health.json"]


def test_a_health_file_that_cannot_be_written_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Service(str(tmp_path / "nowhere" / "x"), {}, Clock())
    for _ in range(5):
        told.report("fine", {})
    assert len(caplog.records) == 1
