"""``emotion-train evaluate``: measures an exported model through the app's int8 path."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from monitor.networks.emotion import BALANCED
from train.cli.shared import SHIPPED, SPLITS, model_path
from train.engine.task import PRIOR, SEVERAL, Evaluate
from train.tasks import require_options, task_of_card


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("evaluate", help="measure a .tflite with a card through the app's int8 path")
    parser.add_argument("--model", default=SHIPPED, help=f"the model (default {SHIPPED})")
    parser.add_argument(
        "--data", action="append",
        help="default: where prepare writes the task's data set; an expression model takes several",
    )  # fmt: skip
    parser.add_argument("--prior", default=BALANCED, help="one of the priors on an expression model's card")
    parser.add_argument("--split", default="validation", choices=SPLITS, help="part of the data set")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--out", help="folder of pictures and report.json (default runs/evaluate/<model>-<version>)")
    parser.add_argument(
        "--undisturbed", action="store_true", help="skip disturbed crops and shifted boxes, which take most of the time"
    )
    parser.add_argument("--update-card", action="store_true", help="write the figures into the model's card")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from monitor.networks.card import load_card
    from train.data import inputs
    from train.reports import outputs
    from train.system import resources

    model = model_path(args.model)
    card = load_card(model, None)
    task = task_of_card(card)
    out = Path(args.out or f"runs/evaluate/{model.stem}-{card.version}")
    resources.make_folder(out)
    require_options(task, {SEVERAL: len(args.data or []) > 1, PRIOR: args.prior != BALANCED})
    data = tuple(inputs.path_for(task.prepared, path) for path in args.data or [None])
    report = task.evaluate(Evaluate(model, data, args.split, out, disturbed=not args.undisturbed, prior=args.prior))
    if args.update_card:
        outputs.update_card(model, report, args.split)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        task.show(report)
    return EXIT_OK
