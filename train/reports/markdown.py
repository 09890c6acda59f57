"""Figures as Markdown, for the page of model cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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


OMITTED = ("float", "size_bytes", "mmac", "parameters")
"""Metrics that the page does not repeat: those of the float network, and the cost, which is in the card's head."""
MOST = 8
"""A nested group with at least this many figures is shown as its range, such as accuracies by person."""


def all_figures(card: ModelCard) -> list[str]:
    """The figures of a card, one per line with its N."""
    shown = dict(flat({key: _ranged(value) for key, value in card.metrics.items() if key not in OMITTED}))
    counts = {key: shown.pop(key) for key in [f"{name}_n" for name in shown if f"{name}_n" in shown]}
    rows = [(name.removeprefix("validation."), value, counts.get(f"{name}_n", "")) for name, value in shown.items()]
    return [table(("validation", "", "N"), rows)]


def _ranged(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        key: f"{min(inner.values())} to {max(inner.values())}"
        if isinstance(inner, Mapping) and len(inner) >= MOST and all(isinstance(v, float) for v in inner.values())
        else inner
        for key, inner in value.items()
    }


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")
