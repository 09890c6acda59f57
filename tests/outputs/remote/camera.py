"""A camera on MQTT: a sink on a clock of the test, fed with faces."""

from __future__ import annotations

import itertools
from typing import Any

from monitor.core.types import Event, Face
from monitor.expression.held import HeldExpressions
from monitor.outputs.remote.mqtt import MqttSink
from monitor.settings.config import AlertsConfig, MqttConfig
from tests.fakes import Clock, result
from tests.outputs.remote.brokers import driver_state, eventually


class Camera:
    """A sink on a clock of the test, fed with faces."""

    def __init__(self, port: int, name: str = "door", driver: bool = False, **config: Any) -> None:
        self.clock, self.t = Clock(100.0), 0.0
        settings = MqttConfig(host="127.0.0.1", port=port, name=name, **config)
        self.sink = MqttSink(settings, "S1", driver=driver, clock=self.clock)
        self._driver = driver_state() if driver else None
        self._held = HeldExpressions(AlertsConfig(expression=("angry",), after_s=2.0), itertools.count(50))

    def online(self) -> Camera:
        eventually(lambda: self.sink.broker.connected, "connection")
        return self

    def film(self, seconds: float, *faces: Face, events: tuple[Event, ...] = ()) -> None:
        """Frames at 5 Hz; the events come with the first one."""
        for n in range(round(5 * seconds)):
            self.clock.advance(0.2)
            self.t += 0.2
            more = (*(events if n == 0 else ()), *self._held.update(faces, self.t, 1.8e9 + self.t))
            self.sink.handle(result(self.t, faces, events=more, driver=self._driver))

    def dark(self, seconds: float) -> None:
        """Time without frames."""
        for _ in range(round(5 * seconds)):
            self.clock.advance(0.2)
            self.sink.flush()


def appeared(number: int, phase: str = "start") -> Event:
    return Event("face", phase, number, 0.2, 1.8e9, number)
