"""``python -m train``: from labelled face images to an int8 model with its card."""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from monitor.cli.arguments import Parser
from monitor.core.errors import EXIT_MODEL, EXIT_OK, ConfigError, UserError
from train import tools_cli
from train.engine.recipe import TASKS

log = logging.getLogger("train")

EXIT_STOPPED = 130
"""What shells expect of a program that Ctrl-C ended."""


def _prepare(args: argparse.Namespace) -> int:
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet
    from train.data import datasets, eyeset, faceset, keypoints, sources

    paths = [Path(given) for given in args.data]
    if args.task != "expression" and len(paths) > 1:
        raise ConfigError("--data: give it once; only the task expression joins several sets")
    if args.task not in ("keypoints", "proposals") and (args.backgrounds or args.proposals):
        raise ConfigError(
            "--backgrounds and --proposals: are for the tasks keypoints and proposals; add --task keypoints"
        )
    if args.task in ("keypoints", "proposals"):
        backgrounds, proposals = (Path(v) if v else None for v in (args.backgrounds, args.proposals))
        faces = keypoints.load(paths[0], backgrounds, proposals)
        out = Path(args.out or "runs/keypoints.npz")
        faceset.save(faces, out)
        log.info("%s: %d faces, %d windows without one; %d unreadable pictures skipped",
                 out, len(faces), len(faces.windows), faces.skipped)  # fmt: skip
        return EXIT_OK
    if args.task == "eyes":
        eyes = eyeset.load(paths[0])
        out = Path(args.out or "runs/eyes.npz")
        eyeset.save(eyes, out)
        log.info("%s: %d patches; %d unreadable or cut off", out, len(eyes), eyes.skipped)
        return EXIT_OK
    data = sources.read(paths, lambda: KeypointNet(find_model("keypoints.tflite")))
    args.out = args.out or ("runs/mixed.npz" if len(data.sources) > 1 else "runs/data.npz")
    datasets.save_prepared(data, Path(args.out))
    for source, split in itertools.product(data.sources, sorted(set(data.split.tolist()))):
        own = data.of(source)
        rows = own.split == split
        log.info(
            "%s: %d rows, %d usable for training, %d with a clear answer",
            f"{source} {split}".strip(), rows.sum(), (rows & own.usable).sum(), (rows & (own.truth >= 0)).sum(),
        )  # fmt: skip
    log.info("%s written; %d unreadable rows skipped", args.out, data.skipped)
    return EXIT_OK


def _fit(args: argparse.Namespace) -> int:
    import cv2

    from train.data import inputs, keypoints, unlabelled
    from train.data.datasets import Dataset
    from train.data.eyeset import EyeSet
    from train.engine import recipe, resources
    from train.engine.fit import Task, fit
    from train.engine.runs import require_claimable
    from train.tasks.expression.task import ExpressionTask
    from train.tasks.eyes.task import EyeTask
    from train.tasks.keypoints.task import KeypointTask
    from train.tasks.proposals.task import ProposalTask

    cv2.setNumThreads(1)  # the network has the other core
    resources.keep_memory()
    name = args.recipe or (args.task if args.task not in (None, "expression") else "quick")
    chosen = recipe.load(name, args.set)
    if args.task and args.task != chosen.task:
        raise ConfigError(f"--task {args.task}: the recipe {name} trains {chosen.task}; leave --task out")
    run = Path(args.out or f"runs/{Path(name).stem}")
    require_claimable(run, chosen, args.resume)  # before teachers answer for minutes
    path = inputs.path_for(chosen.task, args.data, run)
    data = inputs.load(chosen.task, path)
    inputs.require_same(run, path, data)
    teachers = chosen.teacher_runs()
    inputs.require_same_teachers(run, teachers)
    task: Task
    if isinstance(data, Dataset):
        more = unlabelled.crops(keypoints.load(Path(chosen.unlabelled))) if chosen.unlabelled else None
        task = ExpressionTask(data, chosen, more)
    elif isinstance(data, EyeSet):
        task = EyeTask(data, chosen)
    else:
        task = (KeypointTask if chosen.task == "keypoints" else ProposalTask)(data, chosen)
    fit(task, chosen, run, args.resume, args.tensorboard, begun=lambda: inputs.keep(run, path, data, teachers))
    log.info("%s: done; next: python -m train export --run %s", run, run)
    return EXIT_OK


