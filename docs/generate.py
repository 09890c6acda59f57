"""Makes the reference pages from the code, before the site is built: ``python docs/generate.py`` (``make docs``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from monitor.cli.parser import build_parser
from monitor.driver.signs import SIGNS
from monitor.outputs.logs import meanings
from monitor.outputs.logs.columns import FACE, FILE
from monitor.outputs.logs.drive import DRIVE
from monitor.outputs.logs.drivercolumns import DRIVER
from monitor.settings import config

HERE = Path(__file__).parent


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
    text = "\n".join([f"# {title}", "", intro, "", *lines]) + "\n"
    (HERE / "reference" / f"{name}.md").write_text(text, encoding="utf-8")


_write("cli", "Command line", "Generated from the program's command-line parser.", _commands(build_parser()))
_write(
    "settings", "Settings",
    "Settings live in `config.yaml`; change one for a single run with `--set key=value`. Settings marked *advanced* "
    "are accepted everywhere but are not in the default file.",
    config.reference().splitlines(),
)  # fmt: skip


def _columns() -> list[str]:
    """The columns of both tables, with their meaning."""
    lines = ["## faces.csv", "", "One row per face per processed frame.", ""]
    groups = (
        ("In every session", FACE, meanings.FACES),
        ("In driver mode, after the others", DRIVER, meanings.FACES | meanings.DRIVER),
        ("For folders of photographs, last", FILE, meanings.FACES),
    )
    for title, group, words in groups:
        lines += [f"**{title}**", "", "| column | meaning |", "|---|---|"]
        lines += [f"| `{column.name}` | {_cell(words[column.name])} |" for column in group]
        lines.append("")
    lines += [
        "With `output.keypoints` the 17 keypoints follow after `roll`: `r_eye_out_x` to `brow_y`, in pixels; `r_` is "
        "the person's right.", "", "## drive.csv", "", "Driver mode: one row per minute.", "",
        "| column | meaning |", "|---|---|",
    ]  # fmt: skip
    counted = {sign.counted_as: f"{sign.kind} events that began in this minute" for sign in SIGNS if sign.counted_as}
    lines += [f"| `{column.name}` | {_cell((meanings.DRIVE | counted)[column.name])} |" for column in DRIVE]
    return [*lines, "", *FILES.splitlines()]


def _events() -> list[str]:
    """The kinds of events: faces and expressions, a driver's signs, the machine."""
    lines = ["## Faces and expressions", "", *GENERAL.splitlines(), "", "## Driver", ""]
    lines += ["| kind | levels | reported | settings (`driver.`) |", "|---|---|---|---|"]
    for sign in SIGNS:
        levels = ", ".join(f"{n} {name}" for n, name in enumerate(sign.levels) if n and name)
        lines.append(
            f"| `{sign.kind}` | {levels} | {_cell(sign.when)} | {', '.join(f'`{s}`' for s in sign.settings)} |"
        )
    lines.append(
        "| `passenger` | 1 | a passenger's eyes shut for sleep_s; `who: passenger` | `passengers`, `sleep_s` |"
    )
    return [*lines, "", *MACHINE.splitlines()]


FILES = """\
## Other files of a session

| file | content |
|---|---|
| `events.jsonl` | one JSON object per line for each event ([Events](events.md)) |
| `metadata.json` | versions, all settings, the model card, properties of the source |
| `summary.json` | frames, latency, episodes, seconds and share of each label per face; written at the end |
| `video.mp4`, `video.mkv` | the recording, if there is one |
| `report.html` | the report, with `--report` or `emotion-monitor report` |

Folders are made with mode 0700, files with 0600. A second run into the same folder continues its logs. In live runs
the logs begin new files every day and at `output.rotate_mb`; `Session.open` and `report` join the parts.
"""
GENERAL = """\
`start`, `update` and `end` of one event share its `id`; an `end` has `duration_s`.

| kind | data |
|---|---|
| `face` | a face is in view |
| `emotion` | `label` and `confidence` of an expression that is held; at the end also `mean` and `peak` |
| `expression_held` | with `alerts.expression`: one of these expressions has lasted for `alerts.after_s` |
| `calibrating` | with `emotion.baseline: auto`: the resting expression of a face is being learnt |
"""
MACHINE = """\
## The machine

These events have negative ids, `face_id` 0 and level 1.

| kind | states and data |
|---|---|
| `camera` | `lost` (`reason`; at the end `away_s`), `frozen`, `black`, `slow` (`fps`), `size` (`width`, `height`) |
| `storage` | `short` (`reason`, `free_mb`), `deleted`; at the end `lines_lost` |
| `clock` | `jumped` (`by_s`) |
| `load` | `degraded` (`step`, `because`) |

The end of an event that was still open when the run ended has `"cut": true`.
"""
_write("columns", "Columns and files", "Columns are added only at the end. Numbers use a decimal point.", _columns())
_write("events", "Events", "Generated from the tables that the program uses.", _events())

(HERE / "results" / "model-cards.md").write_text((HERE / "MODEL_CARD.md").read_text(encoding="utf-8"), encoding="utf-8")
