"""``emotion-monitor purge``: lists old sessions and deletes them on request."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.table import Table

from monitor.core.errors import EXIT_OK, EXIT_UNEXPECTED, ConfigError
from monitor.outputs.logs import retention
from monitor.settings import config as configuration
from monitor.settings.config import OutputConfig
from monitor.system.terminal import plain_console


def command(args: argparse.Namespace) -> int:
    """Lists the sessions to delete and, with ``--yes``, deletes them; exit code 1 when one could not be deleted.

    Raises:
        ConfigError: No limit is given, limits contradict each other, or the folder cannot be read.
    """
    config = configuration.load(args.config, args.set, args.profile)[0].output
    return purge(config, args.days, args.max_mb, everything=args.all, yes=args.yes)


def purge(config: OutputConfig, days: float | None, max_mb: float | None, *, everything: bool, yes: bool) -> int:
    """Lists sessions and deletes them with ``yes``; returns the exit code.

    Args:
        config: The folder ``dir`` and the limits ``keep_days`` and ``max_mb``.
        days: Replaces ``keep_days``.
        max_mb: Replaces ``max_mb``.
        everything: Select every session except those of running monitors.
        yes: Delete the sessions instead of only listing them.

    Raises:
        ConfigError: No limit is given, a limit is combined with ``everything``, or the folder cannot be read.
    """
    root = Path(config.dir).expanduser()
    keep_days = config.keep_days if days is None else days
    most = config.max_mb if max_mb is None else max_mb
    if everything and (days is not None or max_mb is not None):
        raise ConfigError("purge: --all already covers --days and --max-mb; leave one of them out")
    if not everything and not keep_days and not most:
        raise ConfigError("purge: give --days, --max-mb or --all, or set output.keep_days or output.max_mb")
    try:
        os.listdir(root)
    except OSError as error:
        raise ConfigError(
            f"purge: output.dir {root}: {error.strerror}; name the folder of the sessions with --set output.dir=…"
        ) from None
    found = retention.sessions(root)
    gone = found if everything else retention.choose(found, 0, keep_days, most, time.time())
    console = plain_console()
    table = Table(show_edge=False)
    for title in ("session", "last written", "MB"):
        table.add_column(title, justify="right" if title == "MB" else "left", overflow="fold")
    for stored in gone:
        written = datetime.fromtimestamp(stored.changed).strftime("%Y-%m-%d %H:%M")
        table.add_row(stored.path.name, written, f"{stored.size / 1e6:.1f}")
    if gone:
        console.print(table)
    if not yes:
        hint = "; add --yes to delete them" if gone else ""
        console.print(f"{len(gone)} of {_sessions(len(found))} in {root}, {_megabytes(gone)}{hint}")
        return EXIT_OK
    deleted = [stored for stored in gone if retention.delete(stored, root)]
    console.print(f"{_sessions(len(deleted))} deleted from {root}, {_megabytes(deleted)}")
    return EXIT_OK if len(deleted) == len(gone) else EXIT_UNEXPECTED


def _megabytes(stored: Sequence[retention.Stored]) -> str:
    return f"{sum(one.size for one in stored) / 1e6:.1f} MB"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
