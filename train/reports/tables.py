"""Prints figures as tables in the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.core.labels import EMOTIONS
from train.reports.predict import Reading

OWN_WIDTH = 8
"""Most letters of a user's own label in the head of a column."""


def print_any(report: dict[str, Any]) -> None:
    """All figures of a report, one a line."""
    rows = [[name, str(value)] for name, value in flat(report)]
    show(Console(markup=False), "", ["", ""], rows)


def flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested figures as pairs of dotted name and value."""
    out: list[tuple[str, Any]] = []
    for name, value in figures.items():
        out += flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(f"{before}{name}", value)]
    return out


def show(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table, its first column left-aligned; cells are not parsed as markup."""
    table = Table(box=None, padding=(0, 1), title=Text(title) if title else None, title_justify="left")
    for number_, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if number_ else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def group(mapping: Any, key: str) -> Mapping[str, Any]:
    """A group of a card's figures; empty if it is missing or is not a group (cards may be written by hand)."""
    found = mapping.get(key) if isinstance(mapping, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def number(value: Any, digits: int) -> str:
    """A figure with ``digits`` decimals, or a dash if it is not a finite number."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return f"{value:,.{digits}f}" if known else "-"


def short(label: str) -> str:
    """A label as the head of a narrow column: the first three letters of an expression, more of a user's own label."""
    return label[: 3 if label in EMOTIONS else OWN_WIDTH]


def print_readings(readings: Sequence[Reading]) -> None:
    """Prints the faces of ``predict``, one a line."""
    console = Console(markup=False)
    known = [r for r in readings if r.truth]
    heads = ["", "label", "%", *(["known"] if known else []), *(short(name) for name in readings[0].labels)]
    rows = []
    for r in readings:
        shares = [f"{100 * p:.0f}" for p in r.probs]
        rows.append([r.short, r.label, f"{100 * r.probs.max():.0f}", *([r.truth] if known else []), *shares])
    show(console, "", heads, rows)
    if known:
        right = sum(r.label == r.truth for r in known)
        console.print(f"{right} of N = {len(known)} agree with the known labels")
