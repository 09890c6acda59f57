"""Settings as dictionaries, as commented YAML and as a reference in Markdown."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import yaml

from monitor.settings.fields import described, is_advanced, value_range


def as_dict(settings: Any) -> dict[str, Any]:
    """The settings as plain nested dictionaries, ready for JSON."""
    return dataclasses.asdict(settings)


def to_yaml(settings: Any, indent: int = 0, *, advanced: bool = True) -> str:
    """The settings as a commented YAML document that ``reader.load`` reads back to the same values.

    Args:
        settings: An instance of a settings dataclass.
        indent: Depth of the group.
        advanced: Include advanced settings that have their default value; all others are always included.
    """
    lines: list[str] = []
    pad = "  " * indent
    for f in dataclasses.fields(settings):
        value = getattr(settings, f.name)
        if dataclasses.is_dataclass(value):
            group = to_yaml(value, indent + 1, advanced=advanced).rstrip("\n")
            if group:
                lines += [*([""] if indent == 0 and lines else []), f"{pad}{f.name}:", group]
        elif advanced or not is_advanced(f) or value != f.default:
            lines.append(f"{pad}{f.name}: {_yaml_value(value)}".ljust(34) + f"  # {described(f)}")
    return "\n".join(lines) + "\n" if lines else ""


def _yaml_value(value: object) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0].strip())


def reference(cls: type, renamed: dict[str, str]) -> str:
    """All settings as Markdown: one table per group; advanced settings are marked.

    Args:
        cls: The dataclass at the root of the tree.
        renamed: Old keys and the keys that replaced them.
    """
    parts = []
    defaults = cls()
    for group in dataclasses.fields(cls):
        settings = getattr(defaults, group.name)
        parts += [f"## {group.name}", "", (inspect.getdoc(type(settings)) or "").partition("\n")[0], ""]
        parts += ["| setting | default | values | meaning |", "| --- | --- | --- | --- |"]
        for f in dataclasses.fields(settings):
            mark = " *(advanced)*" if is_advanced(f) else ""
            values = value_range(f).removeprefix("one of ") or (
                "true, false" if isinstance(f.default, bool) else "text"
            )
            cells = (f"`{group.name}.{f.name}`{mark}", f"`{_yaml_value(f.default)}`", values, str(f.metadata["help"]))
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("")
    if renamed:
        parts += ["## Renamed settings", "", "| old | new |", "| --- | --- |"]
        parts += [f"| `{old}` | `{new}` |" for old, new in renamed.items()]
        parts.append("")
    return "\n".join(parts)
