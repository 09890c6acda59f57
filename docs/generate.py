"""Makes the reference pages from the code while the site is built (mkdocs-gen-files)."""

from __future__ import annotations

import argparse

import mkdocs_gen_files

from monitor.cli.main import build_parser
from monitor.settings import config


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    """The options of one command as a table."""
    rows = ["| flag | meaning |", "|---|---|"]
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            continue
        value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        names = ", ".join(f"`{name}{value}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
        default = action.default if action.default not in (None, False, [], "", argparse.SUPPRESS) else None
        text = _cell((action.help or "") % {"default": default, "prog": parser.prog})
        rows.append(f"| {_cell(names)} | {text} |")
    return rows if len(rows) > 2 else ["No options."]


def _commands(parser: argparse.ArgumentParser) -> list[str]:
    lines = []
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
        for name, command in action.choices.items():
            lines += [f"## {parser.prog} {name}", "", helps.get(name, ""), "", *_flags(command), ""]
    return lines


def _write(name: str, title: str, intro: str, lines: list[str]) -> None:
    with mkdocs_gen_files.open(f"reference/{name}.md", "w") as page:
        page.write("\n".join([f"# {title}", "", intro, "", *lines]) + "\n")


_write("cli", "Command line", "Made from the program's own parser.", _commands(build_parser()))
_write(
    "settings", "Settings",
    "Settings live in `config.yaml`; change one for a single run with `--set key=value`. Settings marked *advanced* are "
    "accepted everywhere but are not in the default file.",
    config.reference().splitlines(),
)  # fmt: skip
