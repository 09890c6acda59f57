"""``python -m train``: from labelled face images to an int8 model with its card."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import EXIT_OK, ConfigError, UserError

log = logging.getLogger("train")


def _prepare(args: argparse.Namespace) -> int:
    from train import datasets

    data = datasets.load(Path(args.data))
    datasets.save_prepared(data, Path(args.out))
    for split in sorted(set(data.split.tolist())):
        rows = data.split == split
        log.info(
            "%s: %d rows, %d usable for training, %d with a clear majority",
            split, rows.sum(), (rows & data.usable).sum(), (rows & (data.truth >= 0)).sum(),
        )  # fmt: skip
    log.info("%s written; %d unreadable rows skipped", args.out, data.skipped)
    return EXIT_OK


def _fit(args: argparse.Namespace) -> int:
    from train import datasets, recipe
    from train.fit import fit

    chosen = recipe.load(args.recipe, args.set)
    run = Path(args.out or f"runs/{Path(args.recipe).stem}")
    fit(datasets.load(Path(args.data)), chosen, run, args.resume)
    log.info("%s: done; next: python -m train export --run %s", run, run)
    return EXIT_OK


def _demo_faces(args: argparse.Namespace) -> int:
    from train import datasets, demo_faces

    landmarks = demo_faces.read_landmarks(Path(args.landmarks))
    demo_faces.save(demo_faces.average_faces(datasets.load(Path(args.data)), landmarks), Path(args.out))
    log.info("%s written", args.out)
    return EXIT_OK


def build_parser() -> argparse.ArgumentParser:
    """The command line of the offline half."""
    parser = argparse.ArgumentParser(prog="emotion-train", description="Train small int8 expression models.")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="read a data set once into one fast file")
    prepare.add_argument("--data", required=True, help="fer2013.zip, fer2013.csv or a folder of class folders")
    prepare.add_argument("--out", default="runs/data.npz")
    prepare.set_defaults(run_command=_prepare)
    fit = commands.add_parser("fit", help="train a recipe")
    fit.add_argument("--data", default="runs/data.npz", help="what prepare wrote, or a data set itself")
    fit.add_argument("--recipe", default="quick", help="name in train/recipes or a .yaml file")
    fit.add_argument("--out", help="folder of the run (default runs/<recipe>)")
    fit.add_argument("--resume", action="store_true", help="go on after a kill")
    fit.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one recipe value")
    fit.set_defaults(run_command=_fit)
    faces = commands.add_parser("demo-faces", help="average training faces into the demo source's two people")
    faces.add_argument("--data", default="runs/data.npz")
    faces.add_argument("--landmarks", required=True, help="landmarks/fer2013.csv.gz")
    faces.add_argument("--out", default="monitor/capture/demo_faces.jpg")
    faces.set_defaults(run_command=_demo_faces)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code; user errors end in one line each."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return int(args.run_command(args))
    except UserError as error:
        for line in error.lines:
            log.error("error: %s", line)
        return error.exit_code
    except FloatingPointError as error:
        log.error("error: %s", error)
        return ConfigError.exit_code
