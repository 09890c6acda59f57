"""All model cards as one page, ``docs/MODEL_CARD.md``, generated only from the cards; a test compares both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.networks.card import ModelCard, load_card
from train.engine.task import Task
from train.reports.cards import named
from train.reports.markdown import all_figures, table
from train.reports.tables import group, number

TITLES = {
    "use": "Intended use", "not_for": "Not for", "limits": "Limits", "groups": "Groups of people", "law": "Law",
}  # fmt: skip
HEAD = """# Model cards

Made from the cards beside the models by `python -m train cards`. To change the texts, edit `train/tasks/*/card.py`; to
update the figures, run `python -m train evaluate --update-card`. The recipe of each network was chosen on its
*validation* data, so expect lower figures elsewhere. The JSON card beside a model also holds the whole recipe and
further figures."""
LONG = 60
"""Characters from which a text that an earlier card has is replaced by a reference to that card."""


def render(paths: Sequence[Path], tasks: Iterable[Task[Any]]) -> str:
    """All cards as one Markdown page.

    Args:
        paths: Models with a card beside each.
        tasks: The known tasks, for the tables of their figures.

    Raises:
        ModelError: A card is missing or damaged.
    """
    known, seen = list(tasks), dict[str, str]()
    cards = [(path, load_card(path, None)) for path in paths]
    return "\n\n".join([HEAD, *(_card(path, card, named(card, known), seen) for path, card in cards)]) + "\n"


def _card(path: Path, card: ModelCard, task: Task[Any] | None, seen: dict[str, str]) -> str:
    m = card.metrics
    size = m.get("size_bytes", path.stat().st_size)
    facts = [
        ("file", f"`{path.name}`, {number(size, 0)} bytes, sha256 `{card.sha256[:16]}…`"),
        ("input", task.card_input(card) if task is not None else f"{card.input_side}×{card.input_side}, int8"),
        ("outputs", f"{len(card.labels)}: {', '.join(card.labels)}"),
        ("cost", f"{m.get('mmac', '?')} million multiply-adds, {number(m.get('parameters'), 0)} parameters"),
        ("temperature", f"{card.temperature:g}"),
    ]
    words = [f"**{TITLES.get(key, key)}.** {text}" for key, text in _once(card.notes, card.name, seen).items()]
    data = [f"**{key.capitalize()}.** {text}" for key, text in _once(card.data, card.name, seen).items()]
    parts = [f"## {card.name}, version {card.version}", table(("", ""), facts), *words, "### Data and terms", *data]
    return "\n\n".join([*parts, "### Figures", *_figures(card, task), "### Training", _training(card)])


def _once(texts: Mapping[str, Any], name: str, seen: dict[str, str]) -> dict[str, str]:
    """Texts by key; one that another card has already is replaced by the name of that card."""
    return {
        key: str(text)
        if len(str(text)) < LONG or seen.setdefault(str(text), name) == name
        else f"As of *{seen[text]}*."
        for key, text in texts.items()
    }


def _figures(card: ModelCard, task: Task[Any] | None) -> list[str]:
    try:
        return task.card_figures(card) if task is not None else all_figures(card)
    except (KeyError, TypeError, ValueError, AttributeError):
        return all_figures(card)  # the card was written by hand


def _training(card: ModelCard) -> str:
    made = card.training
    network = group(group(made, "recipe"), "network")
    return (
        f"{made.get('epochs', '?')} epochs, {made.get('minutes', '?')} minutes on two cores; channels "
        f"{network.get('channels', '?')}, blocks {network.get('blocks', '?')}."
    )
