"""The consoles. Log lines and live view share one on stderr, because only it can print above the live view."""

from __future__ import annotations

from functools import lru_cache

from rich.console import Console


@lru_cache(maxsize=1)
def terminal() -> Console:
    """The shared console on stderr."""
    return Console(stderr=True)


def wide_console() -> Console:
    """A console for tables on standard output, 120 columns wide in a pipe or file; see ``plain_console``."""
    console = plain_console()
    return console if console.is_terminal else plain_console(width=120)


def plain_console(width: int | None = None) -> Console:
    """A console on standard output that prints ``[b]`` and ``:key:`` literally: file names may contain them."""
    return Console(markup=False, emoji=False, width=width)
