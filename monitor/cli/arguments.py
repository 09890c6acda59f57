"""Building blocks of the command line: a parser with one-line errors, and types of values."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from monitor.core.errors import EXIT_CONFIG

PLAIN = (
    (r"the following arguments are required: (.+)", r"\1: missing"),
    (r"argument (\S+): expected .*argument.*", r"\1: needs a value"),
    (r"argument (\S+): invalid float value: '(.*)'", r"\1: must be a number (got \2)"),
    (r"argument (\S+): invalid int value: '(.*)'", r"\1: must be a whole number (got \2)"),
    (r"argument (\S+): invalid choice: '(.*)' \(choose from (.+)\)", r"\1: must be one of \3 (got \2)"),
    (r"argument (\S+): (.+)", r"\1: \2"),
)
"""Messages of argparse, and the same in the shape of the other errors: key, fault, value."""


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

    def unknown(self, argv: Sequence[str]) -> list[str]:
        """The flags in ``argv`` that this parser does not have; words after ``--`` are no flags."""
        end = list(argv).index("--") if "--" in argv else len(argv)
        known = self.options()
        flags = [word for word in argv[:end] if re.fullmatch(r"-[A-Za-z-]\S*", word)]
        short = tuple(option for option in known if not option.startswith("--"))
        return [flag for flag in flags if flag.split("=")[0] not in known and not flag.startswith(short)]

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        for pattern, plain in PLAIN:
            if match := re.fullmatch(pattern, message, re.DOTALL):
                message = match.expand(plain)
                break
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
    value = _number(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"must be above 0 (got {text})")
    return value


def not_negative(text: str) -> float:
    """A number of at least 0."""
    value = _number(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"must be 0 or more (got {text})")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text})") from None


def port(text: str) -> int:
    """A TCP port from 1 to 65535."""
    value = count(text)
    if value > 65535:
        raise argparse.ArgumentTypeError(f"must be a port from 1 to 65535 (got {text})")
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
