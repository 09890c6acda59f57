"""``emotion-train new``: a model with a user's own classes, from their pictures and the shipped model."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK
from train.cli.shared import SHIPPED, model_path

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("new", help="make a model with your own classes from pictures of them")
    parser.add_argument("order", metavar="FILE.yaml", help="classes: {NAME: FOLDER, ...}, or folder: of class folders")
    parser.add_argument("--out", help="the .tflite to write (default FILE.tflite beside it)")
    parser.add_argument("--run", help="folder of the run (default runs/FILE); a stopped run goes on")
    parser.add_argument("--model", default=SHIPPED, help="the expression model to start from")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a value of recipe own")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    import cv2

    from train.own import order as orders
    from train.system import quiet, resources

    path = Path(args.order)
    order = orders.load(path)
    quiet.load_tensorflow()
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet
    from train.clean.faces import Faces
    from train.own.run import Places, make
    from train.reports.predict import FaceFinder
    from train.tasks import load_recipe

    cv2.setNumThreads(1)  # the other core trains
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # unreadable pictures are counted
    resources.keep_memory()
    recipe, _ = load_recipe("own", args.set)
    out = Path(args.out) if args.out else path.with_suffix(".tflite")

    def faces() -> Faces:
        return Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())

    places = Places(model_path(args.model), Path(args.run or f"runs/{path.stem}"), out)
    card = make(order, faces, recipe, places)
    figures = card.metrics["held_out"]
    low, high = figures["accuracy_ci95"]
    log.info(
        "%s: %.1f %% of %d held-out pictures right (95 %%: %.1f to %.1f); always %s: %.1f %%", out,
        100 * figures["accuracy"], figures["n"], 100 * low, 100 * high, figures["largest_class"]["label"],
        100 * figures["largest_class"]["share"],
    )  # fmt: skip
    log.info("next: emotion-monitor --model %s", out)
    return EXIT_OK
