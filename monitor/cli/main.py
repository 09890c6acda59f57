"""The command line: ``emotion-monitor [run] [flags]``, ``check``, ``devices``, ``config``, ``replay``, …"""

from __future__ import annotations

import argparse
import difflib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from monitor import __version__
from monitor.core.errors import EXIT_CONFIG, EXIT_MODEL, EXIT_OK, EXIT_UNEXPECTED, UserError
from monitor.run import shutdown as stopper

log = logging.getLogger("monitor")

COMMANDS = ("run", "check", "devices", "config", "bench", "replay", "score", "purge")
EPILOG = "exit codes: 0 clean, 1 unexpected, 2 configuration or usage, 3 source, 4 model or runtime"


class JournalFormatter(logging.Formatter):
    """Puts the syslog level before each line, so that ``journalctl -p warning`` finds what matters."""

    def format(self, record: logging.LogRecord) -> str:
        """The message, each of its lines with its level."""
        level = 3 if record.levelno >= logging.ERROR else 4 if record.levelno >= logging.WARNING else 6
        level = 7 if record.levelno < logging.INFO else level
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


class Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one line that says what is close and where the help is."""

    def options(self) -> list[str]:
        """All flags, short and long."""
        return [option for action in self._actions for option in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(EXIT_CONFIG, f"error: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="emotion-monitor", epilog=EPILOG,
        description="Reads facial expressions from a camera or file: overlay, log, annotated video. "
        "Without a command it runs; see: emotion-monitor run --help.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"emotion-monitor {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    common = Parser(add_help=False)
    common.add_argument(
        "--config", action=_Once, metavar="FILE", help="settings file (default ./config.yaml, else built in)"
    )
    common.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change one setting; repeatable"
    )
    common.add_argument(
        "--profile", action=_Once, default="", metavar="NAME", help="default, driver, demo or one of the settings file"
    )
    common.add_argument("-v", "--verbose", action="store_true", help="say more")
    common.add_argument("-q", "--quiet", action="store_true", help="warnings and errors only")
    run = commands.add_parser("run", parents=[common], epilog=EPILOG, help="run the monitor (the default command)")
    _add_run_options(run)
    check = commands.add_parser(
        "check", parents=[common], help="try configuration, source, models, outputs, display, codecs, disk"
    )
    check.add_argument("--source", action=_Once, help="also try this source")
    check.add_argument("--out", action=_Once, metavar="DIR", help="folder whose disk is checked (default output.dir)")
    commands.add_parser("devices", help="list cameras with formats and stable paths").add_argument(
        "-v", "--verbose", action="store_true", help="all sizes of all formats"
    )
    commands.add_parser("config", parents=[common], help="print the settings in force as a commented YAML file")
    bench = commands.add_parser("bench", parents=[common], help="measure what the readings cost here, stage by stage")
    bench.add_argument(
        "--source", action=_Once, default="demo", help="a file, folder or camera (default the built-in demo)"
    )
    bench.add_argument("--seconds", type=_positive, default=10.0, metavar="S", help="how long to measure (default 10)")
    bench.add_argument("--json", action="store_true", help="print JSON")
    replay = commands.add_parser("replay", parents=[common], help="judge a logged drive again, with other thresholds")
    replay.add_argument(
        "table", metavar="faces.csv", help="a table of driver mode with its rotated parts, or a session's folder"
    )
    replay.add_argument("--events", metavar="FILE", help="write the events there, in the format of events.jsonl")
    score = commands.add_parser("score", help="hold logged events against labelled intervals")
    score.add_argument(
        "events", metavar="events.jsonl", help="of a session with its rotated parts, its folder, or written by replay"
    )
    score.add_argument("labels", metavar="intervals.csv", help="columns file,start_s,end_s,what")
    score.add_argument("--file", help="score against the rows of this file only")
    score.add_argument("--session", help="score the events of this session only (key session of events.jsonl)")
    score.add_argument("--hours", type=_positive, help="length of the material (default: up to the last event)")
    score.add_argument("-v", "--verbose", action="store_true", help="say more")
    purge = commands.add_parser("purge", parents=[common], help="delete old sessions; shows them unless --yes is given")
    purge.add_argument("--days", type=_positive, metavar="D", help="older than so many days (default output.keep_days)")
    purge.add_argument("--max-mb", type=_positive, metavar="MB", help="the oldest above this total (output.max_mb)")
    purge.add_argument("--all", action="store_true", help="every session that no running monitor writes")
    purge.add_argument("--yes", action="store_true", help="delete them")
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--source", action=_Once, help="0, /dev/video…, file, folder of images, http(s)/rtsp URL, picamera or demo"
    )
    run.add_argument("--headless", action="store_true", help="no window; a live view in the terminal")
    run.add_argument(
        "--record",
        action=_Once,
        nargs="?",
        const="",
        metavar="PATH",
        help="record video (default into the session folder)",
    )
    run.add_argument("--record-clean", action="store_true", help="record the plain picture, without the overlay")
    run.add_argument("--blur", action="store_true", help="record with faces made unrecognisable (output.blur)")
    run.add_argument(
        "--out", action=_Once, metavar="DIR", help="the session folder itself (default sessions/<start>_<source>)"
    )
    run.add_argument(
        "--max-seconds",
        action=_Once,
        type=_positive,
        default=0.0,
        metavar="S",
        help="stop after so many seconds of video",
    )
    run.add_argument(
        "--max-frames", action=_Once, type=_count, default=0, metavar="N", help="stop after so many frames"
    )


class _Once(argparse.Action):
    """A flag with one value that may be given once: of two the first would be lost in silence."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:  # fmt: skip
        given = namespace.__dict__.setdefault("_given", set())
        if self.dest in given:
            parser.error(f"{option_string} is given twice; keep one")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text})") from None
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"must be above 0 (got {text})")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number (got {text})") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1 (got {text})")
    return value


