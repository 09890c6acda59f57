"""``emotion-train report``: one HTML page about a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK, ConfigError
from train.cli.shared import SPLITS
from train.tasks import recipe_of_run


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("report", help="write one HTML page about a run, with its worst mistakes")
    parser.add_argument("--run", default="runs/quick", help="folder of the run")
    parser.add_argument("--model", help="the model exported from it (default models/<task's model>.tflite)")
    parser.add_argument("--data", help="default: the data set of the run")
    parser.add_argument("--split", default="validation", choices=SPLITS, help="part of the data set")
    parser.add_argument(
        "--candidates", nargs="+", default=[], metavar="FOLDER", help="folders with other exported models to compare"
    )
    parser.add_argument("--out", help="the page (default report.html in the run's folder)")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.data import inputs
    from train.reports import report

    run = Path(args.run)
    _, task = recipe_of_run(run)
    model = Path(args.model or f"models/{task.model}.tflite")
    folders = [Path(name) for name in args.candidates]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"--candidates: {folder} is not a folder")
    data = inputs.path_for(task.prepared, args.data, run)
    out = Path(args.out) if args.out else run / "report.html"
    report.write(report.Order(run, model, data, args.split, folders, out), task)
    return EXIT_OK
