"""Kinds of settings: how a dataclass declares one, what its values may be, and how it is described."""

from __future__ import annotations

import dataclasses
import difflib
import math
from typing import Any, TypeVar

S = TypeVar("S")
MOST_WHOLE = 10**300
"""A whole number beyond it is none that a float can hold."""


def number(default: float, low: float, high: float, help: str, unit: str = "") -> Any:
    """A float setting within ``[low, high]``."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "help": help, "unit": unit})


def integer(default: int, low: int, high: int, help: str, unit: str = "") -> Any:
    """An integer setting within ``[low, high]``."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high, "help": help, "unit": unit})


def choice(default: str, options: tuple[str, ...], help: str) -> Any:
    """A setting that is one of a few words."""
    return dataclasses.field(default=default, metadata={"options": options, "help": help})


def flag(default: bool, help: str) -> Any:
    """A yes/no setting."""
    return dataclasses.field(default=default, metadata={"help": help})


def text(default: str, help: str) -> Any:
    """A free text setting (names, paths); at most 4096 characters."""
    return dataclasses.field(default=default, metadata={"help": help})


def section(cls: type[S]) -> S:
    """A nested group of settings."""
    return dataclasses.field(default_factory=cls)


def checked(kind: Any, f: dataclasses.Field[Any], value: Any) -> tuple[str, Any]:
    """What is wrong with a value for a setting, empty if nothing, and the value in the right type.

    Args:
        kind: The setting's type: bool, int, float or str.
        f: The setting.
        value: As YAML has it.
    """
    shown = str(value)
    got = f"(got {shown if len(shown) <= 40 else shown[:37] + '...'})"
    if kind is bool:
        return ("", value) if isinstance(value, bool) else (f"must be true or false {got}", None)
    if kind in (int, float):
        low, high = f.metadata["low"], f.metadata["high"]
        bounds = f"{low:g} and {high:g} {got}"
        expected = f"must be a {'whole ' if kind is int else ''}number between {bounds}"
        if isinstance(value, str):  # YAML 1.1 reads 3e-3 as text; people mean the number
            try:
                value = float(value)
            except ValueError:
                return expected, None
        if isinstance(value, int) and abs(value) > MOST_WHOLE:
            return expected, None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return expected, None
        if not math.isfinite(value) or (kind is int and value != int(value)):
            return expected, None
        if not low <= value <= high:
            return f"must be between {bounds}", None
        return "", kind(value)
    if value is None:
        return "must be text (got nothing; put null in quotes where it is meant)", None
    if isinstance(value, (dict, list)):
        return f"must be text {got}", None
    clean = str(value).lower() if isinstance(value, bool) else str(value)
    options = f.metadata.get("options")
    if options and clean not in options:
        close = difflib.get_close_matches(clean, options, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"must be one of {', '.join(options)} {got}{hint}", None
    if len(clean) > 4096 or "\0" in clean:
        return "must be text of at most 4096 characters without NUL", None
    return "", clean


def described(f: dataclasses.Field[Any]) -> str:
    """A setting in words: what it is for, and its range or words."""
    meta = f.metadata
    parts = [str(meta.get("help", ""))]
    if "options" in meta:
        parts.append("one of " + ", ".join(o or '""' for o in meta["options"]))
    elif "low" in meta:
        unit = f" {meta['unit']}" if meta.get("unit") else ""
        parts.append(f"{meta['low']:g} to {meta['high']:g}{unit}")
    return "; ".join(p for p in parts if p)
