"""``emotion-train demo-faces``: averages training faces into the two people of the demo source."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("demo-faces", help="average training faces into the two people of the demo source")
    parser.add_argument("--data", default="runs/data.npz", help="data set of expressions")
    parser.add_argument("--keypoints", required=True, help="landmarks/fer2013.csv.gz, the reference keypoints")
    parser.add_argument("--out", default="monitor/capture/demo_faces.jpg", help="the picture to write")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.data import datasets, demo_faces

    keypoints = demo_faces.read_keypoints(Path(args.keypoints))
    demo_faces.save(demo_faces.average_faces(datasets.load(Path(args.data)), keypoints), Path(args.out))
    log.info("%s written", args.out)
    return EXIT_OK