def _export(args: argparse.Namespace) -> int:
    from monitor.settings import reader as settings
    from train.data import inputs
    from train.data.datasets import Dataset
    from train.data.eyeset import EyeSet
    from train.engine import convert, recipe
    from train.engine.fit import load_trained
    from train.engine.runs import history_of
    from train.tasks.export_faces import export_eyes, export_keypoints, export_proposals
    from train.tasks.expression.export import export

    run = Path(args.run)
    if not (run / "recipe.yaml").exists():
        raise ConfigError(f"{run}: is no training run; make one with: python -m train fit --out {run}")
    chosen = settings.load(recipe.Recipe, run / "recipe.yaml")
    out = Path(args.out or f"models/{'emotion' if chosen.task == 'expression' else chosen.task}.tflite")
    convert.require_place(out)
    path = inputs.path_for(chosen.task, args.data, run)
    data = inputs.load(chosen.task, path)
    inputs.require_same(run, path, data)
    model = load_trained(run, chosen)
    history = history_of(run)
    if isinstance(data, Dataset):
        card = export(model, chosen, data, out, history, run)
    elif isinstance(data, EyeSet):
        card = export_eyes(model, chosen, data, out, history)
    else:
        card = (export_keypoints if chosen.task == "keypoints" else export_proposals)(model, chosen, data, out, history)
    log.info("%s and its card written, version %s", out, card.version)
    log.info("next: python -m train evaluate --model %s --update-card; python -m train cards", out)
    return EXIT_OK


def _fetch(args: argparse.Namespace) -> int:
    from train.engine import pretrained

    log.info("%s is there", pretrained.fetch(Path(args.out)))
    return EXIT_OK


def _demo_faces(args: argparse.Namespace) -> int:
    from train.data import datasets, demo_faces

    keypoints = demo_faces.read_keypoints(Path(args.keypoints))
    demo_faces.save(demo_faces.average_faces(datasets.load(Path(args.data)), keypoints), Path(args.out))
    log.info("%s written", args.out)
    return EXIT_OK


def build_parser() -> argparse.ArgumentParser:
    """The command line of the offline half."""
    parser = Parser(prog="emotion-train", description="Train small int8 expression models.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    prepare = commands.add_parser("prepare", help="read a data set once into one fast file")
    prepare.add_argument(
        "--data", required=True, action="append",
        help="fer2013.zip, fer2013.csv, a folder of class folders or a zip of SOURCE/CLASS/N.webp; several are joined",
    )  # fmt: skip
    prepare.add_argument("--task", default="expression", choices=TASKS, help="what to train")
    prepare.add_argument(
        "--backgrounds", metavar="FOLDER", help="tasks keypoints, proposals: pictures none of which shows a face"
    )
    prepare.add_argument(
        "--proposals", metavar="MODEL", help="… and a proposal model whose errors are to be learnt from"
    )
    prepare.add_argument(
        "--out", help="default runs/data.npz (joined sets runs/mixed.npz), runs/keypoints.npz or runs/eyes.npz"
    )
    prepare.set_defaults(run_command=_prepare)
    fit = commands.add_parser("fit", help="train a recipe")
    fit.add_argument("--data", help="what prepare wrote, or a data set itself")
    fit.add_argument("--task", choices=TASKS, help="what to train, with its default recipe")
    fit.add_argument("--recipe", help="name in train/recipes or a .yaml file (default quick, or the task's name)")
    fit.add_argument("--out", help="folder of the run (default runs/<recipe>)")
    fit.add_argument("--resume", action="store_true", help="go on after a kill")
    fit.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one recipe value")
    fit.add_argument("--tensorboard", action="store_true", help="also write event files for TensorBoard")
    fit.set_defaults(run_command=_fit)
    tools_cli.add_commands(commands)
    export = commands.add_parser("export", help="convert a run to int8, check parity, write the card")
    export.add_argument("--run", default="runs/quick", help="folder of the run")
    export.add_argument("--data", help="default what the run learnt from")
    export.add_argument("--out", help="default models/emotion.tflite, or the task's name")
    export.set_defaults(run_command=_export)
    fetch = commands.add_parser("fetch", help="download the network that the recipe teacher starts from (145 MB)")
    fetch.add_argument("--out", default="runs", help="folder it goes to")
    fetch.set_defaults(run_command=_fetch)
    faces = commands.add_parser("demo-faces", help="average training faces into the demo source's two people")
    faces.add_argument("--data", default="runs/data.npz")
    faces.add_argument("--keypoints", required=True, help="landmarks/fer2013.csv.gz")
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
    except ModuleNotFoundError as error:
        fix = "pip install 'emotion-monitor[train]' (in a checkout: make test, then .venv/bin/python -m train)"
        log.error("error: this command needs %s, which is not installed: %s", error.name, fix)
        return EXIT_MODEL
    except FloatingPointError as error:
        log.error("error: %s", error)
        return ConfigError.exit_code
    except KeyboardInterrupt:
        log.error("stopped; a training goes on with --resume")
        return EXIT_STOPPED
    except MemoryError:
        log.error("error: out of memory; close other programs, or take less data or a smaller batch")
        return ConfigError.exit_code
    except BrokenPipeError:
        return EXIT_OK
