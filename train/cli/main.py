"""``emotion-train``, or ``python -m train``: from labelled face images to an int8 model with its card."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from monitor.cli.arguments import Parser
from monitor.core.errors import EXIT_MODEL, EXIT_OK, ConfigError, UserError
from train.cli import (
    cards,
    clean,
    collect,
    demo_faces,
    evaluate,
    export,
    fetch,
    fit,
    new,
    predict,
    prepare,
    recover,
    report,
)

log = logging.getLogger("train")

COMMANDS = (prepare, fit, evaluate, predict, report, cards, recover, export, fetch, demo_faces, collect, clean, new)
"""Modules with ``add(commands)``, which adds a command and sets its ``run_command``."""
EXIT_STOPPED = 130
"""The exit code that shells expect after Ctrl-C."""


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(prog="emotion-train", description="Train small int8 networks for faces and expressions.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    for module in COMMANDS:
        module.add(commands)
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    parser.set_defaults(commands=commands.choices)
    return parser


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses a full command line; an unknown flag ends with exit code 2 and one line that names the nearest one."""
    parser, argv = build_parser(), list(sys.argv[1:] if argv is None else argv)
    command: Parser | None = parser.get_default("commands").get(argv[0]) if argv else None
    if command and (flags := command.unknown(argv[1:])):  # before a required flag counts as missing
        command.error(f"{flags[0]} is not known to {argv[0]}{command.suggestion(flags[0].split('=')[0])}")
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        args.parser.error(f"{unknown[0]} is not known to {args.command}")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code; a user's error ends in one line."""
    args = parse(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        return int(args.run_command(args))
    except UserError as error:
        for line in error.lines:
            log.error("error: %s", line)
        return error.exit_code
    except ModuleNotFoundError as error:
        extra = "clean" if args.command == "clean" else "train"
        fix = f"pip install 'emotion-monitor[{extra}]' (in a checkout: make test, then .venv/bin/python -m train)"
        log.error("error: this command needs %s, which is not installed: %s", error.name, fix)
        return EXIT_MODEL
    except FloatingPointError as error:
        log.error("error: %s", error)
        return ConfigError.exit_code
    except KeyboardInterrupt:
        how = (
            "run the same command again to go on" if args.command == "collect" else "continue a training with --resume"
        )
        log.error("stopped; %s", how)
        return EXIT_STOPPED
    except MemoryError:
        log.error("error: out of memory; close other programs, or use less data or a smaller batch")
        return ConfigError.exit_code
    except BrokenPipeError:
        return EXIT_OK
