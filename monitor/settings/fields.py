"""Kinds of settings: their declaration in a dataclass, their valid values and their description."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Sequence
from typing import Any, TypeVar

S = TypeVar("S")
NAMES = tuple[str, ...]
"""Type of a setting with several names."""
LARGEST_INTEGER = 10**300
"""Larger integers do not fit into a float."""
MAX_TEXT = 4096
"""Most characters of a text setting."""


def number(default: float, low: float, high: float, help: str, unit: str = "", *, advanced: bool = False) -> Any:
    """A float setting within ``[low, high]``."""
    return _field(default, help, advanced, low=low, high=high, unit=unit)


def integer(default: int, low: int, high: int, help: str, unit: str = "", *, advanced: bool = False) -> Any:
    """An integer setting within ``[low, high]``."""
    return _field(default, help, advanced, low=low, high=high, unit=unit)


def choice(default: str, options: tuple[str, ...], help: str, *, advanced: bool = False) -> Any:
    """A setting with a fixed list of values."""
    return _field(default, help, advanced, options=options)


def flag(help: str, *, default: bool, advanced: bool = False) -> Any:
    """A true/false setting."""
    return _field(default, help, advanced)


def names(options: tuple[str, ...], help: str, *, advanced: bool = False) -> Any:
    """A setting with any number of names, none by default; written as a YAML list or separated by commas.

    ``not_among`` checks the names during cross-field validation, because a user's own model has other names.
    """
    return _field((), help, advanced, options=options)


def text(default: str, help: str, *, advanced: bool = False) -> Any:
    """A free text setting (names, paths) of at most ``MAX_TEXT`` characters."""
    return _field(default, help, advanced)


def section(cls: type[S]) -> S:
    """A nested group of settings."""
    return dataclasses.field(default_factory=cls)


def _field(default: object, help: str, advanced: object, **more: object) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "advanced": advanced, **more})


def is_advanced(f: dataclasses.Field[Any]) -> bool:
    """Whether the default file omits a setting; it is still accepted and listed in the reference."""
    return bool(f.metadata.get("advanced"))


def checked(kind: Any, f: dataclasses.Field[Any], value: Any) -> tuple[str, Any]:
    """Validates a value and converts it to the setting's type.

    Args:
        kind: The setting's type: bool, int, float, str or tuple[str, ...].
        f: The setting.
        value: The value as YAML reads it.

    Returns:
        The problem with the value ("" if it is valid), and the converted value.
    """
    shown = str(value)
    got = f"(got {shown if len(shown) <= 40 else shown[:37] + '...'})"
    if kind is bool:
        return ("", value) if isinstance(value, bool) else (f"must be true or false {got}", None)
    if kind in (int, float):
        return _checked_number(kind, f, value, got)
    if kind == NAMES:
        return _checked_names(f, value, got)
    return _checked_text(f, value, got)


def _checked_names(f: dataclasses.Field[Any], value: Any, got: str) -> tuple[str, Any]:
    given = value if isinstance(value, list) else str("" if value is None else value).split(",")
    chosen = tuple(dict.fromkeys(name for item in given if (name := str(item).strip())))
    if any(len(name) > MAX_TEXT or "\0" in name for name in chosen):
        return f"must be a list of {', '.join(f.metadata['options'])} {got}", None
    return "", chosen


def not_among(options: tuple[str, ...], chosen: Sequence[str]) -> str:
    """The problem with names that are not all in a list; "" if they are."""
    for name in chosen:
        if name not in options:
            close = difflib.get_close_matches(name, options, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            return f"must be a list of {', '.join(options)} (got {name[:40]}){hint}"
    return ""


def _checked_number(kind: type[int] | type[float], f: dataclasses.Field[Any], value: Any, got: str) -> tuple[str, Any]:
    low, high = f.metadata["low"], f.metadata["high"]
    bounds = f"{low:g} and {high:g} {got}"
    expected = f"must be a {'whole ' if kind is int else ''}number between {bounds}"
    if isinstance(value, str):  # YAML 1.1 reads 3e-3 as text
        try:
            value = float(value)
        except ValueError:
            return expected, None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > LARGEST_INTEGER:
        return expected, None
    if not math.isfinite(value) or (kind is int and value != int(value)):
        return expected, None
    if not low <= value <= high:
        return f"must be between {bounds}", None
    return "", kind(value)


def _checked_text(f: dataclasses.Field[Any], value: Any, got: str) -> tuple[str, Any]:
    if value is None:
        return 'must be text (got nothing; write "null" in quotes if you mean the word)', None
    if isinstance(value, (dict, list)):
        return f"must be text {got}", None
    clean = str(value).lower() if isinstance(value, bool) else str(value)
    options = f.metadata.get("options")
    if options and clean not in options:
        close = difflib.get_close_matches(clean, options, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"must be one of {', '.join(options)} {got}{hint}", None
    if len(clean) > MAX_TEXT or "\0" in clean:
        return f"must be text of at most {MAX_TEXT} characters without NUL", None
    return "", clean


def value_range(f: dataclasses.Field[Any]) -> str:
    """The valid values of a setting, in words: its options or its range; "" for texts and flags."""
    meta = f.metadata
    if "options" in meta:
        kind = "any of " if f.default == () else "one of "
        return kind + ", ".join(option or '""' for option in meta["options"])
    if "low" in meta:
        unit = f" {meta['unit']}" if meta.get("unit") else ""
        return f"{meta['low']:g} to {meta['high']:g}{unit}"
    return ""


def described(f: dataclasses.Field[Any]) -> str:
    """A setting's purpose and its valid values."""
    return "; ".join(part for part in (str(f.metadata.get("help", "")), value_range(f)) if part)
