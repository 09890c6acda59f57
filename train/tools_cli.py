"""The commands that look at trained models: ``evaluate``, ``predict``, ``report``, ``cards``; and ``recover``."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK, ConfigError
from monitor.networks.card import find_model
from monitor.system.wholefile import replace_text

log = logging.getLogger("train")

SHIPPED = "models/emotion.tflite"

SPLITS = ("train", "validation", "test")
MOST_FACES = 400
"""Faces in one grid: beyond that a picture is no longer looked at."""


def add_commands(commands: Any) -> None:
    """Adds these commands to ``emotion-train``'s parser."""
    evaluate = commands.add_parser("evaluate", help="measure a .tflite with a card, through the app's int8 path")
    evaluate.add_argument("--model", default=SHIPPED)
    evaluate.add_argument(
        "--data", action="append",
        help="default runs/data.npz, runs/keypoints.npz or runs/eyes.npz; an expression model takes several sets",
    )  # fmt: skip
    evaluate.add_argument("--prior", default="balanced", help="of an expression model: one of its card's priors")
    evaluate.add_argument("--split", default="validation", choices=SPLITS)
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    evaluate.add_argument("--out", help="folder of the pictures and report.json (default runs/evaluate/<model>)")
    evaluate.add_argument(
        "--undisturbed", action="store_true", help="leave out disturbed crops and shifted boxes, which take longest"
    )
    evaluate.add_argument("--update-card", action="store_true", help="write the figures into the model's card")
    evaluate.set_defaults(run_command=_evaluate)
    predict = commands.add_parser("predict", help="read pictures, or random faces of a data set, through the int8 path")
    predict.add_argument(
        "images", nargs="*", metavar="IMAGE", help="pictures or folders; none = random faces of --data"
    )
    predict.add_argument("--model", default=SHIPPED)
    predict.add_argument("--detect", action="store_true", help="whole photographs: find the faces as the app does")
    predict.add_argument("--grid", metavar="PNG", help="draw each face with its seven bars")
    predict.add_argument("--json", action="store_true", help="print JSON")
    predict.add_argument("--data", default="runs/data.npz", help="data set of the random faces")
    predict.add_argument("--split", default="validation", choices=SPLITS, help="its split")
    predict.add_argument("--count", type=_faces, default=24, metavar="N", help="random faces (default 24)")
    predict.add_argument("--seed", type=_whole, default=0, metavar="N", help="which random faces")
    predict.set_defaults(run_command=_predict)
    report = commands.add_parser("report", help="one HTML page about a run, with its worst mistakes")
    report.add_argument("--run", default="runs/quick", help="folder of the run")
    report.add_argument("--model", help="what was exported from it (default models/emotion.tflite, or the task's)")
    report.add_argument("--data", help="default what the run learnt from")
    report.add_argument("--split", default="validation", choices=SPLITS)
    report.add_argument(
        "--candidates", nargs="+", default=[], metavar="FOLDER", help="where more exported models to compare with lie"
    )
    report.add_argument("--out", help="the page (default report.html in the run's folder)")
    report.set_defaults(run_command=_report)
    cards = commands.add_parser("cards", help="bring the cards' texts up to date and write them as one readable page")
    cards.add_argument("--models", default="models", help="folder of the models")
    cards.add_argument("--out", default="docs/MODEL_CARD.md", help="the page")
    cards.set_defaults(run_command=_cards)
    recover = commands.add_parser("recover", help="make the run of an exported model anew, when its checkpoint is gone")
    recover.add_argument("--model", default=SHIPPED, help="with its card, which tells the recipe")
    recover.add_argument("--data", help="default runs/data.npz, runs/keypoints.npz or runs/eyes.npz")
    recover.add_argument("--out", required=True, help="folder of the run, such as runs/pupil5")
    recover.set_defaults(run_command=_recover)


def _model(name: str) -> Path:
    """A model; outside of a checkout the shipped one is where it was installed."""
    path = Path(name)
    return find_model(path.name) if name == SHIPPED and not path.exists() else path


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more (got {text})")
    return int(text)


