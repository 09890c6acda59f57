"""The one console on stderr: log lines must pass above the live view, which only its own console can do."""

from __future__ import annotations

from functools import lru_cache

from rich.console import Console


@lru_cache(maxsize=1)
def terminal() -> Console:
    """The shared console."""
    return Console(stderr=True)


def wide_console() -> Console:
    """A console for tables on standard output; a pipe or file is taken to be wide enough for them.

    Text is printed as it is: files, cameras and folders may be called anything, ``[b]`` and ``:key:`` included.
    """
    console = plain_console()
    return console if console.is_terminal else plain_console(width=120)


def plain_console(width: int | None = None) -> Console:
    """A console on standard output that takes no text for markup."""
    return Console(markup=False, emoji=False, width=width)
