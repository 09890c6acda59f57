"""``emotion-train evaluate``: measures an exported model through the app's int8 path."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK, ConfigError
from monitor.core.labels import OWN
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
        help="default: where prepare writes the task's data set; an expression model takes several; a model with own "
        "labels takes its .yaml file or a folder of class folders",
    )  # fmt: skip
    parser.add_argument("--prior", default=BALANCED, help="one of the priors on an expression model's card")
    parser.add_argument(
        "--split", choices=SPLITS, help="part of the data set (default validation; a model with own labels: test)"
    )
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
    out = Path(args.out or f"runs/evaluate/{model.stem}-{card.version}")
    if card.name == OWN:
        return _own(args, model, out)
    task, split = task_of_card(card), args.split or "validation"
    resources.make_folder(out)
    require_options(task, {SEVERAL: len(args.data or []) > 1, PRIOR: args.prior != BALANCED})
    data = tuple(inputs.path_for(task.prepared, path) for path in args.data or [None])
    report = task.evaluate(Evaluate(model, data, split, out, disturbed=not args.undisturbed, prior=args.prior))
    if args.update_card:
        outputs.update_card(model, report, split)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        task.show(report)
    return EXIT_OK


def _own(args: argparse.Namespace, model: Path, out: Path) -> int:
    """Measures a model with a user's own labels."""
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet
    from train.clean.faces import Faces
    from train.own.evaluate import Measure, evaluate
    from train.reports import outputs, tables
    from train.reports.predict import FaceFinder
    from train.system import resources

    if len(args.data or []) != 1:
        raise ConfigError(f"--data: {model} has its own labels; name its .yaml file or one folder of class folders")
    given = {"--prior": args.prior != BALANCED, "--update-card": args.update_card, "--undisturbed": args.undisturbed}
    for option, value in given.items():
        if value:
            raise ConfigError(f"{option}: does nothing for a model with its own labels; leave it out")

    def faces() -> Faces:
        return Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())

    report = evaluate(Measure(model, Path(args.data[0]), args.split or ""), faces)
    resources.make_folder(out)
    report = outputs.written(report, {}, out)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        tables.print_any(report)
    return EXIT_OK
