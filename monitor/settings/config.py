"""Loads the configuration: a settings file, a profile and ``--set``, with defaults for the rest."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import NamedTuple

import yaml

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
from monitor.settings.schema import CAMERAS, PROFILES, RENAMED, Config
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
    found = parsed(chosen(path, default_file), overrides, profile)
    if found.problems:
        raise ConfigError(*found.problems)
    return found.config, found.origin


class Parsed(NamedTuple):
    """A configuration with its problems.

    Attributes:
        config: The configuration; a setting with a problem has its default.
        origin: Where it comes from.
        problems: One line for each problem.
        cameras: The group ``cameras`` of the file, which ``settings.cameras`` reads; None if there is none.
    """

    config: Config
    origin: str
    problems: list[str]
    cameras: yaml.Node | None


def chosen(path: str | None, default_file: Path | None) -> Path | None:
    """The settings file: ``path``, else ``default_file`` if it exists; None = the defaults."""
    return Path(path) if path else default_file if default_file and os.path.lexists(default_file) else None


def parsed(
    file: Path | None, overrides: list[str], profile: str, camera: tuple[yaml.Node, str] | None = None
) -> Parsed:
    """Reads the configuration without raising on its problems.

    Args:
        file: The settings file.
        overrides: See ``load``.
        profile: See ``load``.
        camera: Settings of one camera and the name of their file; they override file and profile.

    Raises:
        ConfigError: The file cannot be read or is not YAML.
    """
    built_in = textwrap.dedent(PROFILES.split("\n", 1)[1])
    found = read(Config, file, overrides, Profiles(profile, built_in, camera), RENAMED)

    def place(*keys: str) -> str:
        """The place where the last of several conflicting settings was given."""
        given = (found.places[key] for key in reversed(keys) if key in found.places)
        return next(given, file.name if file else "--set")

    problems = [*(str(problem) for problem in found.problems), *conflicts(found.settings, place)]
    return Parsed(found.settings, str(file) if file else "built-in defaults", problems, found.cameras)


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
    return f"{head}\n{writer.to_yaml(Config(), advanced=advanced)}\n{PROFILES}\n{CAMERAS}"


def reference() -> str:
    """All settings as Markdown, for the documentation."""
    return writer.reference(Config, RENAMED)
