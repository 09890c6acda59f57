"""``emotion-monitor report``: one HTML page from sessions, or from a dataset of ``batch``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from monitor.core.errors import EXIT_OK, ConfigError, DiskError
from monitor.system.wholefile import replace_text

log = logging.getLogger("monitor")

MARKER = "_dataset.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags of the command."""
    parser.add_argument(
        "folders", nargs="+", metavar="SESSION", help="session folders (several are compared), or a dataset of batch"
    )
    parser.add_argument("--out", metavar="FILE", help="the page (default report.html in the first folder)")
    parser.add_argument("--thumbnails", action="store_true", help="show pictures from the session's own recording")


def command(args: argparse.Namespace) -> int:
    """Writes the report.

    Raises:
        UserError: A folder is neither a session nor a dataset, or the page cannot be written.
    """
    folders = [Path(text).expanduser() for text in args.folders]
    if any((folder / MARKER).is_file() for folder in folders):
        html = _dataset(folders)
    else:
        from monitor.outputs.report.page import render

        html = render(folders, thumbnails=args.thumbnails)
    write(Path(args.out).expanduser() if args.out else folders[0] / "report.html", html)
    return EXIT_OK


def _dataset(folders: list[Path]) -> str:
    if len(folders) > 1:
        raise ConfigError("report: takes one dataset, or session folders; give the dataset alone")
    try:
        from monitor.outputs.report.archive import render_dataset
    except ImportError as error:
        raise ConfigError(f"a dataset needs {error.name}; run: pip install 'emotion-monitor[batch]'") from None
    return render_dataset(folders[0])


def write(path: Path, html: str) -> None:
    """Writes a page.

    Raises:
        UserError: It cannot be written.
    """
    try:
        replace_text(path, html)
    except OSError as error:
        raise DiskError.kind(error)(f"{path}: cannot be written: {error.strerror}; give another --out") from None
    log.info("%s", path)
