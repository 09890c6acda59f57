"""The parser of the whole command line."""

from __future__ import annotations

import argparse

from monitor import __version__
from monitor.cli import batch, report
from monitor.cli.arguments import Once, Parser, count, positive

EXIT_CODES = "exit codes: 0 clean, 1 unexpected, 2 configuration or usage, 3 source, 4 model or runtime"
EXAMPLES = """\
examples:
  emotion-monitor                            first camera, in a window; without a camera the built-in demo
  emotion-monitor clip.mp4 --record          a video file, with an annotated copy
  emotion-monitor photo.jpg                  the expression of each face in a photograph, as a table
  emotion-monitor photos/ --json             a folder of photographs, one JSON object per picture
  emotion-monitor --headless --profile driver
  emotion-monitor 0 2 --headless             two cameras at once
  emotion-monitor --web 8080                 live page at http://127.0.0.1:8080
  emotion-monitor batch videos/ --out dataset
  emotion-monitor check                      test camera, models, display and disk
"""


def build_parser() -> Top:
    """The parser, with one subparser for each command."""
    parser = Top(
        prog="emotion-monitor",
        usage="emotion-monitor [SOURCE ...] [flags]\n       emotion-monitor COMMAND ...",
        description="Reads facial expressions from a camera, video or photographs: overlay, log, annotated video.",
        epilog=f"{EXAMPLES}\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"emotion-monitor {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=Parser, prog="emotion-monitor"
    )
    common = _common()
    _run(commands.add_parser("run", parents=[common], epilog=f"{EXAMPLES}\n{EXIT_CODES}",
                             formatter_class=argparse.RawDescriptionHelpFormatter,
                             help="run the monitor (the default command)"))  # fmt: skip
    check = commands.add_parser("check", parents=[common], help="test settings, source, models, outputs and disk")
    _source(check)
    check.add_argument("--out", action=Once, metavar="DIR", help="folder whose disk is checked (default output.dir)")
    _json(check)
    devices = commands.add_parser("devices", help="list cameras with their formats and stable paths")
    devices.add_argument("-v", "--verbose", action="store_true", help="all sizes of all formats")
    _json(devices)
    _config(commands.add_parser("config", parents=[common], help="print the effective settings as commented YAML"))
    bench = commands.add_parser("bench", parents=[common], help="measure the cost of each stage on this machine")
    _source(bench)
    bench.add_argument("--seconds", type=positive, default=10.0, metavar="S", help="length of the measurement (10)")
    _json(bench)
    _replay(commands.add_parser("replay", parents=[common], help="judge a logged drive again with other thresholds"))
    _score(commands.add_parser("score", help="compare logged events with labelled intervals"))
    _purge(commands.add_parser("purge", parents=[common], help="delete old sessions; without --yes only list them"))
    batch.add_arguments(
        commands.add_parser("batch", parents=[common], help="read an archive of recordings into one Parquet dataset")
    )
    report.add_arguments(commands.add_parser("report", help="write an HTML report of sessions or of a dataset"))
    train = commands.add_parser("train", add_help=False, help="train your own models: the same as emotion-train")
    train.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    completion = commands.add_parser("completion", help="print a completion script for bash, zsh or fish")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="see docs: emotion-monitor completion bash")
    for command in commands.choices.values():
        command.set_defaults(parser=command)
    parser.commands = dict(commands.choices)
    return parser


