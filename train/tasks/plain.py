"""Defaults for tasks whose report and card list their figures without tables or charts."""

from __future__ import annotations

from typing import Any, TypeVar

from monitor.networks.card import ModelCard
from train.data.inputs import Data
from train.engine.task import Task

D = TypeVar("D", bound=Data)


class PlainTask(Task[D]):
    """A task without its own tables, charts or texts for figures."""

    def show(self, report: dict[str, Any]) -> None:
        """See ``Task``."""
        from train.reports import tables

        tables.print_any(report)

    def card_figures(self, card: ModelCard) -> list[str]:
        """See ``Task``."""
        from train.reports.markdown import all_figures

        return all_figures(card)
