"""The tree of all settings, and the built-in profiles.

The defaults are the shipped configuration. ``config.yaml`` shows the settings most people need, with their
comments; a test keeps that file equal to ``shipped_text``.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.settings.driver import DriverConfig
from monitor.settings.faces import DetectConfig, EmotionConfig, FollowConfig, TrackConfig
from monitor.settings.fields import section
from monitor.settings.inputs import SourceConfig
from monitor.settings.outputs import (
    AlertsConfig,
    DisplayConfig,
    MqttConfig,
    OutputConfig,
    PerformanceConfig,
    ServiceConfig,
)
from monitor.settings.web import WebConfig


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    source: SourceConfig = section(SourceConfig)
    detect: DetectConfig = section(DetectConfig)
    follow: FollowConfig = section(FollowConfig)
    track: TrackConfig = section(TrackConfig)
    emotion: EmotionConfig = section(EmotionConfig)
    driver: DriverConfig = section(DriverConfig)
    display: DisplayConfig = section(DisplayConfig)
    output: OutputConfig = section(OutputConfig)
    performance: PerformanceConfig = section(PerformanceConfig)
    alerts: AlertsConfig = section(AlertsConfig)
    mqtt: MqttConfig = section(MqttConfig)
    web: WebConfig = section(WebConfig)
    service: ServiceConfig = section(ServiceConfig)


PROFILES = """\
profiles:                         # emotion-monitor --profile NAME; overrides the settings above, adds to a built-in one
  default: {}                     # the settings above
  driver:                         # a driver's fatigue, absence and anger-like expression
    driver: {enabled: true}
    output: {rows: 5hz}
    performance: {max_cpu: 0.6, target_fps: 15}
  demo:                           # for demonstrations: keypoints drawn, slower labels
    display: {keypoints: true}
    emotion: {smooth_s: 0.5, hold_s: 0.4}
"""
"""The built-in profiles, as config.yaml shows them."""

CAMERAS = """\
# cameras:                        # several sources in one run, see the guide "Several cameras"
#   door: {source: rtsp://host/live}
#   cab: {source: 0, profile: driver, settings: {source: {rotate: "180"}}}
"""
"""An example of the group ``cameras``, as config.yaml shows it."""

RENAMED: dict[str, str] = {}
"""Keys of the previous version and the keys that replaced them; the old ones are accepted with a warning for one
version."""
