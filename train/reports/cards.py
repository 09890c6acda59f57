"""Updates the texts of model cards."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.core.errors import ConfigError
from monitor.networks.card import ModelCard, card_path, load_card
from train.engine.task import Task
from train.system import resources

log = logging.getLogger("train")

LAW = (
    "EU AI Act (Regulation 2024/1689): Art. 5(1)(f) prohibits inferring emotions at work and in education except for "
    "medical or safety reasons. Elsewhere emotion recognition is listed as high-risk (Annex III, 1(c)), and Art. 50(3) "
    "requires its deployer to inform the people exposed to it. This is not legal advice."
)
NO_EMOTION = (
    "By itself it infers no emotion. If it is used together with the expression network, that network's card applies."
)


def models(folder: Path) -> list[Path]:
    """The .tflite files of a folder.

    Raises:
        ConfigError: There is none.
    """
    found = sorted(folder.glob("*.tflite"))
    if not found:
        raise ConfigError(f"{folder}: holds no .tflite file")
    return found


def named(card: ModelCard, tasks: Iterable[Task[Any]]) -> Task[Any] | None:
    """The task that makes cards of this name; None if no task does."""
    return next((task for task in tasks if task.model == card.name), None)


def refresh(paths: Iterable[Path], tasks: Iterable[Task[Any]]) -> None:
    """Replaces the texts of cards by the current ones of their tasks; figures, version and sha256 are kept.

    Raises:
        ModelError: A card is missing or damaged.
    """
    known = list(tasks)
    for path in paths:
        card = load_card(path, None)
        task = named(card, known)
        notes = task.notes(card) if task is not None else None
        if notes is not None and card.notes != notes:
            with resources.writing(card_path(path)):
                replace(card, notes=dict(notes)).save(card_path(path))
            log.info("%s: texts updated", card_path(path))
