"""Progress bars with the time left, on stderr, so that stdout stays free for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")


def bars(*more: TextColumn, counted: bool = True) -> Progress:
    """A progress display: what, bar, count, time left, then ``more``; silent where stderr is no terminal.

    Args:
        more: Further columns at the right.
        counted: Whether to show "n/total"; False for bytes, whose count means nothing to a reader.
    """
    console = Console(stderr=True)
    count = [MofNCompleteColumn()] if counted else []
    columns = (TextColumn("{task.description}"), BarColumn(), *count, TimeRemainingColumn(), *more)
    return Progress(*columns, console=console, disable=not console.is_terminal)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The same items, with a bar while they are consumed.

    Args:
        items: Anything iterable.
        what: Said left of the bar.
        total: Number of items; None = ask ``len``, or show no end.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    with bars() as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            yield item
            progress.advance(task)
