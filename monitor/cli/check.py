"""``emotion-monitor check``: tests everything a run needs and reports problems."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.table import Table
from rich.text import Text

from monitor.cli import check_networks, check_outputs, check_source
from monitor.cli.finding import Finding
from monitor.cli.sources import chosen
from monitor.core.errors import EXIT_OK, EXIT_UNEXPECTED, ConfigError, UserError
from monitor.settings import cameras as configuration
from monitor.settings.cameras import CameraConfig
from monitor.settings.config import Config
from monitor.system.terminal import plain_console

STYLES = {"ok": "green", "note": "yellow", "fail": "bold red"}


CHECKS: tuple[tuple[str, Callable[[Config], Finding], tuple[str, ...]], ...] = (
    ("detector", check_networks.detector, ("detect",)),
    ("model", check_networks.model, ("emotion",)),
    ("covers", check_networks.covers, ("emotion",)),
    ("following", check_networks.keypoints, ("detect", "follow")),
    ("proposals", check_networks.proposals, ("detect", "follow")),
    ("driver mode", check_networks.driver, ("driver", "detect", "follow")),
    ("alerts", check_outputs.alerts, ("alerts", "driver")),
)
"""Tests that depend on a camera's settings, and the groups of settings that they use."""


def command(args: argparse.Namespace) -> int:
    """Prints the findings as a table or JSON; returns the exit code of the first failure.

    With several cameras each has a finding of its source, and findings that differ from camera to camera name it.
    """
    findings: list[Finding] = []
    config, configured = Config(), list[CameraConfig]()
    try:
        config, origin, configured = configuration.load(args.config, args.set, args.profile)
        findings.append(Finding("configuration", "ok", origin))
    except ConfigError as error:
        findings.append(Finding("configuration", "fail", "\n".join(error.lines), error.exit_code))
    source, cameras = chosen(args, config, configured)
    several = cameras or (CameraConfig("", source, config),)
    folder = Path(args.out or config.output.dir)
    findings += [_tested(_titled("source", camera.name), partial(_source, camera)) for camera in several]
    for what, check, groups in CHECKS:
        for names, each in _distinct(several, groups):
            findings.append(_tested(_titled(what, names), partial(check, each)))
    findings += [
        _tested("mqtt", lambda: check_outputs.mqtt(several[0].config)),
        _tested("display", check_outputs.display),
        _tested("video codecs", lambda: check_outputs.codecs(config)),
        _tested("health file", lambda: check_outputs.health(config.service.health_file)),
        _tested("disk", lambda: check_outputs.disk(folder, for_all_sessions=args.out is None)),
    ]
    if args.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        _print(findings)
    return next((f.exit_code for f in findings if f.state == "fail"), EXIT_OK)


def _source(camera: CameraConfig) -> Finding:
    return check_source.source(camera.config, camera.source)


def _titled(what: str, camera: str) -> str:
    return f"{what} ({camera})" if camera else what


def _distinct(cameras: Sequence[CameraConfig], groups: Sequence[str]) -> list[tuple[str, Config]]:
    """The settings of all cameras that differ in ``groups``, with the cameras' names; no names if none differ."""
    found: dict[tuple[object, ...], tuple[list[str], Config]] = {}
    for camera in cameras:
        key = tuple(getattr(camera.config, group) for group in groups)
        found.setdefault(key, ([], camera.config))[0].append(camera.name)
    return [("" if len(found) == 1 else ", ".join(names), config) for names, config in found.values()]


def _tested(what: str, check: Callable[[], Finding]) -> Finding:
    """The result of a test under the title ``what``; an error becomes a failure."""
    try:
        return dataclasses.replace(check(), what=what)
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
