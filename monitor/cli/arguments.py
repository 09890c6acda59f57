"""Building blocks of the command line: a parser with one-line errors, and types of values."""

from __future__ import annotations

import argparse
import difflib
from typing import Any, NoReturn

from monitor.core.errors import EXIT_CONFIG


class Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one line with the closest flag and the way to the help.

    Flags must be written out: an abbreviation would change its meaning when a flag is added.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **keywords})

    def options(self) -> list[str]:
        """All flags, short and long."""
        return [option for action in self._actions for option in action.option_strings]

    def suggestion(self, option: str) -> str:
        """The end of an error line for an unknown flag: a flag that begins with it or resembles it; "" if there is
        none."""
        known = self.options()
        begun = [name for name in known if len(option) > 2 and name.startswith(option)]
        near = begun[:1] or difflib.get_close_matches(option, known, n=1)
        return f"; did you mean {near[0]}?" if near else ""

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
