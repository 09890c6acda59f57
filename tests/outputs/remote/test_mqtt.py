"""MQTT against a real broker on loopback: what a home or a fleet sees of a drive."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.core.driver_state import DriverState
from monitor.core.errors import ConfigError
from monitor.core.types import Event
from monitor.driver.evidence import Evidence
from monitor.driver.state import DriverMonitor
from monitor.outputs.remote.mqtt import SENSORS, MqttSink, discovery, password, state_fields
from monitor.settings.config import DriverConfig, MqttConfig
from tests.fakes import Clock, result

BROKER = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin")
needs_broker = pytest.mark.skipif(BROKER is None, reason="mosquitto is not installed (apt install mosquitto)")
PATIENCE_S = 15.0


def state() -> DriverState:
    monitor = DriverMonitor(DriverConfig(), iter(range(9)))
    return monitor.update(Evidence(0.0, 0.0, 1, True, True, 0.9, 0.02, (1.0, 2.0, 0.0), 0.1, 0.1))[0]


class Listener:
    """A client that keeps what it hears."""

    def __init__(self, port: int, user: str = "", secret: str = "") -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, str, bool]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        if user:
            self._client.username_pw_set(user, secret)
        self._client.on_message = lambda c, d, m: self.heard.append((m.topic, m.payload.decode(), m.retain))
        self._client.on_connect = lambda client, *rest: client.subscribe("#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def wait(self, topic: str, payload: str | None = None) -> str:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for name, content, _ in list(self.heard):
                if name == topic and (payload is None or content == payload):
                    return content
            time.sleep(0.02)
        raise AssertionError(f"{topic} {payload} was not heard; heard {sorted({h[0] for h in self.heard})}")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, Any]]:
    assert BROKER is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "m.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen([BROKER, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port, process
    process.kill()
    process.wait()


@needs_broker
def test_a_drive_as_the_broker_sees_it(broker: tuple[int, Any]) -> None:
    port, _ = broker
    clock = Clock(100.0)
    ear = Listener(port)
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=port, name="van_7"), "S1", clock)
    ear.wait("emotion-monitor/van_7/availability", "online")
    happening = Event("fatigue", "start", 3, 5.5, 1.8e9, 1, 2, {"what": "drowsy", "score": 55.0})
    face = Event("face", "start", 2, 5.5, 1.8e9, 1)
    sink.handle(result(5.0, events=(), driver=state()))
    for _ in range(20):  # twenty frames within a second are one state
        clock.advance(0.04)
        sink.handle(result(5.5, events=(), driver=state()))
    sink.handle(result(5.5, events=(happening, face), driver=state()))
    event = json.loads(ear.wait("emotion-monitor/van_7/events"))
    assert (event["kind"], event["level"], event["video_time"], event["session"]) == ("fatigue", 2, 0.5, "S1")
    assert json.loads(ear.wait("emotion-monitor/van_7/state"))["attention"] == "attentive"
    sink.close([Event("fatigue", "end", 3, 9.0, 1.8e9, 1, 2, {"duration_s": 3.5})])
    ear.wait("emotion-monitor/van_7/availability", "stopped")
    states = [h for h in ear.heard if h[0].endswith("/state")]
    events = [h for h in ear.heard if h[0].endswith("/events")]
    assert len(states) == 1
    assert [json.loads(e[1])["phase"] for e in events] == ["start", "end"], "faces are not told"
    found = {h[0]: json.loads(h[1]) for h in ear.heard if h[0].startswith("homeassistant/")}
    assert len(found) == len(SENSORS)
    assert found["homeassistant/sensor/van_7/perclos/config"]["state_topic"] == "emotion-monitor/van_7/state"
    ear.close()
    late = Listener(port)
    late.wait("emotion-monitor/van_7/availability", "stopped")  # retained
    late.close()


@needs_broker
def test_a_program_that_dies_is_offline_by_the_brokers_hand(broker: tuple[int, Any]) -> None:
    port, _ = broker
    ear = Listener(port)
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=port), "S1")
    ear.wait("emotion-monitor/emotion_monitor/availability", "online")
    sink._client.socket().shutdown(socket.SHUT_RDWR)  # what kill -9 does to the connection
    ear.wait("emotion-monitor/emotion_monitor/availability", "offline")
    sink.close([])
    ear.close()


@needs_broker
def test_what_happened_without_a_broker_is_told_when_there_is_one(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock = Clock()
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=port), "S1", clock)
    sink.handle(result(1.0, events=(Event("eyes_closed", "start", 3, 1.0, 1.8e9, 1, 2, {"what": "microsleep"}),)))
    for n in range(600):  # ten minutes of states that nobody can hear
        clock.advance(1.0)
        sink.handle(result(1.0 + n, driver=state()))
    (tmp_path / "m.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    assert BROKER is not None
    process = subprocess.Popen([BROKER, "-c", str(tmp_path / "m.conf")], stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE_S
    while not sink._client.is_connected() and time.monotonic() < end:
        time.sleep(0.05)
    ear = Listener(port)
    ear.wait("emotion-monitor/emotion_monitor/availability", "online")
    sink.handle(result(700.0, driver=state()))
    assert json.loads(ear.wait("emotion-monitor/emotion_monitor/events"))["what"] == "microsleep"
    ear.wait("emotion-monitor/emotion_monitor/state")
    assert sum(h[0].endswith("/state") for h in ear.heard) == 1
    assert any(h[0].startswith("homeassistant/") for h in ear.heard)
    sink.tell([Event("cannot_judge", "start", 9, 705.0, 1.8e9, 0, 1, {})])
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and '"judged": false' not in "".join(h[1] for h in ear.heard):
        time.sleep(0.02)
    assert json.loads([h for h in ear.heard if h[0].endswith("/state")][-1][1])["attention"] == "cannot judge"
    sink.close([])
    ear.close()
    process.kill()
    process.wait()


def test_without_a_broker_nothing_waits_and_one_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    logging.getLogger("monitor").propagate = True
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=port), "S1")
    for n in range(500):
        sink.handle(result(n / 10, driver=state()))
    assert time.monotonic() - began < 2.0
    end = time.monotonic() + PATIENCE_S
    while "cannot be reached" not in caplog.text and time.monotonic() < end:
        time.sleep(0.05)
    sink.close([])
    assert caplog.text.count("cannot be reached") == 1


def test_a_name_server_that_does_not_answer_holds_no_end_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A car out of reach of its network is the usual case, not the odd one."""
    gate = threading.Event()

    def silent(*_: object, **__: object) -> None:
        gate.wait(30)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    sink = MqttSink(MqttConfig(host="broker.local"), "S1")
    sink.handle(result(0.0, driver=state()))
    began = time.monotonic()
    sink.close([])
    assert time.monotonic() - began < 3.0
    gate.set()


