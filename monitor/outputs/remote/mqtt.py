"""Publishing a driver's state and events over MQTT, with Home Assistant discovery.

Topics, all below ``emotion-monitor/<name>``: ``availability`` (retained: online, stopped after an orderly end,
offline by the broker's hand when the connection is lost), ``state`` (retained JSON, at most once a second),
``events`` (JSON).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from monitor import __version__
from monitor.core.driver_state import UNJUDGED, DriverState
from monitor.core.errors import ConfigError
from monitor.core.types import Event, Result
from monitor.driver import signs
from monitor.outputs.logs.events import event_line
from monitor.settings.config import MqttConfig

log = logging.getLogger("monitor")

ROOT = "emotion-monitor"
LAST_S = 0.8
"""Seconds that the last words to the broker may take, and as many that its thread may take to end."""
LASTED_S = 60.0
"""A connection that was lost sooner is the old trouble still: it is not told again."""
AGAIN_S = 10.0
"""Pause between two attempts to start the client."""
START_S = 10.0
"""Seconds after which a client that does not even start is told."""
STATE_S = 1.0
"""The state is published at most this often."""
PASSWORD = "EMOTION_MONITOR_MQTT_PASSWORD"
KEPT = 200
"""Events kept while the broker cannot be reached; the oldest go first. States are not: an old one says nothing."""
SENSORS = tuple(field for field in signs.FIELDS if field.title)
"""Fields of the state that are announced to Home Assistant."""


class MqttSink:
    """Publishes; paho's own thread does the network, so nothing here ever waits for it.

    Args:
        config: Broker and name.
        session: The session's name, part of each event.
        clock: Monotonic seconds.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password file cannot be read.
    """

    def __init__(self, config: MqttConfig, session: str, clock: Callable[[], float] = time.monotonic) -> None:
        paho = _paho()
        self._config, self._session, self._clock = config, session, clock
        self._base = f"{ROOT}/{config.name}"
        self._published = -STATE_S
        self._start: float | None = None
        self._told = False
        self._since: float | None = None
        self._refused = False
        self._state: dict[str, Any] = {}
        self._waiting: deque[str] = deque(maxlen=KEPT)
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"{ROOT}-{config.name}")
        self._client.on_connect, self._client.on_connect_fail = self._connected, self._failed
        self._client.on_disconnect = self._disconnected
        if config.user:
            self._client.username_pw_set(config.user, password(config))
        if config.tls:
            self._client.tls_set(cert_reqs=ssl.CERT_REQUIRED)
        self._client.will_set(f"{self._base}/availability", "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(config.host, config.port, keepalive=15)
        self._closing = threading.Event()
        # paho wakes its thread through a pair of local sockets, and waits for ever where a firewall keeps them apart.
        self._starting = threading.Thread(target=self._begin, name="mqtt-start", daemon=True)
        self._starting.start()
        self._begun = clock()

    def _begin(self) -> None:
        """Starts paho's thread; where there is no network at all not even that can be done, and is tried again."""
        while not self._closing.is_set():
            try:
                self._client.loop_start()
                return
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be had
                self._tell(f"cannot be started ({error}); trying again and again")
            self._closing.wait(AGAIN_S)

    def handle(self, result: Result) -> None:
        """Publishes the frame's events, and the state when it is due."""
        self._start = result.frame.t if self._start is None else self._start
        self._events(result.events)
        state, now = result.driver, self._clock()
        if now - self._begun > START_S and self._starting.is_alive():
            self._tell(
                "cannot be started: something keeps 127.0.0.1 from itself; under systemd: IPAddressAllow=localhost"
            )
        if state is None or now - self._published < STATE_S or not self._client.is_connected():
            return
        self._published = now
        self._state = state_fields(state)
        self._publish("state", json.dumps(self._state), retain=True)

    def tell(self, events: Sequence[Event]) -> None:
        """Publishes events that belong to no frame, as far as they are a driver's (``signs.KINDS``)."""
        self._events(events)

    def flush(self) -> None:
        """paho's thread sends."""

    def close(self, last_events: Sequence[Event]) -> None:
        """Publishes the last events and says ``stopped``, if the broker is there to hear it."""
        self._events(last_events)
        if self._client.is_connected():
            info = self._publish("availability", "stopped", retain=True)
            with contextlib.suppress(RuntimeError, ValueError):  # gone meanwhile: the broker says offline
                info.wait_for_publish(LAST_S)
        self._closing.set()
        self._starting.join(LAST_S)
        if self._starting.is_alive():
            return
        self._client.disconnect()
        # paho waits for its thread, which may be asking a name server that does not answer: not at our cost.
        stopping = threading.Thread(target=self._client.loop_stop, name="mqtt-stop", daemon=True)
        stopping.start()
        stopping.join(LAST_S)

    def _events(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.kind in signs.KINDS:
                self._waiting.append(json.dumps(event_line(event, self._session, self._start or 0.0)))
            if event.kind == "cannot_judge" and event.phase == "start" and self._state and self._client.is_connected():
                # With no pictures there is no state of now: the last one must not stand as if it were.
                unknown = {**self._state, "attention": UNJUDGED, "judged": False, "eyes": None}
                self._publish("state", json.dumps(unknown), retain=True)
        self._send()

    def _send(self) -> None:
        """Hands waiting events to paho, once there is a connection."""
        while self._waiting and self._client.is_connected():
            self._publish("events", self._waiting.popleft())

    def _publish(self, topic: str, payload: str, *, retain: bool = False) -> Any:
        return self._client.publish(f"{self._base}/{topic}", payload, qos=1, retain=retain)

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            if not self._refused:
                self._refused, self._told = True, False  # known to be there now: that is news
            self._tell(f"refused by the broker: {reason}; check mqtt.user and the password")
            return
        self._refused = False
        self._since = self._clock()
        self._publish("availability", "online", retain=True)
        if self._config.discovery:
            for topic, content in discovery(self._config.name):
                client.publish(topic, json.dumps(content), qos=1, retain=True)

    def _failed(self, client: Any, data: Any) -> None:
        hint = "; does it speak TLS on this port (mqtt.tls)?" if self._config.tls else ""
        self._tell(f"cannot be reached; trying again and again{hint}")

    def _disconnected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            return
        lasted = None if self._since is None else self._clock() - self._since
        self._since = None
        if lasted is not None and lasted >= LASTED_S:
            self._told = False
        short = lasted is not None and lasted < LASTED_S
        hint = f"; is another device called mqtt.name={self._config.name}, too?" if short else ""
        self._tell(f"connection lost ({reason}); trying again and again{hint}")

    def _tell(self, what: str) -> None:
        """Says a failure once until a connection has lasted (``LASTED_S``)."""
        if not self._told:
            self._told = True
            log.error("error: mqtt %s:%d: %s", self._config.host, self._config.port, what)


def state_fields(state: DriverState) -> dict[str, signs.Value]:
    """The content of the topic ``state``; None = unknown."""
    return {field.name: field.rounded(state) for field in signs.FIELDS}


def discovery(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Home Assistant's discovery topics and what they hold, one for each of ``SENSORS``."""
    base = f"{ROOT}/{name}"
    device = {
        "identifiers": [f"{ROOT}-{name}"], "name": name.replace("_", " "), "model": "Emotion Monitor",
        "sw_version": __version__,
    }  # fmt: skip
    found = []
    for field in SENSORS:
        content = {
            "name": field.title, "unique_id": f"{ROOT}-{name}-{field.name}", "state_topic": f"{base}/state",
            "icon": field.icon,
            "value_template": f"{{{{ value_json.{field.name} }}}}", "availability_topic": f"{base}/availability",
            "availability_template": "{{ 'online' if value == 'online' else 'offline' }}",
            "payload_available": "online", "payload_not_available": "offline", "device": device,
        }  # fmt: skip
        if field.unit:
            content["unit_of_measurement"] = field.unit
        found.append((f"homeassistant/sensor/{name}/{field.name}/config", content))
    return found


def password(config: MqttConfig) -> str | None:
    """The password from the file or the environment; never from the settings, which are logged.

    Raises:
        ConfigError: The file cannot be read.
    """
    if not config.password_file:
        return os.environ.get(PASSWORD)
    try:
        lines = Path(config.password_file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"mqtt.password_file {config.password_file}: cannot be read: {why}") from None
    return lines[0].strip() if lines else ""


def require(config: MqttConfig) -> None:
    """Refuses what ``MqttSink`` would refuse.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password file cannot be read.
    """
    _paho()
    if config.user:
        password(config)


def _paho() -> Any:
    try:
        return importlib.import_module("paho.mqtt.client")
    except ImportError:
        raise ConfigError("mqtt.host needs paho-mqtt: pip install 'emotion-monitor[mqtt]'") from None
