"""Progress bars with the time left, on stderr, because stdout may carry JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")


def bars(*more: TextColumn, counted: bool = True) -> Progress:
    """A progress display: description, bar, count, time left, then ``more``; disabled if stderr is not a terminal.

    Args:
        more: Further columns on the right.
        counted: Whether to show "n/total"; False for bytes.
    """
    console = Console(stderr=True)
    count = [MofNCompleteColumn()] if counted else []
    columns = (TextColumn("{task.description}"), BarColumn(), *count, TimeRemainingColumn(), *more)
    return Progress(*columns, console=console, disable=not console.is_terminal)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The same items, with a progress bar.

    Args:
        items: Anything iterable.
        what: Description on the left of the bar.
        total: Number of items; None = ``len(items)`` if there is one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with bars() as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            yield item
            progress.advance(task)
