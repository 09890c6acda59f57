"""The group ``cameras`` of a settings file: several sources, each with its own profile and settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import yaml

from monitor.core.errors import ConfigError
from monitor.settings import config as configuration
from monitor.settings.collector import CAMERAS, Collector, Problem, place
from monitor.settings.config import DEFAULT_FILE, Config
from monitor.settings.schema import RENAMED
from monitor.settings.tree import hints
from monitor.settings.yamltext import is_empty

MOST = 16
"""Most cameras of one process."""
KEYS = ("source", "profile", "settings")
"""Keys of a camera."""
LONGEST_DEVICE = 64
"""Most characters of ``mqtt.name``."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""A camera's name: it becomes part of folder names, MQTT topics and addresses of the web page."""
PROCESS_WIDE = (
    "web.", "service.", "display.max_", "output.dir", "output.max_mb", "output.keep_days", "output.min_free_mb",
    "detect.threads",
)  # fmt: skip
"""Prefixes of the keys that hold for the whole process, so that cameras cannot differ in them."""


class CameraConfig(NamedTuple):
    """One source of a run.

    Attributes:
        name: Its name in folders, topics and log lines; "" if it is the only source of an ordinary run.
        source: The source as the user named it; None = the first camera, else the demo.
        config: Its settings.
    """

    name: str
    source: str | None
    config: Config


class _Entry(NamedTuple):
    """A camera of the file before its settings are read."""

    name: str
    source: str
    profile: str
    settings: yaml.Node | None
    where: str


def load(
    path: str | None, overrides: list[str], profile: str = "", *, default_file: Path | None = DEFAULT_FILE
) -> tuple[Config, str, list[CameraConfig]]:
    """Reads the configuration with its cameras; see ``config.load``.

    A camera's settings are those of the file, overridden by its profile (else ``profile``), by its own settings, and by
    ``overrides``.

    Returns:
        The settings outside of ``cameras``, their origin, and the cameras; none if the file has no group ``cameras``.

    Raises:
        ConfigError: All problems found, one line each.
    """
    file = configuration.chosen(path, default_file)
    base = configuration.parsed(file, overrides, profile)
    problems = list(base.problems)
    entries = list(_entries(base.cameras, file.name if file else "", problems))
    cameras = []
    for entry in entries:
        layer = None if entry.settings is None else (entry.settings, file.name if file else "")
        problems += _process_wide(layer)
        own = configuration.parsed(file, overrides, entry.profile or profile, layer)
        problems += [line.replace("--profile:", f"{entry.where}: cameras.{entry.name}.profile", 1)
                     if entry.profile and line.startswith("--profile:") else line for line in own.problems]  # fmt: skip
        cameras.append(CameraConfig(entry.name, entry.source, own.config))
    if problems:
        raise ConfigError(*dict.fromkeys(problems))
    return base.config, base.origin, named(cameras, base.config)


def as_yaml(path: str | None, default_file: Path | None = DEFAULT_FILE) -> str:
    """The group ``cameras`` of a settings file as YAML; "" if it has none.

    Raises:
        ConfigError: The file cannot be read or is not YAML.
    """
    node = configuration.parsed(configuration.chosen(path, default_file), [], "").cameras
    if node is None or is_empty(node):
        return ""
    key = yaml.ScalarNode("tag:yaml.org,2002:str", CAMERAS)
    return str(yaml.serialize(yaml.MappingNode("tag:yaml.org,2002:map", [(key, node)]), allow_unicode=True))


def named(cameras: Sequence[CameraConfig], base: Config) -> list[CameraConfig]:
    """The cameras with distinct device names for MQTT and a common CPU limit.

    A camera without its own ``mqtt.name`` gets its name appended to that of ``base``. ``performance.max_cpu`` limits
    the process, so the limits are added up; if one camera has none, the process has none. Each source is decoded by one
    thread unless ``source.threads`` is set: several decoders keep the cores busy, and each thread takes memory.

    Raises:
        ConfigError: Two cameras have the same ``mqtt.name``, or one is too long.
    """
    limits = [camera.config.performance.max_cpu for camera in cameras]
    limit = sum(limits) if all(limits) else 0.0
    changed: dict[str, CameraConfig] = {}
    for camera in cameras:
        mqtt, performance, source = camera.config.mqtt, camera.config.performance, camera.config.source
        if mqtt.name == base.mqtt.name:
            mqtt = replace(mqtt, name=f"{mqtt.name}_{camera.name}")
        if mqtt.name in changed or len(mqtt.name) > LONGEST_DEVICE:
            why = "is taken by another camera" if mqtt.name in changed else f"is over {LONGEST_DEVICE} characters"
            raise ConfigError(f"cameras.{camera.name}: mqtt.name {mqtt.name[:80]} {why}; set it for this camera")
        config = replace(
            camera.config, mqtt=mqtt, performance=replace(performance, max_cpu=limit),
            source=replace(source, threads=source.threads or 1),
        )  # fmt: skip
        changed[mqtt.name] = camera._replace(config=config)
    return list(changed.values())


