"""``emotion-monitor replay faces.csv``: judges a logged drive again, with other thresholds."""

from __future__ import annotations

import itertools
import json
import logging
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from monitor.cli import logged
from monitor.core.errors import EXIT_OK, ConfigError
from monitor.core.evidence import Evidence
from monitor.core.types import Event
from monitor.driver.closure import SPARSE_S
from monitor.driver.judge import Driver
from monitor.outputs.logs.events import event_line
from monitor.outputs.logs.evidence import evidence_file, read_evidence
from monitor.outputs.logs.reader import Damage
from monitor.settings.config import Config
from monitor.system.paths import trouble
from monitor.system.terminal import wide_console
from monitor.system.wholefile import replace_text

log = logging.getLogger("monitor")


@dataclass(slots=True)
class Judged:
    """A table judged again.

    Attributes:
        sessions: The events of each session, by its name.
        seconds: Length of the sessions together.
        spacing: Median seconds between two rows of a session.
    """

    sessions: dict[str, list[Event]]
    seconds: float
    spacing: float

    @property
    def events(self) -> list[Event]:
        """All events, session by session."""
        return [event for events in self.sessions.values() for event in events]


def judge(path: Path, config: Config, counted: logged.Log) -> Judged:
    """Judges the sessions of a log again, each by itself.

    If the session has an ``evidence.csv``, that file is judged, with the same result as live; otherwise ``faces.csv``.

    Args:
        path: A ``faces.csv`` or ``evidence.csv`` of driver mode, or the folder of its session.
        config: The thresholds to judge with.
        counted: Counts rows and skipped lines.

    Raises:
        ConfigError: The file is missing or no such table.
    """
    ids = itertools.count(1)
    sessions: dict[str, list[Event]] = {}
    events: list[Event] = []
    times: dict[str, list[float]] = {}
    driver: Driver | None = None
    for session, moment in _moments(path, counted):
        if driver is None or session not in times:
            events += driver.finish() if driver is not None else []
            driver, times[session] = Driver(config, None, ids), []
            events = sessions.setdefault(session, [])
        evidence = moment if isinstance(moment, Evidence) else _evidence(driver, moment)
        if evidence is not None:
            times[session].append(evidence.t)
            events += driver.judge(evidence)[1]
    events += driver.finish() if driver is not None else []
    steps = [b - a for session in times.values() for a, b in itertools.pairwise(session)]
    seconds = sum(max(session) - min(session) for session in times.values() if session)
    return Judged(sessions, seconds, statistics.median(steps) if steps else 0.0)


def _moments(path: Path, counted: logged.Log) -> Iterator[tuple[str, Evidence | logged.LoggedFrame]]:
    """Session and content of each moment that was logged."""
    file = evidence_file(path)
    if file is None:
        for frame in logged.read(path, counted):
            yield frame.session, frame
        return
    damage = Damage()
    try:
        for session, evidence in read_evidence(file, damage):
            counted.rows += 1
            yield session, evidence
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    finally:
        counted.skipped += damage.lines


def _evidence(driver: Driver, frame: logged.LoggedFrame) -> Evidence | None:
    """The evidence of a frame of ``faces.csv``; that table has fewer frames and no lid distance."""
    face = driver.choose(frame.faces, frame.t)
    return driver.evidence(face, frame.t, frame.wall, picture=frame.picture)


def command(table: str, out: str | None, config: Config) -> int:
    """Judges a table again, prints the events and, with ``out``, writes them.

    Raises:
        ConfigError: The table cannot be read, or ``out`` not be written.
    """
    if out and (why := trouble(Path(out))) is not None:
        raise ConfigError(f"--events {out}: {why.strerror}; give another file")
    if out and Path(out).is_file():
        raise ConfigError(f"--events {out}: exists already; delete it or give another file")
    counted = logged.Log()
    path = Path(table)
    judged = judge(path, config, counted)
    events = judged.events
    if not counted.rows:
        raise ConfigError(f"{path}: holds no rows of driver mode ({counted.skipped} lines could not be read)")
    if out:
        lines = "".join(
            json.dumps(event_line(event, name, 0.0)) + "\n" for name, own in judged.sessions.items() for event in own
        )
        try:
            if Path(out).exists():  # a device or a pipe
                Path(out).write_text(lines, encoding="utf-8")
            else:
                replace_text(Path(out), lines)
        except OSError as error:
            raise ConfigError(f"--events {out}: cannot be written: {error.strerror}") from None
    wide_console().print(summary(events, judged.seconds))
    if len(judged.sessions) > 1:
        log.info("%s: %d sessions, each judged by itself", path, len(judged.sessions))
    if judged.spacing > SPARSE_S:
        log.warning(
            "%s: rows are %.1f s apart: blinks and short closures fall between them; log with output.rows=5hz or more",
            path, judged.spacing,
        )  # fmt: skip
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
