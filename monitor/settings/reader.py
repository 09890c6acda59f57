"""Typed settings: dataclasses with ranges, read from YAML, changed by ``--set a.b=c``.

The loader knows nothing of what the settings mean. It walks a YAML document along a tree of
dataclasses and collects *every* problem with its file, line and key, so that a user mends a
configuration in one go instead of one run per mistake.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from monitor.core.errors import ConfigError
from monitor.settings.fields import checked, described
from monitor.settings.yamltext import compose, read_text

MOST_PROBLEMS = 50
"""More are not looked for: nobody mends so many at a time, and each costs a search for the nearest key."""

S = TypeVar("S")
_MISSING = object()
PROFILES = "profiles"
"""Key of the group of profiles in a settings file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a setting, and where."""

    where: str
    key: str
    what: str

    def __str__(self) -> str:
        key = f"{_printable(self.key)} " if self.key else ""
        return f"{self.where}: {key}{_printable(self.what, 300)}"


def _printable(text: str, most: int = 80) -> str:
    """Text from a file as part of one line of a terminal."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(c if c.isprintable() else "?" for c in short)


def load(cls: type[S], path: Path | None, overrides: typing.Sequence[str] = ()) -> S:
    """Reads settings of type ``cls``.

    Args:
        cls: The dataclass at the root of the tree.
        path: A YAML file, or None for the defaults alone.
        overrides: ``key.path=value`` texts that win over the file; a number or yes/no is read as YAML, a text is what
            was typed.

    Returns:
        An instance of ``cls``.

    Raises:
        ConfigError: One line for each problem found: unreadable file, unknown key, wrong type, out of range.
    """
    settings, problems = read(cls, path, overrides)
    if problems:
        raise ConfigError(*(str(p) for p in problems))
    return settings


def read(
    cls: type[S],
    path: Path | None,
    overrides: typing.Sequence[str] = (),
    profile: str = "",
    profiles: str = "",
    places: dict[str, str] | None = None,
) -> tuple[S, list[Problem]]:
    """Like ``load``, but returns the problems, for callers that have rules of their own to add.

    A setting with a problem has its default.

    Args:
        cls: The dataclass at the root of the tree.
        path: A YAML file, or None for the defaults alone.
        overrides: ``key.path=value`` texts that win over everything.
        profile: Name of a profile whose settings win over the file's own; empty = none.
        profiles: Built-in profiles as a YAML mapping of names to settings; the file's group ``profiles``
            adds to them, and to those of the same name setting by setting.
        places: Filled with where each setting that is not at its default was given, such as "config.yaml:14".

    Raises:
        ConfigError: The file cannot be read or is not YAML.
    """
    problems: list[Problem] = []
    values: dict[str, tuple[Any, str]] = {}
    told = _profiles(compose(profiles, "built-in profiles"), "built-in profiles", problems) if profiles else {}
    known = {name: [given] for name, given in told.items()}
    if path is not None:
        root = compose(read_text(path), path.name)
        if profiles and isinstance(root, yaml.MappingNode):
            own = [pair for pair in root.value if getattr(pair[0], "value", None) == PROFILES]
            root.value = [pair for pair in root.value if pair not in own]
            for _, node in own:
                for name, given in _profiles(node, path.name, problems).items():
                    known.setdefault(name, []).append(given)
        _flatten(root, "", path.name, values, problems, cls)
    for name, parts in known.items():
        chosen: dict[str, tuple[Any, str]] = {}
        for node, file in parts:
            _flatten(node, "", file, chosen, problems, cls)
        if name == profile:
            values |= chosen
        else:
            _build(cls, "", chosen, problems)  # a mistake in a profile is told before the day it is needed
    if profile and profile not in known:
        problems.append(Problem("--profile", profile, f"is not a profile; there are {', '.join(known)}"))
    for entry in overrides:
        key, equals, raw = entry.partition("=")
        key = key.strip()
        if not equals or not key:
            problems.append(Problem(f"--set {entry}", "", "must look like key.path=value"))
            continue
        if _lookup(cls, key) is _MISSING:
            problems.append(Problem("--set", key, f"is not a setting{_nearest(cls, key)}"))
            continue
        _flatten(_given(raw, _lookup(cls, key) is str), key, "--set", values, problems, cls)
    if places is not None:
        places |= {key: where for key, (_, where) in values.items()}
    return _build(cls, "", values, problems), problems


def _given(raw: str, is_text: bool) -> yaml.Node:
    """The value of an override. A text is what was typed, its blanks, # and colons too, but for quotes around all."""
    literal = yaml.ScalarNode("tag:yaml.org,2002:str", " ".join(raw.split("\n")).strip())
    try:
        node = compose(raw, "--set") or yaml.ScalarNode("tag:yaml.org,2002:str", "")
    except ConfigError:
        return literal
    plain = not isinstance(node, yaml.ScalarNode) or (not node.style and not node.tag.endswith(":null"))
    return literal if is_text and plain and raw.strip() else node


