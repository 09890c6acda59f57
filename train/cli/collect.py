"""``emotion-train collect``: gathers pictures of each class from services, lists and folders, with their origins."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

from monitor.cli.arguments import count, positive
from monitor.core.errors import EXIT_OK, ConfigError, SourceError

log = logging.getLogger("train")


def add(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("collect", help="gather pictures of each class from services, lists and folders")
    parser.add_argument("out", metavar="OUT", help="folder of the set: OUT/CLASS/*.jpg, record, attribution.html")
    parser.add_argument(
        "--from", dest="sources", nargs="+", default=["openverse", "commons"], metavar="SOURCE",
        help="openverse, commons, brave, serpapi, a list (.txt, .csv, .jsonl) or a folder (default openverse commons)",
    )  # fmt: skip
    parser.add_argument("--queries", help="YAML file of phrases per class and language (default the seven expressions)")
    parser.add_argument("--classes", nargs="+", default=[], metavar="CLASS", help="classes to collect (default all)")
    parser.add_argument("--per-class", type=count, default=900, help="pictures of each class (default 900)")
    parser.add_argument(
        "--licences", help="accepted licences, such as cc0,by,by-sa; any = also unknown ones (default cc0,pdm,by,by-sa)"
    )
    parser.add_argument("--contact", help="your e-mail or page for operators of sites; sent in the User-Agent")
    parser.add_argument("--jobs", type=count, default=8, help="pictures fetched at the same time (default 8)")
    parser.add_argument("--most-mb", type=positive, default=20.0, help="largest file in MB (default 20)")
    parser.add_argument("--most-megapixels", type=positive, default=50.0, help="largest picture (default 50)")
    parser.add_argument("--allow-private", action="store_true", help="also fetch from addresses of the local network")
    parser.set_defaults(run_command=run)


def run(args: argparse.Namespace) -> int:
    """Runs the command."""
    import cv2

    from train.collect import attribution, licences, queries
    from train.collect.client import Client
    from train.collect.fetch import Fetcher
    from train.collect.guard import Guard, anywhere, is_public
    from train.collect.pace import Pace, SystemClock
    from train.collect.pictures import Limits
    from train.collect.providers import make
    from train.collect.record import NAME, Record
    from train.collect.robots import Robots
    from train.collect.rows import FETCHED
    from train.collect.run import Collector, Order
    from train.system import resources

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # broken pictures are listed in the record
    root, clock = Path(args.out), SystemClock()
    phrases = queries.load(Path(args.queries) if args.queries else queries.SHIPPED, args.classes)
    guard = Guard(anywhere if args.allow_private else is_public)
    client = Client(_agent(args), guard, clock, Pace(clock))
    accepted = licences.FREE if args.licences is None else licences.wanted(args.licences)
    providers = make(args.sources, client, accepted, {})
    for provider in providers:
        if accepted and not provider.states_licences:
            raise ConfigError(f"--from {provider.name}: states no licences; give --licences any to accept unknown ones")
    resources.make_folder(root)
    limits = Limits(int(args.most_mb * 1e6), args.most_megapixels)
    fetcher = Fetcher(root, client, Robots(client), {provider.name: provider for provider in providers}, limits)
    record = Record(root / NAME)
    try:
        record.suspect(fetcher.prepare())
        collector = Collector(record, providers, fetcher.fetch, clock, clock.stop)
        found = collector.collect(Order(phrases, args.per_class, accepted, args.jobs))
        for label, counts in found.items():
            log.info("%s: %s", label, ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "nothing")
        total = attribution.write(record.origins(), root / attribution.PAGE)
        log.info("%s: %d pictures; origins in %s and %s", root, total, NAME, attribution.PAGE)
    finally:
        record.close()
        fetcher.finish()
    if not any(counts.get(FETCHED) for counts in found.values()):
        raise SourceError(f"{root}: no picture could be fetched; the lines above and {root / NAME} say why")
    return EXIT_OK


def _agent(args: argparse.Namespace) -> str:
    """The User-Agent.

    Raises:
        ConfigError: A contact is needed and not given, or not one line of plain text.
    """
    from monitor import __version__

    contact = (args.contact or "").strip()
    if not contact and not all(Path(name).is_dir() for name in args.sources):
        raise ConfigError("--contact: give an e-mail address or page under which operators of sites can reach you")
    if not contact.isascii() or not contact.isprintable():
        raise ConfigError(f"--contact: must be plain text in one line (got {contact!r:.60})")
    return f"emotion-monitor/{__version__} ({contact or 'local folders only'})"
