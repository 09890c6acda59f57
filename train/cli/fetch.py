"""``emotion-train fetch``: downloads the pretrained network that some teachers start from."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.core.errors import EXIT_OK

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("fetch", help="download the network that the recipe teacher starts from (145 MB)")
    parser.add_argument("--out", default="runs", help="folder to write it to")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    from train.engine import pretrained

    log.info("%s is complete", pretrained.fetch(Path(args.out)))
    return EXIT_OK