def test_a_client_that_cannot_even_start_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A unit whose IPAddressDeny keeps 127.0.0.1 from itself: paho waits for its own wake-up socket, for ever."""
    from paho.mqtt.client import Client

    logging.getLogger("monitor").propagate = True
    gate, clock = threading.Event(), Clock()
    monkeypatch.setattr(Client, "loop_start", lambda self: gate.wait(30))
    sink = MqttSink(MqttConfig(host="broker.local"), "S1", clock)
    for _ in range(30):
        clock.advance(1.0)
        sink.handle(result(clock.now, driver=state()))
    assert caplog.text.count("IPAddressAllow=localhost") == 1
    began = time.monotonic()
    sink.close([])
    assert time.monotonic() - began < 2.0
    gate.set()


def test_two_devices_of_one_name_are_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """The broker throws one out for the other, for ever: one line, which names the likely cause."""
    logging.getLogger("monitor").propagate = True
    clock = Clock()
    sink = MqttSink(MqttConfig(host="127.0.0.1", port=9, name="van"), "S1", clock)
    sink.close([])  # no network of its own: the broker's part is played here
    sink._told = False
    fine, lost = SimpleNamespace(is_failure=False), SimpleNamespace(is_failure=True)
    for _ in range(20):
        sink._connected(SimpleNamespace(publish=lambda *_, **__: None), None, None, fine, None)
        clock.advance(1.0)
        sink._disconnected(None, None, None, lost, None)
    told = [r.getMessage() for r in caplog.records if "connection lost" in r.getMessage()]
    assert len(told) == 1
    assert "is another device called mqtt.name=van, too?" in told[0]
    for _ in range(5):  # attempts that never became a connection are no news
        clock.advance(600.0)
        sink._disconnected(None, None, None, lost, None)
    assert caplog.text.count("connection lost") == 1
    sink._connected(SimpleNamespace(publish=lambda *_, **__: None), None, None, fine, None)
    clock.advance(600.0)
    sink._disconnected(None, None, None, lost, None)
    told = [r.getMessage() for r in caplog.records if "connection lost" in r.getMessage()]
    assert len(told) == 2, "a connection that lasted was lost: that is news"
    assert "another device" not in told[1]
    for _ in range(3):
        clock.advance(30.0)
        sink._connected(None, None, None, lost, None)
        sink._disconnected(None, None, None, lost, None)
    assert caplog.text.count("refused by the broker") == 1
    assert caplog.text.count("connection lost") == 2


def test_a_password_file_that_cannot_be_read_is_one_line_without_python(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    for name, why in (("none", "No such file or directory"), ("latin", "it is not UTF-8 text")):
        with pytest.raises(ConfigError) as caught:
            password(MqttConfig(password_file=str(tmp_path / name)))
        assert str(caught.value) == f"mqtt.password_file {tmp_path / name}: cannot be read: {why}"


def test_the_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTION_MONITOR_MQTT_PASSWORD", "from the environment")
    assert password(MqttConfig()) == "from the environment"
    (tmp_path / "p").write_text("s3cret\nrest\n")
    assert password(MqttConfig(password_file=str(tmp_path / "p"))) == "s3cret"
    with pytest.raises(ConfigError, match=r"mqtt\.password_file"):
        password(MqttConfig(password_file=str(tmp_path / "none")))


def test_discovery_is_complete_and_its_templates_name_fields_of_the_state() -> None:
    fields = state_fields(state())
    for topic, content in discovery("x"):
        key = topic.split("/")[3]
        assert key in fields
        assert content["value_template"] == f"{{{{ value_json.{key} }}}}"
        assert content["unique_id"].endswith(key)
    json.dumps(fields)


def test_a_client_that_fails_to_start_is_told_in_a_line_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without any network not even the local sockets can be had."""
    from paho.mqtt.client import Client

    logging.getLogger("monitor").propagate = True
    tries = threading.Semaphore(0)

    def failing(self: Client) -> None:
        tries.release()
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(Client, "loop_start", failing)
    monkeypatch.setattr("monitor.outputs.remote.mqtt.AGAIN_S", 0.01)
    sink = MqttSink(MqttConfig(host="broker.local"), "S1")
    assert all(tries.acquire(timeout=10) for _ in range(3))
    sink.close([])
    assert caplog.text.count("cannot be started ([Errno 101] Network is unreachable); trying again and again") == 1
