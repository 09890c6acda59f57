"""``emotion-train clean``: finds broken, duplicate, drawn, faceless and wrongly labelled pictures of a set."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.core.errors import EXIT_OK, ConfigError
from train.cli.shared import SHIPPED, model_path

if TYPE_CHECKING:
    from train.clean.manifest import Entry

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "clean", help="find broken, duplicate, drawn, faceless and wrongly labelled pictures of a set"
    )
    parser.add_argument("folder", metavar="FOLDER", help="the set: one folder of pictures per class")
    parser.add_argument("--out", help="folder of the record and the review page (default FOLDER.clean)")
    parser.add_argument(
        "--against",
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="held-out sets whose pictures must not be in this one",
    )
    parser.add_argument("--model", default=SHIPPED, help="expression model whose features judge the labels")
    parser.add_argument("--apply", metavar="FOLDER", help="write the cleaned view: links to the kept pictures")
    parser.add_argument("--review", action="store_true", help="serve the review page on 127.0.0.1 and save decisions")
    parser.add_argument("--again", action="store_true", help="check all pictures again; decisions stay")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    import cv2

    from train.clean import balance, page, review
    from train.clean.manifest import NAME, Manifest
    from train.clean.view import apply, summary
    from train.collect import attribution
    from train.system import resources

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # broken pictures are reported in the record
    folder = Path(args.folder)
    out = Path(args.out or f"{folder}.clean")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is not a folder; give the folder that holds one folder per class")
    for other in args.against:
        if not Path(other).is_dir():
            raise ConfigError(f"--against {other}: is not a folder; give the folder that holds one folder per class")
    resources.make_folder(out)
    manifest = Manifest(out / NAME)
    try:
        known = manifest.entries()
        if args.again or args.against or _changed(folder, known):
            if not args.against and any(entry.kind == "leak" for entry in known):
                raise ConfigError(f"{out / NAME}: holds pictures of a held-out set; give --against again")
            manifest.replace(_found(folder, args))
        entries = manifest.entries()
        page.write(folder, entries, out / "review.html")
        log.info("%s: %d pictures: %s", out / NAME, len(entries), summary(entries))
        if args.review:
            review.serve(folder, manifest)
            entries = manifest.entries()
        for line in balance.write(entries, out / balance.NAME):
            log.info("%s: %s", out / balance.NAME, line)
        if args.apply:
            count = apply(folder, entries, Path(args.apply))
            log.info("%s: %d pictures kept, %d left out", args.apply, count, len(entries) - count)
            attribution.carry_over(folder, {entry.path for entry in entries if entry.kept}, Path(args.apply))
    finally:
        manifest.close()
    return EXIT_OK


def _changed(folder: Path, entries: Sequence[Entry]) -> bool:
    """Whether the set has other pictures than its record; logs a difference if there is a record."""
    from train.clean.files import listed

    now, then = {str(path.relative_to(folder)) for path in listed(folder)}, {entry.path for entry in entries}
    if then and now != then:
        added, gone = len(now - then), len(then - now)
        log.info("%s: %d pictures added and %d taken away since the last check: check all again", folder, added, gone)
    return now != then


def _found(folder: Path, args: argparse.Namespace) -> list[Any]:
    from monitor.networks.card import find_model
    from monitor.networks.keypoints import KeypointNet
    from train.clean.faces import Faces
    from train.clean.run import Tools, clean
    from train.reports.predict import FaceFinder

    def faces() -> Faces:
        return Faces(KeypointNet(find_model("keypoints.tflite")), FaceFinder())

    return list(clean(folder, [Path(name) for name in args.against], Tools(faces, model_path(args.model))))