def _profiles(node: yaml.Node | None, file: str, problems: list[Problem]) -> dict[str, tuple[yaml.Node, str]]:
    """The settings of each profile of a mapping, and where they were read."""
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
        return {}
    if not isinstance(node, yaml.MappingNode):
        problems.append(Problem(f"{file}:{node.start_mark.line + 1}", PROFILES, "must be a group of named groups"))
        return {}
    found: dict[str, tuple[yaml.Node, str]] = {}
    for key, value in node.value:
        line = f"{file}:{key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(line, PROFILES, "has a name that is not a plain word"))
        elif key.value in found:
            problems.append(Problem(line, f"{PROFILES}.{key.value}", "is given twice; keep one"))
        else:
            found[str(key.value)] = (value, file)
    return found


def as_dict(settings: Any) -> dict[str, Any]:
    """The settings as plain nested dictionaries, ready for JSON."""
    return dataclasses.asdict(settings)


def to_yaml(settings: Any, indent: int = 0) -> str:
    """The settings as a commented YAML document that ``load`` reads back to the same values."""
    lines: list[str] = []
    pad = "  " * indent
    for f in dataclasses.fields(settings):
        value = getattr(settings, f.name)
        if dataclasses.is_dataclass(value):
            if indent == 0 and lines:
                lines.append("")
            lines += [f"{pad}{f.name}:", to_yaml(value, indent + 1).rstrip("\n")]
            continue
        shown = yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0].strip()
        lines.append(f"{pad}{f.name}: {shown}".ljust(34) + f"  # {described(f)}")
    return "\n".join(lines) + "\n"


def _flatten(
    node: yaml.Node | None,
    key: str,
    file: str,
    values: dict[str, tuple[Any, str]],
    problems: list[Problem],
    root: type,
) -> None:
    """Turns nodes into ``{dotted key: (value, where)}`` and reports unknown and repeated keys."""
    if node is None:
        return
    where = f"{file}:{node.start_mark.line + 1}" if node.start_mark and file != "--set" else file
    target = _lookup(root, key) if key else root
    is_section = isinstance(target, type) and dataclasses.is_dataclass(target)
    if is_section and isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name_node, value_node in node.value:
            if len(problems) >= MOST_PROBLEMS:
                return
            line = f"{file}:{name_node.start_mark.line + 1}" if file != "--set" else file
            if not isinstance(name_node, yaml.ScalarNode):
                problems.append(Problem(line, key, "has a key that is not a plain word"))
                continue
            full = f"{key}.{name_node.value}" if key else str(name_node.value)
            if full in seen:
                problems.append(Problem(line, full, "is given twice; keep one"))
            elif _lookup(root, full) is _MISSING:
                problems.append(Problem(line, full, f"is not a setting{_nearest(root, full)}"))
            else:
                _flatten(value_node, full, file, values, problems, root)
            seen.add(full)
    elif is_section:
        empty = isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
        if not empty:
            problems.append(Problem(where, key, "must be a group of settings (key: value lines)"))
    elif isinstance(node, yaml.ScalarNode):
        # A text is what was typed: YAML 1.1 would make 83 of 0123, 750 of 12:30 and true of on.
        typed = target is str and not node.tag.endswith(":null")
        values[key] = (str(node.value) if typed else _scalar(node), where)
    else:
        problems.append(Problem(where, key, "must be a single value"))


def _scalar(node: yaml.ScalarNode) -> Any:
    if ":" in node.value and node.tag.endswith((":int", ":float")):
        return str(node.value)  # YAML 1.1 counts by sixties: 1:30 would be 90
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return str(node.value)


_cached_hints: typing.Callable[[Any], dict[str, Any]] = functools.cache(typing.get_type_hints)


def _hints(cls: Any) -> dict[str, Any]:
    return _cached_hints(cls)


def _lookup(root: type, key: str) -> Any:
    """The type of the setting called ``key``, or _MISSING."""
    current: Any = root
    for part in key.split("."):
        if not (isinstance(current, type) and dataclasses.is_dataclass(current)):
            return _MISSING
        current = _hints(current).get(part, _MISSING)
        if current is _MISSING:
            return _MISSING
    return current


def all_keys(cls: type, prefix: str = "") -> list[str]:
    """Every dotted key below ``cls``, groups excluded."""
    keys: list[str] = []
    for name, kind in _hints(cls).items():
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            keys += all_keys(kind, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys


def _nearest(root: type, key: str) -> str:
    keys = all_keys(root)
    groups = {k.rpartition(".")[0] for k in keys if "." in k}
    close = difflib.get_close_matches(key, [*keys, *groups], n=1, cutoff=0.6)
    if not close:
        last = key.rpartition(".")[2]
        tails = {k.rpartition(".")[2]: k for k in keys}
        close = [tails[t] for t in difflib.get_close_matches(last, list(tails), n=1, cutoff=0.7)]
    return f"; did you mean {close[0]}?" if close else f"; the groups are {', '.join(sorted(groups))}"


def _build(cls: type[S], prefix: str, values: dict[str, tuple[Any, str]], problems: list[Problem]) -> S:
    arguments: dict[str, Any] = {}
    hints = _hints(cls)
    for f in dataclasses.fields(cls):  # type: ignore[arg-type]
        key, kind = prefix + f.name, hints[f.name]
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            arguments[f.name] = _build(kind, f"{key}.", values, problems)
        elif key in values:
            value, where = values[key]
            wrong, clean = checked(kind, f, value)
            if wrong:
                problems.append(Problem(where, key, wrong))
            else:
                arguments[f.name] = clean
    return cls(**arguments)
