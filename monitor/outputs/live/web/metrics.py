"""Metrics of a run in Prometheus' text format, through ``prometheus-client``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor.outputs.live.web.hub import Hub
from monitor.system.machine import rss_mb

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "emotion_monitor_"


class RunCollector:
    """Reads the hub at each scrape.

    Args:
        hub: The newest state.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        """The current metrics."""
        state = self._hub.state()
        yield CounterMetricFamily(PREFIX + "frames", "Frames processed", value=self._hub.frames)
        yield CounterMetricFamily(PREFIX + "dropped_frames", "Camera frames never processed", value=state["dropped"])
        yield CounterMetricFamily(PREFIX + "events", "Events logged", value=self._hub.last_event)
        yield _gauge("frames_per_second", "Frame rate over the last two seconds", state["fps"])
        yield _gauge("latency_seconds", "From grab to result of the newest frame", state["latency_ms"] / 1e3)
        yield _gauge("faces", "Faces in view", len(state["faces"]))
        yield _gauge("resident_memory_bytes", "Memory of the process", rss_mb() * 1e6)
        yield from _expression(state)
        yield from _driver(state["driver"])


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, help, value=value)


def _expression(state: dict[str, Any]) -> Iterator[Metric]:
    """The distribution of the largest face; a series per face id would grow without bound."""
    known = [face for face in state["faces"] if face["known"]]
    if not known:
        return
    main = max(known, key=lambda face: (face["box"][2] - face["box"][0]) * (face["box"][3] - face["box"][1]))
    family = GaugeMetricFamily(
        PREFIX + "expression_probability", "Smoothed distribution of the largest face", labels=["expression"]
    )
    for name, value in main["probs"].items():
        family.add_metric([name], value)
    yield family


def _driver(driver: dict[str, Any] | None) -> Iterator[Metric]:
    if driver is None:
        return
    yield _gauge("driver_fatigue", "Fatigue score, 0 to 100", driver["fatigue"])
    for name in ("perclos", "eyes"):
        if driver[name] is not None:
            yield _gauge(f"driver_{name}", f"Driver's {name}, 0 to 1", driver[name])


def registry_for(hub: Hub) -> CollectorRegistry:
    """A separate registry, so that two runs in one process do not share metrics."""
    registry = CollectorRegistry()
    registry.register(RunCollector(hub))
    return registry


def rendered(registry: CollectorRegistry) -> bytes:
    """The text of the answer to a scrape."""
    return generate_latest(registry)
