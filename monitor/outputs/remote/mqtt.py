"""Publishing faces, expressions, a driver's state and events over MQTT, with Home Assistant discovery.

Topics, all below ``emotion-monitor/<name>``: ``availability`` (see ``Broker``), ``state`` (retained JSON, see
``state_of``) and ``events`` (JSON, not retained).
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from monitor.core.labels import EMOTIONS
from monitor.core.types import Event, Result
from monitor.outputs.logs.events import event_line
from monitor.outputs.remote.broker import Broker
from monitor.outputs.remote.eventtypes import event_type
from monitor.outputs.remote.homeassistant import EXPIRE_S, config_topic, device_config, old_topics
from monitor.outputs.remote.state import MainFace, State, state_of, unseen
from monitor.settings.config import MqttConfig

STATE_S = 1.0
"""Shortest time between two states."""
HEARTBEAT_S = EXPIRE_S / 3
"""Longest time in seconds between two states, even if nothing changes."""
UNSEEN_S = 3.0
"""Seconds without a frame after which the present state counts as unknown."""
KEPT = 200
"""Events kept while the broker cannot be reached; the oldest are dropped first. States are not kept, because they would
be outdated."""


class MqttSink:
    """Publishes the state when it changes, at most once a second, and each event at once.

    Args:
        config: Broker and name.
        session: Name of the session, part of each event.
        driver: Whether a driver is judged.
        labels: The model's labels.
        clock: Monotonic seconds.

    Raises:
        ConfigError: paho-mqtt is not installed, or the password or certificate file cannot be read.
    """

    def __init__(
        self, config: MqttConfig, session: str, *, driver: bool, labels: Sequence[str] = EMOTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._config, self._session, self._driver, self._clock = config, session, driver, clock
        self._labels = labels
        self._main = MainFace()
        self._state: State = {}
        self._sent: State | None = None
        self._sent_at = self._seen_at = -math.inf
        self._start: float | None = None
        self._waiting: deque[str] = deque(maxlen=KEPT)
        self.broker = Broker(config, self._connected, self._received, clock)
        self.broker.start()

    def handle(self, result: Result) -> None:
        """Publishes the frame's events, and the state if it is due."""
        self._start = result.frame.t if self._start is None else self._start
        self._publish_events(result.events)
        self._state = state_of(result, self._main.choose(result))
        self._seen_at = self._clock()
        self._publish_state()
        self.broker.check()

    def tell(self, events: Sequence[Event]) -> None:
        """Publishes events without a frame."""
        self._publish_events(events)

    def flush(self) -> None:
        """Publishes a state that is due; without frames its values are unknown."""
        if self._state and self._clock() - self._seen_at >= UNSEEN_S:
            self._state = unseen(self._state)
        self._publish_events(())
        self._publish_state()
        self.broker.check()

    def close(self, last_events: Sequence[Event]) -> None:
        """Publishes the last events and "stopped", if the broker is connected."""
        self._publish_events(last_events)
        self.broker.close()

    def _publish_state(self) -> None:
        now = self._clock()
        since = now - self._sent_at
        due = since >= STATE_S and (self._state != self._sent or since >= HEARTBEAT_S)
        if self._state and due and self.broker.connected:
            self._sent, self._sent_at = self._state, now
            self.broker.publish(f"{self.broker.base}/state", json.dumps(self._state), retain=True)

    def _publish_events(self, events: Sequence[Event]) -> None:
        """Queues events and, while connected, sends the queue."""
        for event in events:
            if name := event_type(event):
                line = {"event_type": name, **event_line(event, self._session, self._start or 0.0)}
                self._waiting.append(json.dumps(line))
        while self._waiting and self.broker.connected:
            self.broker.publish(f"{self.broker.base}/events", self._waiting.popleft())

    def _connected(self) -> None:
        """Announces the device and publishes the state again, because the broker may have lost it."""
        self._sent = None
        if self._config.discovery:
            self._announce()
            self.broker.subscribe(old_topics(self._config.name))

    def _received(self, topic: str, payload: bytes) -> None:
        """Deletes a discovery message of version 0.1, which blocks the device, and announces the device again."""
        if payload:
            self.broker.publish(topic, "", retain=True)
            self._announce()

    def _announce(self) -> None:
        content = device_config(self._config.name, driver=self._driver, labels=self._labels)
        self.broker.publish(config_topic(self._config.name), json.dumps(content), retain=True)
