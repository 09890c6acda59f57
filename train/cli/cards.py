"""``emotion-train cards``: updates the texts of the model cards and writes them as one page."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from monitor.system.wholefile import replace_text
from train.tasks import TASKS

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("cards", help="update the texts of the model cards and write them as one page")
    parser.add_argument("--models", default="models", help="folder of the models")
    parser.add_argument("--out", default="docs/MODEL_CARD.md", help="the page")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.reports import card_page, cards
    from train.system import resources

    found = cards.models(Path(args.models))
    cards.refresh(found, TASKS.values())
    text = card_page.render(found, TASKS.values())
    with resources.writing(Path(args.out)):
        replace_text(Path(args.out), text)
    log.info("%s: %d cards", args.out, len(found))
    return EXIT_OK
