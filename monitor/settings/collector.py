"""Collects settings from YAML nodes, with the place of each value and every problem found."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from monitor.settings.fields import NAMES
from monitor.settings.tree import MISSING, is_group, lookup, nearest
from monitor.settings.yamltext import is_empty

log = logging.getLogger("monitor")

MAX_PROBLEMS = 50
"""Most problems collected: users do not fix more at once, and each problem costs a search for the nearest key."""
PROFILES = "profiles"
"""Key of the group of profiles in a settings file."""
CAMERAS = "cameras"
"""Key of the group of cameras in a settings file; see ``settings.cameras``."""
COMMAND_LINE = "--set"


class Problem(NamedTuple):
    """One mistake in a setting and its place."""

    where: str
    key: str
    what: str

    def __str__(self) -> str:
        key = f"{_printable(self.key)} " if self.key else ""
        return f"{self.where}: {key}{_printable(self.what, 300)}"


def _printable(text: str, most: int = 80) -> str:
    """Text from a file, shortened and without control characters, for use within one line."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(c if c.isprintable() else "?" for c in short)


@dataclass(slots=True)
class Collector:
    """Turns YAML nodes into ``{dotted key: (value, place)}`` and collects the problems."""

    root: type
    renamed: dict[str, str]
    values: dict[str, tuple[Any, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    named: tuple[str, ...] = ()

    def add(self, node: yaml.Node | None, key: str, file: str) -> None:
        """Adds the value or group of settings called ``key``; "" is the whole tree."""
        if node is None:
            return
        kind = lookup(self.root, key) if key else self.root
        where = place(file, node)
        if is_group(kind):
            if isinstance(node, yaml.MappingNode):
                self._add_group(node, key, file)
            elif not is_empty(node):
                self.problems.append(Problem(where, key, "must be a group of settings (key: value lines)"))
        elif isinstance(node, yaml.ScalarNode):
            # Texts are taken literally: YAML 1.1 would read 0123 as 83, 12:30 as 750 and on as true.
            literal = kind is str and not is_empty(node)
            self.values[key] = (str(node.value) if literal else _scalar(node), where)
        elif kind == NAMES and isinstance(node, yaml.SequenceNode):
            self.values[key] = ([str(getattr(item, "value", item)) for item in node.value], where)
        else:
            self.problems.append(Problem(where, key, "must be a single value"))

    def _add_group(self, node: yaml.MappingNode, key: str, file: str) -> None:
        seen: set[str] = set()
        for name, value in node.value:
            if len(self.problems) >= MAX_PROBLEMS:
                return
            where = place(file, name)
            if not isinstance(name, yaml.ScalarNode):
                self.problems.append(Problem(where, key, "has a key that is not a plain word"))
                continue
            full = self.current(f"{key}.{name.value}" if key else str(name.value), where)
            if full in seen:
                self.problems.append(Problem(where, full, "is given twice; keep one"))
            elif lookup(self.root, full) is MISSING:
                self.problems.append(Problem(where, full, f"is not a setting{nearest(self.root, full, self.named)}"))
            else:
                self.add(value, full, file)
            seen.add(full)

    def current(self, key: str, where: str) -> str:
        """The current name of a key; an old name is accepted with a warning."""
        new = self.renamed.get(key, key)
        if new != key:
            log.warning("%s: %s is now %s; rename it, the next version will refuse the old name", where, key, new)
        return new

    def add_profiles(self, node: yaml.Node | None, file: str, known: dict[str, list[tuple[yaml.Node, str]]]) -> None:
        """Adds the profiles of a mapping of names to settings to ``known``."""
        if node is None or is_empty(node):
            return
        if not isinstance(node, yaml.MappingNode):
            self.problems.append(Problem(place(file, node), PROFILES, "must be a group of named groups"))
            return
        seen: set[str] = set()
        for key, value in node.value:
            where = place(file, key)
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(Problem(where, PROFILES, "has a name that is not a plain word"))
            elif key.value in seen:
                self.problems.append(Problem(where, f"{PROFILES}.{key.value}", "is given twice; keep one"))
            else:
                seen.add(str(key.value))
                known.setdefault(str(key.value), []).append((value, file))


def place(file: str, node: yaml.Node) -> str:
    """The file and line of a node, such as "config.yaml:14"."""
    return f"{file}:{node.start_mark.line + 1}" if node.start_mark and file != COMMAND_LINE else file


def _scalar(node: yaml.ScalarNode) -> Any:
    if ":" in node.value and node.tag.endswith((":int", ":float")):
        return str(node.value)  # YAML 1.1 reads 1:30 as 90
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return str(node.value)
