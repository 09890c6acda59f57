"""``emotion-train export``: converts a run to an int8 model with its card."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from train.engine.task import Export
from train.tasks import recipe_of_run

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("export", help="convert a run to int8, check that it agrees, write model and card")
    parser.add_argument("--run", default="runs/quick", help="folder of the run")
    parser.add_argument("--data", help="default: the data set of the run")
    parser.add_argument("--out", help="the .tflite to write (default models/<task's model>.tflite)")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.data import inputs
    from train.system import quiet

    quiet.load_tensorflow()
    from train.engine import convert
    from train.engine.runs import history_of
    from train.engine.trainer import load_trained

    run = Path(args.run)
    recipe, task = recipe_of_run(run)
    out = Path(args.out or f"models/{task.model}.tflite")
    convert.require_place(out)
    path = inputs.path_for(task.prepared, args.data, run)
    data = task.load(path)
    inputs.require_same(run, path, data)
    model = load_trained(run, recipe, task.network())
    card = task.export(model, data, Export(recipe, out, history_of(run), run))
    log.info("%s and its card written, version %s", out, card.version)
    log.info("next: emotion-train evaluate --model %s --update-card; emotion-train cards", out)
    return EXIT_OK