def _parse(argv: list[str]) -> argparse.Namespace:
    """Parses a full command line; an unknown flag is answered with the nearest one of its command."""
    parser = build_parser()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        if args.command in ("run", "bench", "check") and _names_a_source(unknown[0]):
            from monitor.capture.names import shown

            name = shown(unknown[0])
            args.parser.error(f"{name}: what is to be watched is named with --source {name}")
        close = difflib.get_close_matches(unknown[0].split("=")[0], args.parser.options(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        args.parser.error(f"{unknown[0]} is not a flag of {args.command}{hint}")
    return args


def _names_a_source(word: str) -> bool:
    """Whether a word looks like something to watch: a URL, a device or a file, whether it is there or not."""
    if word.startswith("-"):
        return False
    return "://" in word or (Path(word).suffix != "" and "=" not in word) or os.path.exists(word)


def _with_command(argv: list[str]) -> list[str]:
    """``run`` is put in front when no command is named."""
    if argv and (argv[0] in COMMANDS or argv[0] in ("-h", "--help", "--version")):
        return argv
    if argv and not argv[0].startswith("-"):
        close = difflib.get_close_matches(argv[0], COMMANDS, n=1)
        if close:
            return argv  # argparse names the commands there are
    return ["run", *argv]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns the exit code. User errors end in one line each, never a traceback."""
    args = _parse(_with_command(list(sys.argv[1:] if argv is None else argv)))
    if args.command != "run":
        stopper.expect_answer()
    _set_up_logging(getattr(args, "quiet", False), args.verbose)
    if not args.verbose:
        _quiet_libraries()
    try:
        _check_opencv()
        return _dispatch(args)
    except UserError as error:
        for line in error.lines:
            log.error("error: %s", line)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_OK
    except BrokenPipeError:
        return EXIT_OK
    except Exception as error:
        log.debug("details", exc_info=True)
        reason = " ".join(str(error).split())[:200]
        log.error("error: unexpected: %s: %s (run again with -v for details)", type(error).__name__, reason)
        return EXIT_UNEXPECTED


def _dispatch(args: argparse.Namespace) -> int:
    if args.command == "devices":
        from monitor.cli import devices

        return devices.command(args.verbose)
    if args.command == "score":
        from monitor.cli import score

        return score.command(args.events, args.labels, args.file, args.hours, args.session)
    from monitor.settings import config as configuration

    overrides = list(args.set)
    if getattr(args, "record_clean", False):
        overrides.append("output.clean=true")
    if args.command == "check":
        from monitor.cli import check

        return check.command(args.config, overrides, args.source, args.out, args.profile)
    config, config_from = configuration.load(args.config, overrides, args.profile)
    if args.command == "config":
        from monitor.settings import reader as settings

        print(configuration.shipped_text() if config == configuration.Config() else settings.to_yaml(config), end="")
        return EXIT_OK
    if args.command == "purge":
        from monitor.cli import purge

        return purge.command(config.output, args.days, args.max_mb, args.all, args.yes)
    if args.command == "bench":
        from monitor.cli import bench

        return bench.command(args.source, config, args.seconds, args.json)
    if args.command == "replay":
        from monitor.cli import replay

        return replay.command(args.table, args.events, config)
    from dataclasses import replace

    from monitor.run import app

    if args.blur and config.output.blur == "none":  # what is set may hide more
        config = replace(config, output=replace(config.output, blur="faces"))
    record = "" if args.record is None and (args.record_clean or args.blur) else args.record
    options = app.Options(args.source, args.headless, record, args.out, args.max_seconds, args.max_frames, args.quiet)
    return app.run(options, config, config_from)


def _quiet_libraries() -> None:
    """OpenCV and FFmpeg tell the terminal about every odd packet; -v lets them."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def _check_opencv() -> None:
    """OpenCV is the one import that fails for want of a system library; say so in one line."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        reason = str(error).strip().splitlines()[0][:120]
        log.error(
            "error: OpenCV cannot be loaded (%s); install the headless build: "
            "pip uninstall -y opencv-python && pip install 'opencv-python-headless<5'", reason,
        )  # fmt: skip
        raise SystemExit(EXIT_MODEL) from None


def _set_up_logging(quiet: bool, verbose: bool) -> None:
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    if sys.stderr.isatty():
        # Lines must pass above the live view, which owns the terminal.
        from rich.logging import RichHandler

        from monitor.system.terminal import terminal

        handler: logging.Handler = RichHandler(
            console=terminal(), show_time=False, show_level=False, show_path=False, markup=False
        )
    else:
        handler = logging.StreamHandler(sys.stderr)
    # The journal takes a level from a prefix (sd-daemon(3)); it has times of its own.
    in_journal = "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()
    handler.setFormatter(JournalFormatter("%(message)s") if in_journal else logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False
