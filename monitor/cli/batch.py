"""``emotion-monitor batch``: reads an archive of recordings into one Parquet dataset."""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from pathlib import Path, PurePath
from typing import Any

from monitor.cli.arguments import not_negative, port
from monitor.core.errors import EXIT_OK, EXIT_SOURCE, ConfigError
from monitor.settings import config as configuration
from monitor.settings.config import Config

log = logging.getLogger("monitor")

MAX_NAMED = 20
"""Most unreadable recordings that are listed; the dataset has a row for each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags of the command."""
    parser.add_argument(
        "inputs", nargs="+", metavar="PATH",
        help="video file, folder, glob in quotes, list (.txt .csv .jsonl), .tar, or an s3://, gs:// or http(s):// URL",
    )  # fmt: skip
    parser.add_argument(
        "--out", required=True, metavar="DATASET", help="folder of the Parquet dataset; an existing one is continued"
    )
    parser.add_argument(
        "--fps",
        type=not_negative,
        default=0.0,
        metavar="F",
        help="analyse at most F frames a second; default every frame",
    )
    parser.add_argument("--workers", default="auto", metavar="N", help="processes on this machine; auto = one per core")
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="a running Dask scheduler, such as tcp://host:8786"
    )
    parser.add_argument(
        "--dashboard", type=port, default=0, metavar="PORT", help="show Dask's dashboard on this loopback port"
    )
    parser.add_argument("--csv", action="store_true", help="write CSV files, too")
    parser.add_argument("--keep-frames", default="", metavar="LABEL>P", help='save face crops, such as "happy>0.9"')
    parser.add_argument(
        "--span",
        type=not_negative,
        default=600.0,
        metavar="S",
        help="cut longer recordings into spans of S seconds; 0 = never",
    )
    parser.add_argument("--scratch", default=None, metavar="DIR", help="folder for copies of remote recordings")
    parser.add_argument("--retry-failed", action="store_true", help="only read recordings that failed before")


def command(args: argparse.Namespace) -> int:
    """Runs a batch.

    Returns:
        Exit code: 0 when every recording was read, 3 when some could not be read.

    Raises:
        UserError: Inputs, dataset or cluster cannot be used.
    """
    config, _ = configuration.load(args.config, args.set, args.profile)
    job, items, dataset, cluster = _prepared(args, config)
    from monitor.batch import engine

    done = dataset.done()
    if args.retry_failed:
        failed = {row["name"] for row in dataset.videos() if row["status"] == "failed"}
        items = [item for item in items if item.name in failed]
    progress = _Progress(len(items))
    with engine.connected(cluster) as client:
        if client.dashboard_link and args.dashboard:
            log.info("Dask's dashboard: %s", client.dashboard_link)
        with progress:
            engine.run(job, items, done, client, progress.tell)
    return progress.summarise(Path(args.out))


def _prepared(args: argparse.Namespace, config: Config) -> tuple[Any, Any, Any, Any]:
    try:
        from monitor.batch.analyse import Request
        from monitor.batch.crops import parse_keep
        from monitor.batch.dataset import Dataset, fingerprint
        from monitor.batch.engine import Cluster
        from monitor.batch.items import find
        from monitor.batch.work import Job
    except ImportError as error:
        raise ConfigError(f"batch needs {error.name}; run: pip install 'emotion-monitor[batch]'") from None
    from monitor.capture.pyav import reader_name
    from monitor.networks.card import find_model, load_card

    workers = _workers(args.workers)
    every_s = 1 / args.fps if args.fps else 0.0
    keep = parse_keep(args.keep_frames) if args.keep_frames else None
    items = find(args.inputs)
    dataset = Dataset(Path(args.out))
    model = load_card(find_model(config.emotion.model)).version
    mark = fingerprint(config, model, every_s, keep, reader_name(config.source.reader))
    dataset.tidy()
    dataset.describe(config, mark)
    job = Job(
        str(Path(args.out).absolute()),
        Request(config, every_s, keep),
        mark,
        args.span,
        csv=args.csv,
        scratch=args.scratch,
    )
    return job, items, dataset, Cluster(args.scheduler, workers, args.dashboard)


def _workers(text: str) -> int:
    if text == "auto":
        return 0
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 1024):
        raise ConfigError(f"--workers {text}: must be auto or a whole number from 1 to 1024")
    return int(text)


def failure_line(name: str, reason: str) -> str:
    """The full name of a recording and the reason, which often begins with the name or its last part."""
    return f"{name}: {reason.removeprefix(f'{name}: ').removeprefix(f'{PurePath(name).name}: ')}"


class _Progress:
    """Counts recordings and shows a bar with the time left."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from monitor.system.terminal import terminal

        self._started = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._seconds = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[read]}"), console=terminal(),
        )  # fmt: skip
        self._task = self._bar.add_task("recordings", total=total, read="")

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, row: dict[str, Any]) -> None:
        """Counts one recording."""
        status = str(row.get("status", ""))
        self._counts[status] += 1
        self._seconds += float(row.get("duration_s") or 0.0)
        if status == "failed" and self._counts[status] <= MAX_NAMED:
            log.warning("%s", failure_line(str(row.get("name")), str(row.get("reason"))))
        speed = self._seconds / max(time.monotonic() - self._started, 1e-3)
        self._bar.update(self._task, advance=1, read=f"{speed:.0f}× real time" if self._seconds else "")

    def summarise(self, out: Path) -> int:
        """Logs the totals; returns the exit code."""
        read, skipped, failed = (self._counts[name] for name in ("ok", "skipped", "failed"))
        log.info("%d read (%.0f s of video), %d already done, %d failed: %s", read, self._seconds, skipped, failed, out)
        return EXIT_SOURCE if failed else EXIT_OK
