"""The source named on the command line."""

from __future__ import annotations

import argparse
import os

from monitor.capture.names import shown


def wanted(args: argparse.Namespace) -> str | None:
    """The source the user named, as an argument or with --source; None = none.

    Ends with exit code 2 and one line when several are named, or a word was meant as a flag or setting.
    """
    named: list[str] = [*args.sources, *args.source]
    for word in named:
        if "://" in word or os.path.lexists(word):
            continue
        if f"--{word}" in args.parser.options():
            args.parser.error(f"{word} is not a source; did you mean --{word}?")
        key, equals, _ = word.partition("=")
        if equals and "." in key and "/" not in key:
            args.parser.error(f"{word} is not a source; did you mean --set {word}?")
    if len(named) > 1:
        args.parser.error(f"{shown(named[1])} is the second source; name one")
    return named[0] if named else None
