"""Reads typed settings from YAML and from ``--set a.b=c``.

The reader does not know what a setting means. It walks a YAML document along a tree of dataclasses and collects
*every* problem with its file, line and key, so that one run shows all mistakes of a file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import yaml

from monitor.core.errors import ConfigError
from monitor.settings.collector import CAMERAS, COMMAND_LINE, MAX_PROBLEMS, PROFILES, Collector, Problem, place
from monitor.settings.fields import checked
from monitor.settings.tree import MISSING, all_keys, hints, is_group, lookup, nearest
from monitor.settings.writer import as_dict, to_yaml
from monitor.settings.yamltext import compose, is_empty, read_text

__all__ = ["MAX_PROBLEMS", "Parsed", "Problem", "Profiles", "all_keys", "as_dict", "load", "read", "to_yaml"]

S = TypeVar("S")


class Profiles(NamedTuple):
    """The profile to apply, and settings of a camera.

    Attributes:
        name: Its settings override the file's; "" = none.
        built_in: Built-in profiles as a YAML mapping of names to settings. The file's group ``profiles`` adds to
            them, and changes profiles of the same name setting by setting.
        camera: Settings of one camera and the name of their file; they override file and profile.
    """

    name: str = ""
    built_in: str = ""
    camera: tuple[yaml.Node, str] | None = None


@dataclass(frozen=True, slots=True)
class Parsed(Generic[S]):
    """Settings that were read.

    Attributes:
        settings: An instance of the root dataclass; a setting with a problem has its default.
        problems: All mistakes found.
        places: Maps the key of each given setting to its place, such as "config.yaml:14".
        cameras: The group ``cameras`` of the file; None if there is none.
    """

    settings: S
    problems: list[Problem]
    places: dict[str, str]
    cameras: yaml.Node | None = None


def load(cls: type[S], path: Path | None, overrides: Sequence[str] = ()) -> S:
    """Reads settings of type ``cls``.

    Args:
        cls: The dataclass at the root of the tree.
        path: A YAML file, or None for the defaults alone.
        overrides: ``key.path=value`` texts, which override the file. Numbers and true/false are read as YAML, texts
            literally.

    Returns:
        An instance of ``cls``.

    Raises:
        ConfigError: One line for each problem found: unreadable file, unknown key, wrong type, out of range.
    """
    parsed = read(cls, path, overrides)
    if parsed.problems:
        raise ConfigError(*(str(p) for p in parsed.problems))
    return parsed.settings


def read(
    cls: type[S],
    path: Path | None,
    overrides: Sequence[str] = (),
    profiles: Profiles | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Parsed[S]:
    """Like ``load``, but returns the problems, for callers that add their own checks.

    Args:
        cls: The dataclass at the root of the tree.
        path: A YAML file, or None for the defaults alone.
        overrides: ``key.path=value`` texts, which override the file and the profile.
        profiles: The profile to apply; None = the file may hold neither profiles nor cameras.
        renamed: Maps old keys to the keys that replaced them; an old key is accepted with a warning.

    Raises:
        ConfigError: The file cannot be read or is not YAML.
    """
    found = Collector(cls, dict(renamed or {}), named=() if profiles is None else (CAMERAS, PROFILES))
    known: dict[str, list[tuple[yaml.Node, str]]] = {}
    if profiles is not None:
        found.add_profiles(compose(profiles.built_in, "built-in profiles"), "built-in profiles", known)
    cameras: list[yaml.Node] = []
    if path is not None:
        root = compose(read_text(path), path.name)
        if profiles is not None and isinstance(root, yaml.MappingNode):
            for node in _taken(root, PROFILES):
                found.add_profiles(node, path.name, known)
            cameras = _taken(root, CAMERAS)
            found.problems += [Problem(place(path.name, n), CAMERAS, "is given twice; keep one") for n in cameras[1:]]
        found.add(root, "", path.name)
    _apply_profiles(found, known, profiles.name if profiles is not None else "")
    if profiles is not None and profiles.camera is not None:
        found.add(profiles.camera[0], "", profiles.camera[1])
    for entry in overrides:
        _override(found, entry)
    places = {key: where for key, (_, where) in found.values.items()}
    return Parsed(
        _build(cls, "", found.values, found.problems), found.problems, places, cameras[0] if cameras else None
    )


def _taken(root: yaml.MappingNode, key: str) -> list[yaml.Node]:
    """Removes a group from the top of a document; returns its values (several if it is given more than once)."""
    own = [pair for pair in root.value if getattr(pair[0], "value", None) == key]
    root.value = [pair for pair in root.value if pair not in own]
    return [value for _, value in own]


def _apply_profiles(found: Collector, known: dict[str, list[tuple[yaml.Node, str]]], name: str) -> None:
    """Adds the settings of the profile ``name``; mistakes in the other profiles are reported as well."""
    for profile, parts in known.items():
        chosen = Collector(found.root, found.renamed, problems=found.problems, named=found.named)
        for node, file in parts:
            chosen.add(node, "", file)
        if profile == name:
            found.values |= chosen.values
        else:
            _build(found.root, "", chosen.values, found.problems)
    if name and name not in known:
        found.problems.append(Problem("--profile", name, f"is not a profile; there are {', '.join(known)}"))


def _override(found: Collector, entry: str) -> None:
    """Adds a ``key.path=value`` text."""
    key, equals, raw = entry.partition("=")
    key = key.strip()
    if not equals or not key:
        found.problems.append(Problem(f"{COMMAND_LINE} {entry}", "", "must look like key.path=value"))
        return
    key = found.current(key, COMMAND_LINE)
    if key.partition(".")[0] in (CAMERAS, PROFILES):
        found.problems.append(Problem(COMMAND_LINE, key, "belongs into a settings file; give it with --config"))
        return
    kind = lookup(found.root, key)
    if kind is MISSING:
        found.problems.append(Problem(COMMAND_LINE, key, f"is not a setting{nearest(found.root, key, found.named)}"))
    else:
        found.add(_override_node(raw, literal=kind is str), key, COMMAND_LINE)


def _override_node(raw: str, *, literal: bool) -> yaml.Node:
    """The value of an override. A text is taken literally, with blanks, # and colons; quotes around the whole text are
    removed."""
    text = yaml.ScalarNode("tag:yaml.org,2002:str", " ".join(raw.split("\n")).strip())
    try:
        node = compose(raw, COMMAND_LINE) or yaml.ScalarNode("tag:yaml.org,2002:str", "")
    except ConfigError:
        return text
    plain = not isinstance(node, yaml.ScalarNode) or (not node.style and not is_empty(node))
    return text if literal and plain and raw.strip() else node


def _build(cls: type[S], prefix: str, values: dict[str, tuple[Any, str]], problems: list[Problem]) -> S:
    arguments: dict[str, Any] = {}
    kinds = hints(cls)
    for f in dataclasses.fields(cls):  # type: ignore[arg-type]
        key, kind = prefix + f.name, kinds[f.name]
        if is_group(kind):
            arguments[f.name] = _build(kind, f"{key}.", values, problems)
        elif key in values:
            value, where = values[key]
            wrong, clean = checked(kind, f, value)
            if wrong:
                problems.append(Problem(where, key, wrong))
            else:
                arguments[f.name] = clean
    return cls(**arguments)
