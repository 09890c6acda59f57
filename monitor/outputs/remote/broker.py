"""The connection to an MQTT broker: starting, reconnecting, reporting failures once, and ending in time."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.settings.config import MqttConfig

log = logging.getLogger("monitor")

ROOT = "emotion-monitor"
"""First part of every topic."""
LAST_S = 0.8
"""Longest time in seconds to deliver the last message, and again for the network thread to end."""
LASTED_S = 60.0
"""A connection lost within this many seconds counts as part of the failure before it, which was already reported."""
RETRY_S = 10.0
"""Seconds between two attempts to start the client."""
START_S = 10.0
"""Seconds after which a client that has not started is reported."""
KEEPALIVE_S = 15
"""Keep-alive interval in seconds; the broker publishes the will after one and a half times this time without a
message."""
PASSWORD = "EMOTION_MONITOR_MQTT_PASSWORD"
Received = Callable[[str, bytes], None]


class Broker:
    """A client that reconnects by itself and never blocks its caller, because paho's own thread uses the network.

    It connects only after ``start``, so that its callbacks find a fully constructed owner.

    The topic ``availability`` (retained) is "online" while connected, "stopped" after an orderly end, and set to
    "offline" by the broker (the will) when the connection is lost.

    Args:
        config: Broker, credentials and name.
        connected: Called after each successful connection, on paho's thread.
        received: Called with topic and payload of each retained message on a subscribed topic, on paho's thread.
        clock: Monotonic seconds.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password or certificate file cannot be read.
    """

    def __init__(
        self,
        config: MqttConfig,
        connected: Callable[[], None],
        received: Received,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        paho = _paho()
        self._config, self._clock = config, clock
        self._on_connected, self._on_received = connected, received
        self.base = f"{ROOT}/{config.name}"
        self._reported = self._refused = self._announced = False
        self._since: float | None = None
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"{ROOT}-{config.name}")
        self._client.on_connect, self._client.on_connect_fail = self._connected, self._failed
        self._client.on_disconnect, self._client.on_message = self._disconnected, self._message
        if config.user:
            self._client.username_pw_set(config.user, password(config))
        if config.tls:
            self._client.tls_set_context(tls_context(config))
        self._client.will_set(f"{self.base}/availability", "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(config.host, config.port, keepalive=KEEPALIVE_S)
        self._closing = threading.Event()
        # paho wakes its thread through two local sockets and waits forever where a firewall blocks loopback.
        self._starting = threading.Thread(target=self._start, name="mqtt-start", daemon=True)
        self._begun = clock()

    def start(self) -> None:
        """Begins to connect."""
        self._begun = self._clock()
        self._starting.start()

    @property
    def connected(self) -> bool:
        """Whether messages can now be sent; True only after the callback ``connected`` has published its messages."""
        return self._announced and bool(self._client.is_connected())

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> Any:
        """Sends a message with QoS 1.

        Args:
            topic: The whole topic.
            payload: Its content; "" with ``retain`` deletes a retained message.
            retain: Whether the broker keeps it for later subscribers.

        Returns:
            paho's ``MQTTMessageInfo``.
        """
        return self._client.publish(topic, payload, qos=1, retain=retain)

    def subscribe(self, topic: str) -> None:
        """Subscribes to a topic; a refusal by the broker is ignored."""
        self._client.subscribe(topic, qos=1)

    def check(self) -> None:
        """Reports a client that has not started in time."""
        if self._clock() - self._begun > START_S and self._starting.is_alive():
            self._report("cannot be started: loopback is blocked; under systemd add IPAddressAllow=localhost")

    def close(self) -> None:
        """Publishes "stopped" if the broker is connected, and disconnects; takes at most three times ``LAST_S``."""
        if self.connected:
            info = self.publish(f"{self.base}/availability", "stopped", retain=True)
            with contextlib.suppress(RuntimeError, ValueError):  # lost meanwhile: the broker publishes the will
                info.wait_for_publish(LAST_S)
        self._closing.set()
        self._starting.join(LAST_S)
        if self._starting.is_alive():
            return
        self._client.disconnect()
        # paho waits for its thread, which may be stuck in a name lookup.
        stopping = threading.Thread(target=self._client.loop_stop, name="mqtt-stop", daemon=True)
        stopping.start()
        stopping.join(LAST_S)

    def _start(self) -> None:
        """Starts paho's thread; without any network this fails and is retried."""
        while not self._closing.is_set():
            try:
                self._client.loop_start()
                return
            except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
                self._report(f"cannot be started ({error}); retrying")
            self._closing.wait(RETRY_S)

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            if not self._refused:
                self._refused, self._reported = True, False  # the broker answers: report its reason
            self._report(f"refused by the broker: {reason}; check mqtt.user and the password")
            return
        self._refused = False
        self._since = self._clock()
        self.publish(f"{self.base}/availability", "online", retain=True)
        self._on_connected()
        self._announced = True

    def _message(self, client: Any, data: Any, message: Any) -> None:
        if message.retain:
            self._on_received(message.topic, message.payload)

    def _failed(self, client: Any, data: Any) -> None:
        hint = "; does it speak TLS on this port (mqtt.tls, mqtt.ca_file)?" if self._config.tls else ""
        self._report(f"cannot be reached; retrying{hint}")

    def _disconnected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._announced = False
        if not reason.is_failure:
            return
        lasted = None if self._since is None else self._clock() - self._since
        self._since = None
        if lasted is not None and lasted >= LASTED_S:
            self._reported = False
        short = lasted is not None and lasted < LASTED_S
        hint = f"; is there another device with mqtt.name={self._config.name}?" if short else ""
        self._report(f"connection lost ({reason}); retrying{hint}")

    def _report(self, problem: str) -> None:
        """Logs a failure once until a connection has lasted for ``LASTED_S``."""
        if not self._reported:
            self._reported = True
            log.error("error: mqtt %s:%d: %s", self._config.host, self._config.port, problem)


def password(config: MqttConfig) -> str | None:
    """The password from the file or the environment; not from the settings, because those are logged.

    Raises:
        ConfigError: The file cannot be read.
    """
    if not config.password_file:
        return os.environ.get(PASSWORD)
    try:
        lines = Path(config.password_file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"mqtt.password_file {config.password_file}: cannot be read: {reason}") from None
    return lines[0].strip() if lines else ""


def tls_context(config: MqttConfig) -> ssl.SSLContext:
    """A context that verifies the broker's certificate and host name.

    Raises:
        ConfigError: ``mqtt.ca_file`` cannot be read or holds no certificate.
    """
    path = str(Path(config.ca_file).expanduser()) if config.ca_file else None
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ConfigError(f"mqtt.ca_file {config.ca_file}: holds no certificate in PEM format") from None
    except OSError as error:
        raise ConfigError(f"mqtt.ca_file {config.ca_file}: cannot be read: {error.strerror}") from None


def require(config: MqttConfig) -> None:
    """Checks what ``Broker`` needs.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password or certificate file cannot be read.
    """
    _paho()
    if config.user:
        password(config)
    if config.tls:
        tls_context(config)


def _paho() -> Any:
    try:
        return importlib.import_module("paho.mqtt.client")
    except ImportError:
        raise ConfigError("mqtt.host needs paho-mqtt: pip install 'emotion-monitor[mqtt]'") from None
