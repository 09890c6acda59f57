"""Looks keys up in a tree of nested dataclasses and suggests the nearest key."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing
from typing import Any

MISSING = object()
"""Type of a key that does not exist."""

_cached_hints: typing.Callable[[Any], dict[str, Any]] = functools.cache(typing.get_type_hints)


def hints(cls: Any) -> dict[str, Any]:
    """Names and types of the settings in a group."""
    return _cached_hints(cls)


def is_group(kind: Any) -> bool:
    """Whether a type is a group of settings."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def lookup(root: type, key: str) -> Any:
    """The type of the setting or group called ``key``, or ``MISSING``."""
    current: Any = root
    for part in key.split("."):
        current = hints(current).get(part, MISSING) if is_group(current) else MISSING
    return current


def all_keys(cls: type, prefix: str = "") -> list[str]:
    """Every dotted key below ``cls``, groups excluded."""
    keys: list[str] = []
    for name, kind in hints(cls).items():
        keys += all_keys(kind, f"{prefix}{name}.") if is_group(kind) else [prefix + name]
    return keys


def nearest(root: type, key: str, named: tuple[str, ...] = ()) -> str:
    """The end of an error line for an unknown key: the closest known key, else the names to choose from.

    Args:
        root: The dataclass at the root of the tree.
        key: The unknown dotted key.
        named: Further groups at the top of a settings file, which hold groups of settings by name.
    """
    if key in named:
        return "; it is a group of its own at the top of a settings file"
    keys = all_keys(root)
    groups = {k.rpartition(".")[0] for k in keys if "." in k}
    group, _, last = key.rpartition(".")
    if group in groups:
        close = [f"{group}.{name}" for name in difflib.get_close_matches(last, hints(lookup(root, group)), n=1)]
    else:
        close = difflib.get_close_matches(key, [*keys, *groups, *named], n=1, cutoff=0.6)
    if not close:
        tails = {k.rpartition(".")[2]: k for k in keys}
        close = [tails[t] for t in difflib.get_close_matches(last, list(tails), n=1, cutoff=0.7)]
    if not close and group in groups:
        return f"; {group} has {', '.join(hints(lookup(root, group)))}"
    return f"; did you mean {close[0]}?" if close else f"; the groups are {', '.join(sorted({*groups, *named}))}"
