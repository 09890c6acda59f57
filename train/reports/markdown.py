"""Figures as Markdown, for the page of model cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.networks.card import ModelCard
from train.reports.tables import flat


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; whole numbers get thousands separators."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in rows:
        lines.append(f"| {' | '.join(_cell(value) for value in row)} |")
    return "\n".join(lines)


def percent(share: float | None) -> str:
    """A share in percent, or a dash."""
    return "-" if share is None else f"{100 * share:.2f} %"


def all_figures(card: ModelCard) -> list[str]:
    """All figures of a card except those of the float network, one per line."""
    shown = {key: value for key, value in card.metrics.items() if key != "float"}
    return [table(("figure", ""), flat(shown))]


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")
