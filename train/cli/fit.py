"""``emotion-train fit``: trains a recipe."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK, ConfigError
from train.tasks import TASKS, load_recipe

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("fit", help="train a recipe")
    parser.add_argument("--data", help="a file written by prepare, or a data set itself")
    parser.add_argument("--task", choices=list(TASKS), help="what to train, with its default recipe")
    parser.add_argument("--recipe", help="name of a recipe in train/recipes, or a .yaml file (default: the task's)")
    parser.add_argument("--out", help="folder of the run (default runs/<recipe>)")
    parser.add_argument("--resume", action="store_true", help="continue after a kill")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one recipe value")
    parser.add_argument("--tensorboard", action="store_true", help="also write event files for TensorBoard")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    import cv2

    from train.data import inputs
    from train.system import quiet

    quiet.load_tensorflow()
    from train.engine.fit import fit
    from train.engine.runs import require_claimable
    from train.system import resources

    cv2.setNumThreads(1)  # the other core trains
    resources.keep_memory()
    name = args.recipe or TASKS[args.task or "expression"].recipe
    recipe, task = load_recipe(name, args.set)
    if args.task and args.task != task.name:
        raise ConfigError(f"--task {args.task}: the recipe {name} trains {task.name}; leave --task out")
    run = Path(args.out or f"runs/{Path(name).stem}")
    require_claimable(run, recipe, resume=args.resume)  # before teachers run for minutes
    path = inputs.path_for(task.prepared, args.data, run)
    data = task.load(path)
    inputs.require_same(run, path, data)
    teachers = recipe.teacher_runs()
    inputs.require_same_teachers(run, teachers)
    fit(
        task.training(data, recipe), recipe, run, resume=args.resume, tensorboard=args.tensorboard,
        begun=lambda: inputs.keep(run, path, data, teachers=teachers, more=task.record(data)),
    )  # fmt: skip
    log.info("%s: done; next: emotion-train export --run %s", run, run)
    return EXIT_OK
