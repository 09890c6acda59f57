"""``emotion-monitor check``: tests everything a run needs and reports what is wrong."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from rich.table import Table
from rich.text import Text

from monitor.cli import check_networks, check_outputs, check_source
from monitor.cli.finding import Finding
from monitor.cli.sources import wanted
from monitor.core.errors import EXIT_OK, EXIT_UNEXPECTED, ConfigError, UserError
from monitor.settings import config as configuration
from monitor.settings.config import Config
from monitor.system.terminal import plain_console

STYLES = {"ok": "green", "note": "yellow", "fail": "bold red"}


def command(args: argparse.Namespace) -> int:
    """Prints the findings as a table or JSON; returns the exit code of the first failure."""
    source = wanted(args)
    findings: list[Finding] = []
    try:
        config, origin = configuration.load(args.config, args.set, args.profile)
        findings.append(Finding("configuration", "ok", origin))
    except ConfigError as error:
        findings.append(Finding("configuration", "fail", "\n".join(error.lines), error.exit_code))
        config = Config()
    folder = Path(args.out or config.output.dir)
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("source", lambda: check_source.source(config, source)),
        ("detector", lambda: check_networks.detector(config)),
        ("model", lambda: check_networks.model(config)),
        ("following", lambda: check_networks.keypoints(config)),
        ("proposals", lambda: check_networks.proposals(config)),
        ("driver mode", lambda: check_networks.driver(config)),
        ("alerts", lambda: check_outputs.alerts(config)),
        ("mqtt", lambda: check_outputs.mqtt(config)),
        ("display", check_outputs.display),
        ("video codecs", lambda: check_outputs.codecs(config)),
        ("health file", lambda: check_outputs.health(config.service.health_file)),
        ("disk", lambda: check_outputs.disk(folder, for_all_sessions=args.out is None)),
    ]
    findings += [_tested(what, check) for what, check in checks]
    if args.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        _print(findings)
    return next((f.exit_code for f in findings if f.state == "fail"), EXIT_OK)


def _tested(what: str, check: Callable[[], Finding]) -> Finding:
    """The result of a test; an error becomes a failure."""
    try:
        return check()
    except UserError as error:
        return Finding(what, "fail", "\n".join(error.lines), error.exit_code)
    except OSError as error:  # such as a full or read-only disk
        where = f"{error.filename}: " if error.filename else ""
        return Finding(what, "fail", f"{where}{error.strerror or error}", EXIT_UNEXPECTED)


def _print(findings: list[Finding]) -> None:
    table = Table(show_edge=False)
    table.add_column("what")
    table.add_column("")
    table.add_column("found", overflow="fold")
    for finding in findings:
        table.add_row(finding.what, Text(finding.state, STYLES[finding.state]), finding.detail)
    plain_console().print(table)
