"""``emotion-train recover``: makes a run from an exported model whose checkpoint is lost."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from train.cli.shared import SHIPPED, model_path
from train.tasks import TASKS

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("recover", help="make a run from an exported model whose checkpoint is lost")
    parser.add_argument("--model", default=SHIPPED, help="the model; its card holds the recipe")
    parser.add_argument("--data", help="default: where prepare writes the task's data set")
    parser.add_argument("--out", required=True, help="folder of the run, such as runs/pupil5")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.system import quiet

    quiet.load_tensorflow()
    from train.engine import recover

    model, run = model_path(args.model), Path(args.out)
    recover.recover(model, Path(args.data) if args.data else None, run, TASKS)
    log.info("%s: holds the weights of %s; use it as init or as a teacher of a recipe", run, model)
    return EXIT_OK
