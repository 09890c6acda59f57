"""The connection to a broker: nothing waits for it, failures are reported once and name the fix."""

from __future__ import annotations

import logging
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from monitor.core.errors import ConfigError
from monitor.outputs.remote import broker
from monitor.outputs.remote.broker import Broker, password, require, tls_context
from monitor.outputs.remote.mqtt import MqttSink
from monitor.settings.config import MqttConfig
from tests.fakes import Clock, face, result
from tests.outputs.remote.brokers import eventually, free_port

FINE, LOST = SimpleNamespace(is_failure=False), SimpleNamespace(is_failure=True)


@pytest.fixture(autouse=True)
def heard() -> None:
    logging.getLogger("monitor").propagate = True


def made(config: MqttConfig, clock: Clock | None = None) -> Broker:
    connection = Broker(config, lambda: None, lambda topic, payload: None, clock or Clock())
    connection.start()
    return connection


def test_without_a_broker_nothing_waits_and_one_line_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=free_port()), "S1", driver=False)
    for n in range(500):
        sink.handle(result(n / 10, [face(1)]))
    assert time.monotonic() - began < 2.0
    eventually(lambda: "cannot be reached" in caplog.text, "report")
    sink.close([])
    assert caplog.text.count("cannot be reached; retrying") == 1


def test_a_broker_that_answers_at_once_finds_a_complete_sink(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several cameras on a busy machine the connection stood before the constructor had returned."""
    sent: list[str] = []

    class Eager(Broker):
        def start(self) -> None:
            self._on_connected()

        def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
            sent.append(topic)

    monkeypatch.setattr("monitor.outputs.remote.mqtt.Broker", Eager)
    MqttSink(MqttConfig(host="127.0.0.1", port=free_port(), name="cab"), "S1", driver=False)
    assert sent == ["homeassistant/device/cab/config"]


def test_a_name_server_that_does_not_answer_does_not_delay_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A car is usually out of reach of its network."""
    gate = threading.Event()

    def silent(*_: object, **__: object) -> None:
        gate.wait(30)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    connection = made(MqttConfig(host="broker.local"))
    began = time.monotonic()
    connection.close()
    assert time.monotonic() - began < 3.0
    gate.set()


def test_a_client_that_cannot_start_delays_nothing_and_names_the_fix(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A unit whose IPAddressDeny blocks loopback: paho waits for its own wake-up socket, forever."""
    from paho.mqtt.client import Client

    gate, clock = threading.Event(), Clock()
    monkeypatch.setattr(Client, "loop_start", lambda self: gate.wait(30))
    connection = made(MqttConfig(host="broker.local"), clock)
    for _ in range(30):
        clock.advance(1.0)
        connection.check()
    assert caplog.text.count("IPAddressAllow=localhost") == 1
    began = time.monotonic()
    connection.close()
    assert time.monotonic() - began < 2.0
    gate.set()


def test_a_client_that_fails_to_start_is_reported_once_and_retried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without any network not even the local sockets exist."""
    from paho.mqtt.client import Client

    tries = threading.Semaphore(0)

    def failing(self: Client) -> None:
        tries.release()
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(Client, "loop_start", failing)
    monkeypatch.setattr(broker, "RETRY_S", 0.01)
    connection = made(MqttConfig(host="broker.local"))
    assert all(tries.acquire(timeout=10) for _ in range(3))
    connection.close()
    assert caplog.text.count("cannot be started ([Errno 101] Network is unreachable); retrying") == 1


def test_two_devices_of_one_name_are_reported_once_with_the_likely_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker disconnects one for the other, forever."""
    from paho.mqtt.client import Client

    monkeypatch.setattr(Client, "loop_start", lambda self: None)  # the broker's part is played here
    clock = Clock()
    connection = made(MqttConfig(host="127.0.0.1", name="van"), clock)
    client = connection._client

    def connect(reason: SimpleNamespace, lasting_s: float) -> None:
        client.on_connect(client, None, None, reason, None)
        clock.advance(lasting_s)
        client.on_disconnect(client, None, None, LOST, None)

    def lines(part: str) -> list[str]:
        return [r.getMessage() for r in caplog.records if part in r.getMessage()]

    for _ in range(20):
        connect(FINE, 1.0)
    assert len(lines("connection lost")) == 1
    assert "is there another device with mqtt.name=van?" in lines("connection lost")[0]
    for _ in range(5):  # attempts that never became a connection are no news
        clock.advance(600.0)
        client.on_disconnect(client, None, None, LOST, None)
    assert len(lines("connection lost")) == 1
    connect(FINE, 600.0)
    assert len(lines("connection lost")) == 2, "a connection that had lasted was lost: that is news"
    assert "another device" not in lines("connection lost")[1]
    for _ in range(3):
        connect(LOST, 30.0)
    assert len(lines("refused by the broker")) == 1
    assert len(lines("connection lost")) == 2
    connection.close()


def test_a_file_that_cannot_be_read_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    for name, why in (("none", "No such file or directory"), ("latin", "it is not UTF-8 text")):
        with pytest.raises(ConfigError) as caught:
            password(MqttConfig(password_file=str(tmp_path / name)))
        assert str(caught.value) == f"mqtt.password_file {tmp_path / name}: cannot be read: {why}"
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file .*none: cannot be read: No such file or directory"):
        tls_context(MqttConfig(tls=True, ca_file=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file .*latin: holds no certificate in PEM format"):
        require(MqttConfig(tls=True, ca_file=str(tmp_path / "latin")))


def test_the_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTION_MONITOR_MQTT_PASSWORD", "from the environment")
    assert password(MqttConfig()) == "from the environment"
    (tmp_path / "p").write_text("s3cret\nrest\n")
    assert password(MqttConfig(password_file=str(tmp_path / "p"))) == "s3cret"
