"""Building blocks of the command line: a parser with one-line errors, and types of values."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from monitor.core.errors import EXIT_CONFIG


class Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one line that names the closest flag and how to get help."""

    def options(self) -> list[str]:
        """All flags, short and long."""
        return [option for action in self._actions for option in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(EXIT_CONFIG, f"error: {message} (see {self.prog} --help)\n")


class Once(argparse.Action):
    """A flag that may be given only once; argparse would silently keep the last of several values."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:  # fmt: skip
        """Stores the value, or ends with exit code 2."""
        given = namespace.__dict__.setdefault("_given", set())
        if self.dest in given:
            parser.error(f"{option_string} is given twice; keep one")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text})") from None
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"must be above 0 (got {text})")
    return value


def count(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number (got {text})") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1 (got {text})")
    return value
