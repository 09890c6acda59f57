"""``emotion-monitor replay faces.csv``: judging a logged drive again, with other thresholds."""

from __future__ import annotations

import itertools
import json
import logging
from collections import Counter
from pathlib import Path

from rich.table import Table

from monitor.commands import logged
from monitor.config import Config
from monitor.errors import EXIT_OK, ConfigError
from monitor.outputs.events import event_line
from monitor.signals.driver import DriverMonitor
from monitor.terminal import wide_console
from monitor.types import Event

log = logging.getLogger("monitor")


def judge(path: Path, config: Config, counted: logged.Log) -> tuple[list[Event], float, float]:
    """Runs the judgement over a logged table.

    Args:
        path: A ``faces.csv`` of driver mode.
        config: The thresholds to judge with.
        counted: Where rows and skipped lines are counted.

    Returns:
        All events, the first row's time and the last row's, in seconds.

    Raises:
        ConfigError: The file is missing or no such table.
    """
    monitor = DriverMonitor(config.driver, itertools.count(1))
    events: list[Event] = []
    first = last = 0.0
    for n, evidence in enumerate(logged.read(path, config, counted)):
        first = evidence.t if n == 0 else first
        last = evidence.t
        events += monitor.update(evidence)[1]
    return events + monitor.finish(), first, last


def command(table: str, out: str | None, config: Config) -> int:
    """Judges a table again, prints what happened and, with ``out``, writes the events.

    Raises:
        ConfigError: The table cannot be read, or ``out`` not be written.
    """
    counted = logged.Log()
    path = Path(table)
    events, first, last = judge(path, config, counted)
    if not counted.rows:
        raise ConfigError(f"{path}: holds no rows of driver mode ({counted.skipped} lines could not be read)")
    if out:
        lines = "".join(json.dumps(event_line(event, f"replay of {path.name}", 0.0)) + "\n" for event in events)
        try:
            Path(out).write_text(lines, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"--events {out}: cannot be written: {error.strerror}") from None
    wide_console().print(summary(events, last - first))
    if counted.skipped:
        log.warning("%s: %d damaged lines were left out", path, counted.skipped)
    return EXIT_OK


def summary(events: list[Event], seconds: float) -> Table:
    """Counts, seconds and highest level of each kind of event."""
    shown = Table(
        title=f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds",
        box=None,
        padding=(0, 2, 0, 0),
    )
    for name in ("event", "times", "seconds", "highest level"):
        shown.add_column(name, justify="left" if name == "event" else "right")
    times: Counter[str] = Counter(e.kind for e in events if e.phase == "end")
    for kind, count in sorted(times.items()):
        ends = [e for e in events if e.kind == kind and e.phase == "end"]
        lasted = sum(float(e.data["duration_s"]) for e in ends)
        shown.add_row(kind, str(count), f"{lasted:.1f}", str(max(e.level for e in ends)))
    if not times:
        shown.add_row("nothing", "", "", "")
    return shown
