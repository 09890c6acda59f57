"""A real mosquitto with users, TLS and ACL, and a client that records its messages."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from monitor.core.driver_state import DriverState
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.settings.config import DriverConfig

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (apt install mosquitto)")
PATIENCE_S = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(true: Callable[[], bool], what: str) -> None:
    """Waits for another process or thread; fails after ``PATIENCE_S``."""
    pause = threading.Event()
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"in vain: {what}"
        pause.wait(0.02)


@dataclass
class Mosquitto:
    """A broker on loopback; use it in a ``with`` statement.

    Attributes:
        folder: For its files.
        options: Lines added to its configuration.
        port: Where it listens.
    """

    folder: Path
    options: list[str] = field(default_factory=lambda: ["allow_anonymous true"])
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        lines = ["user root", "persistence false", "per_listener_settings false", f"listener {self.port} 127.0.0.1"]
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join([*lines, *self.options]) + "\n")
        with (self.folder / "mosquitto.log").open("ab") as out:
            self.process = subprocess.Popen([MOSQUITTO, "-c", str(path)], stderr=out)

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        eventually(answers, "mosquitto answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Mosquitto:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Ear:
    """A client that records its messages: (topic, payload, retained)."""

    def __init__(self, port: int, topics: str = "#", user: str = "", secret: str = "", ca: Path | None = None) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, str, bool]] = []
        self._ready = threading.Event()
        self.client: Any = Client(CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, secret)
        if ca is not None:
            self.client.tls_set(ca_certs=str(ca))
        self.client.on_message = lambda c, d, m: self.heard.append((m.topic, m.payload.decode(), bool(m.retain)))
        self.client.on_connect = lambda client, *rest: client.subscribe(topics, qos=1)
        self.client.on_subscribe = lambda *rest: self._ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def of(self, ending: str) -> list[str]:
        """Payloads on topics with this ending, in order."""
        return [payload for topic, payload, _ in list(self.heard) if topic.endswith(ending)]

    def wait(self, ending: str, good: Callable[[str], bool] = bool) -> str:
        """The first payload on such a topic that is good."""
        eventually(lambda: any(good(payload) for payload in self.of(ending)), f"{ending}; heard {self.heard}")
        return next(payload for payload in self.of(ending) if good(payload))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def driver_state() -> DriverState:
    monitor = DriverMonitor(DriverConfig(), iter(range(9)))
    return monitor.update(Evidence(0.0, 0.0, 1, True, True, 0.9, 0.02, (1.0, 2.0, 0.0), 0.1, 0.1))[0]


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A certificate authority, and a certificate with key for 127.0.0.1, made by openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, cwd=folder, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=home",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    run("req", *curve, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=broker")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    run("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "san", "-out", "broker.pem")  # fmt: skip
    return folder / "ca.pem", folder / "broker.pem", folder / "broker.key"
