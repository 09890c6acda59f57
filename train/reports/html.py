"""Building blocks of HTML reports; a page needs neither other files nor a network."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import cv2

from monitor.core.types import Image
from train.reports.tables import flat

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px; padding: 0 1rem; color: #1c2330 }
h1 { font-size: 1.6rem } h2 { margin-top: 2.2rem; border-bottom: 1px solid #d5dae2 } p.note { color: #5a6472 }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #e4e8ee; text-align: right } th:first-child, td:first-child {
text-align: left } tr.marked { background: #fff4e0 } pre { background: #f4f6f9; padding: .8rem; overflow-x: auto }
img.chart { max-width: 100%; vertical-align: top } .wall { display: flex; flex-wrap: wrap; gap: 10px }
.wall figure { margin: 0; width: var(--side); font-size: 12px; line-height: 1.25 } .wall img { width: var(--side);
image-rendering: pixelated; display: block } .warn { background: #fdecea; padding: .6rem .9rem }
"""


def page(title: str, parts: Sequence[str]) -> str:
    """A complete page."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def heading(text: str) -> str:
    """A section's title."""
    return f"<h2>{escape(text)}</h2>"


def note(text: str, *, warn: bool = False) -> str:
    """A paragraph in gray, or with ``warn`` on red."""
    return f'<p class="{"warn" if warn else "note"}">{escape(text)}</p>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], marked: int = -1) -> str:
    """A table, with row number ``marked`` highlighted."""
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join(
        f"<tr{' class=marked' if n == marked else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        for n, row in enumerate(rows)
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def chart(uri: str, what: str) -> str:
    """A picture given as a ``data:`` address."""
    return f'<img class="chart" src="{uri}" alt="{escape(what)}">'


def wall(pictures: Sequence[tuple[Image, str]], side: int) -> str:
    """Pictures ``side`` CSS pixels wide in rows, with lines of text below each."""
    cells = [
        f'<figure><img src="{_png(image)}" alt="">{"<br>".join(escape(line) for line in text.splitlines())}</figure>'
        for image, text in pictures
    ]
    return f'<div class="wall" style="--side: {side}px">{"".join(cells)}</div>'


def folded(summary: str, text: str) -> str:
    """Text that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(text)}</pre></details>"


def listed(figures: Mapping[str, Any]) -> str:
    """Nested figures as a table."""
    return table(("", ""), [[name, str(value)] for name, value in flat(figures)])


def _png(image: Image) -> str:
    return "data:image/png;base64," + base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
