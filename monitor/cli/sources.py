"""The source named on the command line."""

from __future__ import annotations

import argparse
import os

from monitor.capture.kinds import PHOTOGRAPHS, kind_of
from monitor.capture.names import joined, shown


def wanted(args: argparse.Namespace) -> str | None:
    """The single source that the user named, as an argument or with --source; None = none.

    Ends with exit code 2 and one line when several are named, or a word was meant as a flag or setting.
    """
    named = _named(args)
    if len(named) > 1:
        args.parser.error(f"{shown(named[1])} is the second source; name one")
    return named[0] if named else None


def wanted_pictures(args: argparse.Namespace) -> str | None:
    """Like ``wanted``, but several photographs and folders of them are one source.

    Raises:
        SourceError: One of several does not exist.
    """
    named = _named(args)
    if len(named) <= 1 or any("://" in name and not name.lower().startswith("file://") for name in named):
        return wanted(args)
    if any(kind_of(name) not in PHOTOGRAPHS for name in named):
        return wanted(args)
    return joined(named)


def _named(args: argparse.Namespace) -> list[str]:
    named: list[str] = [*args.sources, *args.source]
    for word in named:
        if "://" in word or os.path.lexists(word):
            continue
        if f"--{word}" in args.parser.options():
            args.parser.error(f"{word} is not a source; did you mean --{word}?")
        key, equals, _ = word.partition("=")
        if equals and "." in key and "/" not in key:
            args.parser.error(f"{word} is not a source; did you mean --set {word}?")
    return named
