"""Loads the configuration: a settings file, a profile and ``--set``, with defaults for the rest."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

from monitor.core.errors import ConfigError
from monitor.settings import writer
from monitor.settings.crossfield import conflicts
from monitor.settings.driver import DriverConfig
from monitor.settings.faces import DetectConfig, EmotionConfig, FollowConfig, TrackConfig
from monitor.settings.inputs import SourceConfig
from monitor.settings.outputs import (
    AlertsConfig,
    DisplayConfig,
    MqttConfig,
    OutputConfig,
    PerformanceConfig,
    ServiceConfig,
)
from monitor.settings.reader import Profiles, read
from monitor.settings.schema import PROFILES, RENAMED, Config
from monitor.settings.web import WebConfig

__all__ = [
    "AlertsConfig", "Config", "DetectConfig", "DisplayConfig", "DriverConfig", "EmotionConfig", "FollowConfig",
    "MqttConfig", "OutputConfig", "PerformanceConfig", "ServiceConfig", "SourceConfig", "TrackConfig", "WebConfig",
    "load", "reference", "shipped_text",
]  # fmt: skip

DEFAULT_FILE = Path("config.yaml")


def load(
    path: str | None, overrides: list[str], profile: str = "", *, default_file: Path | None = DEFAULT_FILE
) -> tuple[Config, str]:
    """Reads the configuration: ``path``, else ``default_file`` if it exists, else the defaults.

    Args:
        path: A settings file.
        overrides: ``key.path=value`` texts, which override the file.
        profile: Name of a profile, built in or from the file; "" = none.
        default_file: Read where ``path`` is None; None = only the built-in defaults.

    Returns:
        The configuration and a text that names its origin.

    Raises:
        ConfigError: All problems found, one line each.
    """
    file = Path(path) if path else default_file if default_file and os.path.lexists(default_file) else None
    built_in = textwrap.dedent(PROFILES.split("\n", 1)[1])
    parsed = read(Config, file, overrides, Profiles(profile, built_in), RENAMED)

    def place(*keys: str) -> str:
        """The place where the last of several conflicting settings was given."""
        given = (parsed.places[key] for key in reversed(keys) if key in parsed.places)
        return next(given, file.name if file else "--set")

    problems = [*(str(problem) for problem in parsed.problems), *conflicts(parsed.settings, place)]
    if problems:
        raise ConfigError(*problems)
    return parsed.settings, str(file) if file else "built-in defaults"


def shipped_text(*, advanced: bool = False) -> str:
    """The default configuration as a commented YAML file.

    Args:
        advanced: Include the advanced settings.
    """
    head = (
        "# Emotion Monitor settings. These are the defaults; change what you need.\n"
        "# One key for one run: emotion-monitor --set detect.min_face=60\n"
    )
    if not advanced:
        head += "# All settings, advanced ones included: emotion-monitor config --all\n"
    return f"{head}\n{writer.to_yaml(Config(), advanced=advanced)}\n{PROFILES}"


def reference() -> str:
    """All settings as Markdown, for the documentation."""
    return writer.reference(Config, RENAMED)
