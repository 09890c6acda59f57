"""``emotion-train prepare``: reads a data set once into one fast file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from train.engine.task import BACKGROUNDS, PROPOSALS, SEVERAL, Prepare
from train.tasks import TASKS, require_options


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("prepare", help="read a data set once into one fast file")
    parser.add_argument(
        "--data",
        required=True,
        action="append",
        help="fer2013.zip, fer2013.csv, a folder of class folders or a zip of SOURCE/CLASS/N.webp; several are joined",
    )
    parser.add_argument("--task", default="expression", choices=list(TASKS), help="what to train")
    parser.add_argument("--backgrounds", metavar="FOLDER", help="tasks keypoints, proposals: pictures without a face")
    parser.add_argument(
        "--proposals", metavar="MODEL", help="tasks keypoints, proposals: a proposal model whose errors are added"
    )
    places = ", ".join(dict.fromkeys(task.prepared for task in TASKS.values()))
    parser.add_argument("--out", help=f"the file to write (default, by task: {places}; joined sets: runs/mixed.npz)")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    task = TASKS[args.task]
    given = {BACKGROUNDS: args.backgrounds, PROPOSALS: args.proposals, SEVERAL: len(args.data) > 1}
    require_options(task, given)
    task.prepare(
        Prepare(
            tuple(Path(name) for name in args.data), Path(args.out) if args.out else None,
            *(Path(name) if name else None for name in (args.backgrounds, args.proposals)),
        )
    )  # fmt: skip
    return EXIT_OK