def _entries(node: yaml.Node | None, file: str, problems: list[str]) -> Iterator[_Entry]:
    """The cameras of a file; mistakes are added to ``problems``."""

    def wrong(at: yaml.Node, key: str, what: str) -> None:
        problems.append(str(Problem(place(file, at), key, what)))

    if node is None or is_empty(node):
        return
    if not isinstance(node, yaml.MappingNode):
        wrong(node, CAMERAS, "must be a group of named cameras (name: {source: …})")
        return
    if len(node.value) > MOST:
        wrong(node, CAMERAS, f"names {len(node.value)} cameras; one process takes at most {MOST}")
        return
    seen: set[str] = set()
    for name, value in node.value:
        key = f"{CAMERAS}.{name.value}"
        if not isinstance(name, yaml.ScalarNode) or not NAME.fullmatch(name.value):
            wrong(name, CAMERAS, "has a name that is not 1 to 32 letters, digits, - and _"
                                 f" (got {_shown(name)})")  # fmt: skip
        elif name.value in seen:
            wrong(name, key, "is given twice; keep one")
        elif not isinstance(value, yaml.MappingNode):
            wrong(name, key, "must be a group with the key source, such as {source: 0}")
        else:
            parts = _parts(value, key, file, problems)
            if "source" not in parts:
                wrong(name, key, "has no source; add one, such as source: 0")
            else:
                settings = value_of(value, "settings")
                settings = settings if isinstance(settings, yaml.MappingNode) else None
                yield _Entry(name.value, parts["source"], parts.get("profile", ""), settings, place(file, name))
        if isinstance(name, yaml.ScalarNode):
            seen.add(name.value)


def _shown(name: yaml.Node) -> str:
    """A camera's name in an error line; keys that are no plain words have no short form."""
    return str(name.value)[:40] if isinstance(name, yaml.ScalarNode) else "a list or group"


def value_of(group: yaml.MappingNode, key: str) -> yaml.Node | None:
    """The node of a key in a group, None if it is missing."""
    return next((value for name, value in group.value if name.value == key), None)


def _parts(group: yaml.MappingNode, key: str, file: str, problems: list[str]) -> dict[str, str]:
    """The texts of a camera by their key; mistakes are added to ``problems``."""
    parts: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in group.value:
        word, full = str(name.value), f"{key}.{name.value}"
        if word in seen:
            problems.append(str(Problem(place(file, name), full, "is given twice; keep one")))
        elif word not in KEYS:
            problems.append(str(Problem(place(file, name), full, f"is not a key of a camera{_nearest(word)}")))
        elif word != "settings" and (not isinstance(value, yaml.ScalarNode) or is_empty(value) or not value.value):
            example = "such as source: 0" if word == "source" else "such as profile: driver"
            problems.append(str(Problem(place(file, name), full, f"must be a single value, {example}")))
            parts.setdefault(word, "")
        elif word == "settings" and not isinstance(value, yaml.MappingNode) and not is_empty(value):
            problems.append(str(Problem(place(file, value), full, "must be a group of settings (key: value lines)")))
        elif word != "settings":
            parts[word] = str(value.value)
        seen.add(word)
    return parts


def _nearest(word: str) -> str:
    if word in hints(Config):
        return f"; write it below settings: {{{word}: …}}"
    close = difflib.get_close_matches(word, KEYS, n=1)
    return f"; did you mean {close[0]}?" if close else f"; the keys are {', '.join(KEYS)}"


def _process_wide(layer: tuple[yaml.Node, str] | None) -> Iterator[str]:
    """Settings of a camera that hold for the whole process."""
    if layer is None:
        return
    found = Collector(Config, dict(RENAMED))
    found.add(layer[0], "", layer[1])
    for key, (_, where) in found.values.items():
        if key.startswith(PROCESS_WIDE):
            yield str(Problem(where, key, "holds for the whole process; set it outside of cameras"))
