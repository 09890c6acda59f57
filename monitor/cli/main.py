"""The entry point of the command line: parses the arguments, runs the command and returns the exit code."""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
from collections.abc import Callable, Sequence

from monitor.cli import logs
from monitor.cli.arguments import Parser
from monitor.cli.parser import Top, build_parser
from monitor.core.errors import EXIT_MODEL, EXIT_OK, EXIT_UNEXPECTED, UserError
from monitor.run import shutdown as stopper

log = logging.getLogger("monitor")

TOP_FLAGS = ("-h", "--help", "--version")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns the exit code. A user's error ends in one line, never in a traceback."""
    args = parse(list(sys.argv[1:] if argv is None else argv))
    if args.command != "run":
        stopper.expect_answer()
    logs.set_up(quiet=getattr(args, "quiet", False), verbose=getattr(args, "verbose", False))
    try:
        _check_opencv()
        return COMMANDS[args.command](args)
    except UserError as error:
        for line in error.lines:
            log.error("error: %s", line)
        return error.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        return EXIT_OK
    except Exception as error:
        log.debug("details", exc_info=True)
        reason = " ".join(str(error).split())[:200]
        log.error("error: unexpected: %s: %s (run again with -v for details)", type(error).__name__, reason)
        return EXIT_UNEXPECTED


def parse(argv: list[str]) -> argparse.Namespace:
    """Parses a full command line; without a command it stands for ``run``.

    An unknown flag or command ends with exit code 2 and one line that names the nearest one.
    """
    parser = build_parser()
    if not argv or argv[0] not in (*COMMANDS, *TOP_FLAGS):
        _refuse_misspelt_command(argv, parser)
        argv = ["run", *argv]
    if argv[0] == "train":  # its flags belong to another program
        return argparse.Namespace(command="train", arguments=argv[1:])
    if (command := parser.commands.get(argv[0])) and (unknown := command.unknown(argv[1:])):
        command.error(_unknown_flag(unknown[0], command, argv[0], parser))  # before argparse misses its value elsewhere
    args, unknown = parser.parse_known_args(argv)
    words = [word for word in unknown if not word.startswith("-")]
    if hasattr(args, "sources"):  # argparse accepts only the sources before the first flag
        args.sources += words
        unknown = [word for word in unknown if word not in words]
    if unknown:
        args.parser.error(_unknown_flag(unknown[0], args.parser, args.command, parser))
    return args


def _refuse_misspelt_command(argv: list[str], parser: Parser) -> None:
    """Refuses a first word that is neither a command nor a source, but close to the name of a command."""
    if not argv or argv[0].startswith("-") or not argv[0].isalpha() or argv[0] in ("demo", "picamera"):
        return
    close = difflib.get_close_matches(argv[0], COMMANDS, n=1)
    if close and not os.path.exists(argv[0]):
        parser.error(f"{argv[0]} is not a command; did you mean {close[0]}?")


def _unknown_flag(flag: str, command: Parser, name: str, top: Top) -> str:
    """The error line for a flag that ``command`` does not have."""
    option = flag.split("=")[0]
    if owners := [other for other, parser in top.commands.items() if option in parser.options()]:
        return f"{flag} is not a flag of {name}; {', '.join(owners)} {'has' if len(owners) == 1 else 'have'} it"
    if f"--{option}" in command.options():
        return f"{flag} is not a flag of {name}; did you mean --{option}?"
    return f"{flag} is not a flag of {name}{command.suggestion(option)}"


# Each command imports its module when it runs, so that a headless start does not load modules of other commands.


def _run(args: argparse.Namespace) -> int:
    from monitor.cli import run

    return run.command(args)


def _check(args: argparse.Namespace) -> int:
    from monitor.cli import check

    return check.command(args)


def _devices(args: argparse.Namespace) -> int:
    from monitor.cli import devices

    return devices.command(verbose=args.verbose, as_json=args.json)


def _config(args: argparse.Namespace) -> int:
    from monitor.cli import config

    return config.command(args)


def _bench(args: argparse.Namespace) -> int:
    from monitor.cli import bench

    return bench.command(args)


def _batch(args: argparse.Namespace) -> int:
    from monitor.cli import batch

    return batch.command(args)


def _replay(args: argparse.Namespace) -> int:
    from monitor.cli import replay
    from monitor.settings import config as configuration

    return replay.command(args.table, args.events, configuration.load(args.config, args.set, args.profile)[0])


def _score(args: argparse.Namespace) -> int:
    from monitor.cli import score

    return score.command(args)


def _report(args: argparse.Namespace) -> int:
    from monitor.cli import report

    return report.command(args)


def _purge(args: argparse.Namespace) -> int:
    from monitor.cli import purge

    return purge.command(args)


def _train(args: argparse.Namespace) -> int:
    from monitor.cli import forward

    return forward.train(args.arguments)


def _completion(args: argparse.Namespace) -> int:
    from monitor.cli import completion

    return completion.command(args.shell)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run, "check": _check, "devices": _devices, "config": _config, "bench": _bench, "batch": _batch,
    "replay": _replay, "report": _report, "score": _score, "purge": _purge, "train": _train,
    "completion": _completion,
}  # fmt: skip
"""Each command's function; it returns the exit code."""


def _check_opencv() -> None:
    """Reports in one line that OpenCV cannot be loaded, which happens when a system library is missing."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        reason = str(error).strip().splitlines()[0][:120]
        log.error(
            "error: OpenCV cannot be loaded (%s); install the headless build: "
            "pip uninstall -y opencv-python && pip install 'opencv-python-headless<5'", reason,
        )  # fmt: skip
        raise SystemExit(EXIT_MODEL) from None
