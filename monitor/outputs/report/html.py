"""The HTML elements of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from monitor.core.labels import UNKNOWN
from monitor.outputs.drawing.palette import hexes

Facts = Sequence[tuple[str, str]]


def section(title: str, *content: str) -> str:
    """A section with a heading; the content is HTML."""
    return f"<section><h2>{escape(title)}</h2>{''.join(content)}</section>"


def facts(entries: Facts) -> str:
    """Named values in a grid; names and values are text."""
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in entries)
    return f"<dl class='facts'>{cells}</dl>"


def table(heads: Sequence[str], rows: Iterable[str]) -> str:
    """A table; heads are text, rows are HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(rows)
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def row(*cells: str, kind: str = "") -> str:
    """A row; cells are HTML, the first one is a heading."""
    first, *others = cells
    inner = f"<th>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in others)
    return f"<tr class='{kind}'>{inner}</tr>" if kind else f"<tr>{inner}</tr>"


def share_bar(shares: dict[str, float]) -> str:
    """A stacked bar of shares of each label and of "unknown"."""
    inks = hexes(tuple(name for name in shares if name != UNKNOWN))
    parts = "".join(
        f"<i style='width:{share * 100:.2f}%;background:{inks[name]}' title='{escape(name)} {share:.1%}'></i>"
        for name, share in shares.items()
        if share > 0
    )
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share >= 0.01)
    return f"<span class='shares' role='img' aria-label='{words}'>{parts}</span>"


def legend(labels: Sequence[str]) -> str:
    """The color of each label, and of "unknown"."""
    inks = hexes(tuple(labels))
    parts = "".join(f"<span><i style='background:{ink}'></i>{escape(name)}</span>" for name, ink in inks.items())
    return f"<div class='legend'>{parts}</div>"


def dot(name: str, labels: Sequence[str]) -> str:
    """A label's color before its name; nothing for other names."""
    inks = hexes(tuple(labels))
    return f"<i class='dot' style='background:{inks[name]}'></i>" if name in inks else ""


def length(seconds: float) -> str:
    """Seconds as minutes and seconds, or hours."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
