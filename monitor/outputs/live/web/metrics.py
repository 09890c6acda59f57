"""Metrics of a run in Prometheus' text format, through ``prometheus-client``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from monitor.outputs.live.web.site import CameraView, Site
from monitor.system.machine import rss_mb

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "emotion_monitor_"


class RunCollector:
    """Reads the hubs at each scrape.

    Args:
        site: The cameras. If they have names, each series has the label ``camera``.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        """The current metrics."""
        families: dict[str, Metric] = {}
        for camera in list(self._site.cameras.values()):
            _add(families, camera)
        yield from families.values()
        yield GaugeMetricFamily(PREFIX + "resident_memory_bytes", "Memory of the process", value=round(rss_mb() * 1e6))


def _add(families: dict[str, Metric], camera: CameraView) -> None:
    """Adds the metrics of one camera to the families by name."""
    state, hub = camera.hub.state(), camera.hub
    own = {"camera": camera.name} if camera.name else {}

    def put(kind: type[Metric], name: str, help: str, value: float, **labels: str) -> None:
        labels = own | labels
        family = families.setdefault(name, kind(PREFIX + name, help, labels=list(labels)))  # type: ignore[call-arg]
        family.add_metric(list(labels.values()), value)  # type: ignore[attr-defined]

    put(CounterMetricFamily, "frames", "Frames processed", hub.frames)
    put(CounterMetricFamily, "dropped_frames", "Camera frames never processed", state["dropped"])
    put(CounterMetricFamily, "events", "Events logged", hub.last_event)
    put(GaugeMetricFamily, "frames_per_second", "Frame rate over the last two seconds", state["fps"])
    put(GaugeMetricFamily, "latency_seconds", "From grab to result of the newest frame", state["latency_ms"] / 1e3)
    put(GaugeMetricFamily, "faces", "Faces in view", len(state["faces"]))
    for expression, share in _main_face(state).items():
        help = "Smoothed distribution of the largest face"
        put(GaugeMetricFamily, "expression_probability", help, share, expression=expression)
    driver = state["driver"]
    if driver is not None:
        put(GaugeMetricFamily, "driver_fatigue", "Fatigue score, 0 to 100", driver["fatigue"])
        for name in ("perclos", "eyes"):
            if driver[name] is not None:
                put(GaugeMetricFamily, f"driver_{name}", f"Driver's {name}, 0 to 1", driver[name])


def _main_face(state: dict[str, Any]) -> dict[str, float]:
    """The distribution of the largest face; a series per face id would grow without bound."""
    known = [face for face in state["faces"] if face["known"]]
    if not known:
        return {}
    main = max(known, key=lambda face: (face["box"][2] - face["box"][0]) * (face["box"][3] - face["box"][1]))
    return dict(main["probs"])


def registry_for(site: Site) -> CollectorRegistry:
    """A separate registry, so that two runs in one process do not share metrics."""
    registry = CollectorRegistry()
    registry.register(RunCollector(site))
    return registry


def rendered(registry: CollectorRegistry) -> bytes:
    """The text of the answer to a scrape."""
    return generate_latest(registry)
