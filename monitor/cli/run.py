"""``emotion-monitor run``: turns the flags into settings and options, then runs the monitor."""

from __future__ import annotations

import argparse
from dataclasses import replace

from monitor.cli.sources import wanted
from monitor.core.errors import ConfigError
from monitor.run import app
from monitor.settings import config as configuration
from monitor.settings.crossfield import no_home


def command(args: argparse.Namespace) -> int:
    """Runs the monitor.

    Raises:
        UserError: The settings, the source or a model cannot be used.
    """
    for flag, path in (("--out", args.out), ("--record", args.record)):
        if path and no_home(path):
            raise ConfigError(f"{flag} {path}: begins with ~, but no home folder is known; write the full path")
    overrides = [*args.set, *(["output.clean=true"] if args.record_clean else [])]
    config, config_from = configuration.load(args.config, overrides, args.profile)
    if args.blur and config.output.blur == "none":  # the settings may ask for more
        config = replace(config, output=replace(config.output, blur="faces"))
    record = "" if args.record is None and (args.record_clean or args.blur) else args.record
    options = app.Options(
        source=wanted(args), headless=args.headless, record=record, out=args.out, max_seconds=args.max_seconds,
        max_frames=args.max_frames, quiet=args.quiet,
    )  # fmt: skip
    return app.run(options, config, config_from)
