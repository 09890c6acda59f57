"""``emotion-train predict``: reads pictures, or random faces of a data set."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK, ConfigError
from monitor.core.labels import OWN
from train.cli.shared import SHIPPED, SPLITS, model_path

MOST_FACES = 400
"""Most faces in one grid."""


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("predict", help="read pictures, or random faces of a data set, with a model")
    parser.add_argument(
        "images", nargs="*", metavar="IMAGE", help="pictures or folders (default: random faces of --data)"
    )
    parser.add_argument("--model", default=SHIPPED, help=f"the model (default {SHIPPED})")
    parser.add_argument("--detect", action="store_true", help="whole photographs: find the faces as the app does")
    parser.add_argument("--grid", metavar="PNG", help="draw each face with the bars of its probabilities")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--data", default="runs/data.npz", help="data set of the random faces")
    parser.add_argument("--split", default="validation", choices=SPLITS, help="part of the data set")
    parser.add_argument("--count", type=_faces, default=24, metavar="N", help="number of random faces (default 24)")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="seed of the random faces")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from monitor.networks.card import load_card
    from monitor.networks.emotion import EmotionNet
    from train.data import datasets
    from train.reports import outputs, predict, tables

    if args.detect and not args.images:
        raise ConfigError("--detect: is for whole photographs; name some, because --data holds crops already")
    card = load_card(model_path(args.model), own=True)  # refuses models of other tasks
    if card.name == OWN and not args.images:
        raise ConfigError("--data: holds the seven expressions, but the model has its own labels; name pictures")
    net = EmotionNet(model_path(args.model))
    if args.images:
        finder = predict.FaceFinder() if args.detect else None
        readings = predict.read_files(predict.files(args.images), net, finder)
    else:
        readings = predict.read_random(datasets.load(Path(args.data)), args.split, args.count, args.seed, net)
    if args.grid:
        outputs.save_grid(readings, Path(args.grid))
    if args.json:
        print(json.dumps([predict.as_dict(reading) for reading in readings], indent=1))
    else:
        tables.print_readings(readings)
    return EXIT_OK


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more (got {text})")
    return int(text)


def _faces(text: str) -> int:
    value = _whole(text)
    if not 1 <= value <= MOST_FACES:
        raise argparse.ArgumentTypeError(f"must be between 1 and {MOST_FACES} (got {text})")
    return value