class Top(Parser):
    """The parser of the first word; its help also shows the flags of ``run``.

    Attributes:
        commands: Maps the name of each command to its parser.
    """

    commands: dict[str, Parser]

    def format_help(self) -> str:
        """Lists the commands, then the flags of a run, then examples."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        run = self.commands["run"]
        for group in (*self._action_groups, *run._action_groups):
            title = "commands" if group.title == "positional arguments" else group.title
            formatter.start_section("flags of a run" if group in run._action_groups and title == "options" else title)
            shown = [action for action in group._group_actions if action.dest not in ("help", "sources")]
            formatter.add_arguments(shown)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()


def _common() -> Parser:
    """Flags of every command that reads settings."""
    common = Parser(add_help=False)
    group = common.add_argument_group("settings")
    group.add_argument("--profile", action=Once, default="", metavar="NAME",
                       help="a set of settings: default, driver, demo, or one of the settings file")  # fmt: skip
    group.add_argument("--config", action=Once, metavar="FILE", help="settings file (default ./config.yaml)")
    group.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                       help="change one setting; repeatable (see: emotion-monitor config --all)")  # fmt: skip
    group.add_argument("-v", "--verbose", action="store_true", help="print more")
    group.add_argument("-q", "--quiet", action="store_true", help="print warnings and errors only")
    return common


def _source(command: Parser) -> None:
    command.add_argument("sources", nargs="*", metavar="SOURCE",
                         help="0, /dev/video…, a video, photographs, a folder, a URL, picamera or demo; several are "
                              "cameras of one run")  # fmt: skip
    command.add_argument("--source", action="append", default=[], metavar="SOURCE", help="the same as SOURCE")


def _json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _run(run: Parser) -> None:
    _source(run)
    run.add_argument("--recursive", action="store_true", help="photographs of all folders below a folder")
    run.add_argument("--json", action="store_true", help="photographs: print one JSON object per picture")
    run.add_argument("--headless", action="store_true", help="no window; a live view in the terminal")
    run.add_argument("--record", action=Once, nargs="?", const="", metavar="PATH",
                     help="record annotated video or copies of photographs (default: session folder)")  # fmt: skip
    run.add_argument("--record-clean", action="store_true", help="record without the overlay")
    run.add_argument("--blur", action="store_true", help="record with unrecognisable faces (output.blur)")
    run.add_argument("--web", action=Once, metavar="[HOST:]PORT",
                     help="serve a live web page (web.listen); without HOST on loopback only")  # fmt: skip
    run.add_argument("--model", action=Once, metavar="FILE",
                     help="expression model, such as one of emotion-train new (emotion.model)")  # fmt: skip
    run.add_argument("--report", action="store_true", help="write report.html at the end")
    run.add_argument("--out", action=Once, metavar="DIR", help="session folder (default sessions/<start>_<source>)")
    run.add_argument("--max-seconds", action=Once, type=positive, default=0.0, metavar="S",
                     help="stop after this many seconds of video")  # fmt: skip
    run.add_argument("--max-frames", action=Once, type=count, default=0, metavar="N", help="stop after N frames")


def _config(config: Parser) -> None:
    config.add_argument("--all", action="store_true", help="include the advanced settings")
    config.add_argument("--reference", action="store_true", help="print all settings as Markdown tables instead")


def _replay(replay: Parser) -> None:
    replay.add_argument("table", metavar="faces.csv", help="a log of driver mode, or the session's folder")
    replay.add_argument("--events", metavar="FILE", help="write the events to FILE, in the format of events.jsonl")


def _score(score: Parser) -> None:
    score.add_argument("events", metavar="events.jsonl", help="an event log, or the session's folder")
    score.add_argument("labels", metavar="intervals.csv", help="table with the columns file,start_s,end_s,what")
    score.add_argument("--file", help="use the rows of this file only")
    score.add_argument("--session", help="use the events of this session only (key session of events.jsonl)")
    score.add_argument("--hours", type=positive, help="length of the material (default: up to the last event)")
    score.add_argument("-v", "--verbose", action="store_true", help="print more")
    _json(score)


def _purge(purge: Parser) -> None:
    purge.add_argument("--days", type=positive, metavar="D", help="sessions older than this (default output.keep_days)")
    purge.add_argument("--max-mb", type=positive, metavar="MB", help="the oldest above this total (output.max_mb)")
    purge.add_argument("--all", action="store_true", help="every session that no running monitor writes")
    purge.add_argument("--yes", action="store_true", help="delete them")