def _faces(text: str) -> int:
    value = _whole(text)
    if not 1 <= value <= MOST_FACES:
        raise argparse.ArgumentTypeError(f"must be between 1 and {MOST_FACES} (got {text})")
    return value


def _evaluate(args: argparse.Namespace) -> int:
    from monitor.core.labels import EMOTIONS
    from monitor.networks.card import load_card
    from monitor.networks.emotion import BALANCED
    from monitor.networks.eyes import EYES
    from monitor.networks.keypoints import POINTS
    from monitor.networks.proposals import FACE
    from train.data import datasets, inputs
    from train.engine import resources
    from train.reports import outputs, tables

    model = _model(args.model)
    card = load_card(model, None)
    out = Path(args.out or f"runs/evaluate/{model.stem}-{card.version}")
    resources.make_folder(out)
    given = args.data[0] if args.data else None
    expression = sorted(card.labels) == sorted(EMOTIONS)
    if not expression and (len(args.data or []) > 1 or args.prior != BALANCED):
        raise ConfigError("--prior and several --data: are for expression models; leave them out")
    if card.labels == POINTS:
        report = outputs.evaluate_keypoints(model, inputs.path_for("keypoints", given), args.split, out)
        show = tables.print_keypoints
    elif card.labels == FACE:
        report = outputs.evaluate_proposals(model, inputs.path_for("proposals", given), args.split, out)
        show = tables.print_any
    elif card.labels == EYES:
        report = outputs.evaluate_eyes(model, inputs.path_for("eyes", given), args.split, out)
        show = tables.print_any
    else:
        data = datasets.load_all([inputs.path_for("expression", path) for path in args.data or [None]])
        robust = not args.undisturbed
        report = outputs.evaluate_expression(model, data, args.split, out, robust=robust, prior=args.prior)
        show = tables.print_expression
    if args.update_card:
        outputs.update_card(model, report, args.split)
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        show(report)
    return EXIT_OK


def _predict(args: argparse.Namespace) -> int:
    from monitor.networks.emotion import EmotionNet
    from train.data import datasets
    from train.reports import predict, tables

    if args.detect and not args.images:
        raise ConfigError("--detect: is for whole photographs; name some, the faces of --data are crops already")
    net = EmotionNet(_model(args.model))
    if args.images:
        finder = predict.FaceFinder() if args.detect else None
        readings = predict.read_files(predict.files(args.images), net, finder)
    else:
        readings = predict.read_random(datasets.load(Path(args.data)), args.split, args.count, args.seed, net)
    if args.grid:
        from train.reports import outputs

        outputs.save_grid(readings, Path(args.grid))
    if args.json:
        print(json.dumps([predict.as_dict(reading) for reading in readings], indent=1))
    else:
        tables.print_readings(readings)
    return EXIT_OK


def _report(args: argparse.Namespace) -> int:
    from monitor.settings import reader as settings
    from train.data import inputs
    from train.engine import recipe
    from train.reports import report

    run = Path(args.run)
    report.check(run)
    task = settings.load(recipe.Recipe, run / "recipe.yaml").task
    model = Path(args.model or f"models/{'emotion' if task == 'expression' else task}.tflite")
    folders = [Path(name) for name in args.candidates]
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"--candidates: {folder} is no folder")
    out = Path(args.out) if args.out else run / "report.html"
    report.write(run, model, inputs.path_for(task, args.data, run), args.split, folders, out)
    return EXIT_OK


def _cards(args: argparse.Namespace) -> int:
    from train.engine import resources
    from train.reports import card_page, cards

    found = cards.models(Path(args.models))
    cards.refresh(found)
    text = card_page.render(found)
    with resources.writing(Path(args.out)):
        replace_text(Path(args.out), text)
    log.info("%s: %d cards", args.out, len(found))
    return EXIT_OK


def _recover(args: argparse.Namespace) -> int:
    from train.engine import recover

    model, run = _model(args.model), Path(args.out)
    recover.recover(model, Path(args.data) if args.data else None, run)
    log.info("%s: holds the weights of %s; name it in a recipe's init or teachers", run, model)
    return EXIT_OK
